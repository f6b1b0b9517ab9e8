from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.blend.features import FEATURES, prior_weights
from recommender.serving.alignment import align
from recommender.serving.availability import Availability
from recommender.serving.ranking import Known, candidates, ranked, seed_weights
from recommender.serving.shelf import Shelf
from recommender.training import fit
from tests.unit.recommender.shops import SMALL, catalogue, purchases, silent

N = 40
CATALOGUE = catalogue(N)
MODEL = fit(purchases(N), CATALOGUE, SMALL, serving=None, serving_until=None, progress=silent).model
NEWEST = np.arange(N, dtype=np.int32)
AT = {name: place for place, name in enumerate(FEATURES)}

rows = st.integers(0, N - 1)


@given(
    st.lists(rows, min_size=1, max_size=5, unique=True),
    st.dictionaries(rows, st.floats(0.125, 5, width=32), max_size=6),
    st.sets(rows, max_size=5),
    st.lists(st.sampled_from(Availability), min_size=N, max_size=N),
    st.booleans(),
)
def test_each_candidate_stands_once_is_on_offer_and_its_features_are_what_the_model_says(
    seeds: list[int], bought: dict[int, float], barred: set[int], stock: list[Availability], widely: bool
) -> None:
    aligned = align(MODEL, Shelf(CATALOGUE.product_ids, np.array(stock, np.int8), CATALOGUE.category, NEWEST))
    avoided = [*seeds, *barred]
    known = Known(seeds, [*bought], np.array([*bought.values()], np.float32), avoided, [])
    found = candidates(aligned, aligned.sellable, MODEL, known, widely=widely)
    assert len(set(found.rows.tolist())) == len(found.rows)
    weights = seed_weights(MODEL, len(seeds))
    together = np.zeros(N)
    for seed, weight in zip(seeds, weights.tolist(), strict=True):
        np.add.at(together, MODEL.neighbour_items[seed], weight * MODEL.neighbour_parts[0, seed])
    best = max((together[row] for row in found.rows.tolist()), default=0) or 1
    for row, features in zip(found.rows.tolist(), found.features.T, strict=True):
        assert stock[row] >= Availability.LOW
        assert row not in avoided
        assert np.isclose(features[AT["together"]], together[row] / best, atol=1e-5)
        assert np.isclose(features[AT["bought"]], np.log1p(bought.get(row, 0.0)), atol=1e-5)
        assert features[AT["bought_before"]] == (row in bought)
        alike = sum(w for s, w in zip(seeds, weights.tolist(), strict=True) if s % 4 == row % 4) / weights.sum()
        assert np.isclose(features[AT["category"]], alike, atol=1e-5)


@given(st.lists(rows, min_size=1, max_size=5, unique=True), st.integers(1, 30))
def test_the_best_come_first_and_fewer_are_the_first_of_more(seeds: list[int], count: int) -> None:
    aligned = align(MODEL, Shelf(CATALOGUE.product_ids, np.full(N, 3, np.int8), CATALOGUE.category, NEWEST))
    known = Known(seeds, [], np.empty(0, np.float32), seeds, [])
    found = candidates(aligned, aligned.sellable, MODEL, known, widely=True)
    best, more = (ranked(aligned, MODEL, known, found, prior_weights(), many) for many in (count, N))
    assert best.scores == sorted(best.scores, reverse=True)
    assert best.scores == more.scores[:count]
