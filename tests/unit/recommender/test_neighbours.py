from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender.baskets.together import bought_together
from recommender.content.words import similar_by_text
from recommender.interactions import orders_of
from recommender.neighbours import Neighbours, Sources, completed, joined
from tests.unit.recommender.shops import SMALL, START, catalogue, purchases

PARAMETERS = replace(SMALL, neighbours=30)
FACTORS = np.random.default_rng(2).standard_normal((40, 4)).astype(np.float32)
WORDS = similar_by_text(catalogue().texts, 5, threads=1)
SOURCES = Sources(bought_together(orders_of(purchases(orders=60), 40)[0], START, PARAMETERS), WORDS)


def said(found: Neighbours, row: int) -> dict[int, tuple[float, ...]]:
    """What each part says, and the count, by neighbour."""
    parts = found.parts[:, row].T.tolist()
    columns = zip(found.items[row].tolist(), map(tuple, parts), found.counts[row].tolist(), strict=True)
    return {item: (*told, count) for item, told, count in columns if item != row}


def test_lists_completed_with_factors_are_those_joined_with_them() -> None:
    whole = joined(SOURCES, FACTORS, PARAMETERS)
    draft = joined(SOURCES, None, PARAMETERS)
    found = completed(draft, SOURCES, FACTORS, PARAMETERS)
    assert not np.array_equal(draft.items, whole.items)
    assert np.array_equal(found.items, whole.items)
    assert [said(found, row) for row in range(40)] == [said(whole, row) for row in range(40)]


def test_neighbours_of_a_few_products_are_those_of_all() -> None:
    asked = np.array([2, 9, 31])
    whole, few = (joined(SOURCES, FACTORS, PARAMETERS, rows) for rows in (None, asked))
    assert [said(few, row) for row in asked] == [said(whole, row) for row in asked]
    assert not np.delete(few.parts, asked, axis=1).any()
