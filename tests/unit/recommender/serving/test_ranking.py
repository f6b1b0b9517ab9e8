from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.serving.alignment import align
from recommender.serving.availability import Availability
from recommender.serving.ranking import rank_neighbours, seed_weights
from recommender.serving.shelf import Shelf
from recommender.training import fit
from tests.unit.recommender.shops import SMALL, catalogue, purchases, silent

N = 40
CATALOGUE = catalogue(N)
MODEL = fit(purchases(N), CATALOGUE, SMALL, serving=None, serving_until=None, progress=silent).model
NEWEST = np.arange(N, dtype=np.int32)


@given(
    st.integers(0, N - 1),
    st.sets(st.integers(0, N - 1), max_size=5),
    st.lists(st.sampled_from(Availability), min_size=N, max_size=N),
    st.integers(1, 20),
)
def test_the_short_way_for_one_product_ranks_as_the_long_way_does(
    seed: int, barred: set[int], stock: list[Availability], count: int
) -> None:
    offer = align(MODEL, Shelf(CATALOGUE.product_ids, np.array(stock, np.int8), CATALOGUE.category, NEWEST)).sellable
    avoided = [seed, *barred]
    short = rank_neighbours(offer, MODEL, [seed], avoided, count)
    # The same product twice says the same thing louder, and takes the way of several.
    long = rank_neighbours(offer, MODEL, [seed, seed], avoided, count)
    louder = float(seed_weights(MODEL, 2).sum())
    told = [score for score in long.scores if score > 0]
    assert [score * louder for score in short.scores] == pytest.approx(told, rel=1e-5)
    assert all(offer.known[row] and row not in avoided for row in short.rows)
    if len(set(told)) == len(told):
        assert short.rows.tolist() == long.rows.tolist()[: len(told)]
        assert (short.because, short.counts) == (long.because[: len(told)], long.counts[: len(told)])
