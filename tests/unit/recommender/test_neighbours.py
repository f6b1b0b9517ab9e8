from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender.baskets.together import bought_together
from recommender.content.words import similar_by_text
from recommender.interactions import orders_of
from recommender.neighbours import Neighbours, blended, completed
from tests.unit.recommender.shops import SMALL, START, catalogue, purchases

PARAMETERS = replace(SMALL, neighbours=30)
FACTORS = np.random.default_rng(2).standard_normal((40, 4)).astype(np.float32)
WORDS = similar_by_text(catalogue().texts, 5, threads=1)
TOGETHER = bought_together(orders_of(purchases(orders=60), 40)[0], START, PARAMETERS)


def said(found: Neighbours, row: int) -> dict[int, tuple[float, int]]:
    """Score and count by neighbour."""
    columns = zip(found.items[row].tolist(), found.scores[row].tolist(), found.counts[row].tolist(), strict=True)
    return {item: (score, count) for item, score, count in columns if score}


def test_lists_completed_with_factors_are_those_blended_with_them() -> None:
    whole = blended(TOGETHER, FACTORS, WORDS, PARAMETERS)
    draft = blended(TOGETHER, None, WORDS, PARAMETERS)
    found = completed(draft, TOGETHER, FACTORS, WORDS, PARAMETERS)
    assert not np.array_equal(draft.scores, whole.scores)
    assert np.array_equal(found.scores, whole.scores)
    assert [said(found, row) for row in range(40)] == [said(whole, row) for row in range(40)]


def test_neighbours_of_a_few_products_are_those_of_all() -> None:
    asked = np.array([2, 9, 31])
    whole, few = (blended(TOGETHER, FACTORS, WORDS, PARAMETERS, rows) for rows in (None, asked))
    assert [said(few, row) for row in asked] == [said(whole, row) for row in asked]
    assert not np.delete(few.scores, asked, axis=0).any()
