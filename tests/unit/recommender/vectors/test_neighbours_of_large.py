"""Neighbours by factors are the same lists, whichever index they come from."""

from __future__ import annotations

import numpy as np
import pytest

from recommender import neighbours
from recommender.neighbours import similar_by_factors
from recommender.vectors import choice
from recommender.vectors.exact import ExactIndex
from recommender.vectors.hnsw import HnswIndex

DRAW = np.random.default_rng(1)
FACTORS = (DRAW.standard_normal((40, 8))[DRAW.integers(0, 40, 900)] + 0.3 * DRAW.standard_normal((900, 8))).astype(
    np.float32
)


def test_a_large_catalogue_gets_the_neighbours_of_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.arange(0, 900, 2)
    small = similar_by_factors(FACTORS, rows, 10, 1)
    monkeypatch.setattr(neighbours, "LARGE", 100)
    monkeypatch.setattr(choice, "LARGE", 100)
    large = similar_by_factors(FACTORS, rows, 10, 1)
    assert abs(small - large).max() < 1e-5
    assert large.diagonal().sum() == 0


def test_a_graph_is_built_for_many_questions_to_a_large_catalogue_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "LARGE", 100)
    ids = np.arange(900)
    assert isinstance(choice.best_index(ids, FACTORS, 900), HnswIndex)
    assert isinstance(choice.best_index(ids, FACTORS, 5), ExactIndex)
    assert isinstance(choice.best_index(ids[:99], FACTORS[:99], 99), ExactIndex)
