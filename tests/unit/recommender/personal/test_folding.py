from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.personal.folding import fold_factors, fold_in, fold_in_held, turned

RNG = np.random.default_rng(11)
ITEMS = RNG.normal(0, 0.3, (200, 16)).astype(np.float32)
REGULARIZATION = 3.0
FOLDS = fold_factors(ITEMS, REGULARIZATION)


@given(st.lists(st.integers(0, 199), min_size=1, max_size=12, unique=True), st.floats(0.1, 50))
def test_folding_in_a_session_is_one_exact_step_of_als(session: list[int], weight: float) -> None:
    weights = np.full(len(session), weight, np.float32)
    bought = ITEMS[session].astype(np.float64)
    system = ITEMS.T.astype(np.float64) @ ITEMS + REGULARIZATION * np.eye(16) + weight * bought.T @ bought
    exact = np.linalg.solve(system, bought.T @ np.full(len(session), 1 + weight))
    np.testing.assert_allclose(fold_in(ITEMS[session], FOLDS[session], weights), exact, rtol=2e-3, atol=2e-4)


def test_turned_factors_score_products_for_one_another_as_before() -> None:
    items, spectrum = turned(ITEMS)
    np.testing.assert_allclose(items @ items.T, ITEMS @ ITEMS.T, atol=1e-4)
    np.testing.assert_allclose(items.T @ items, np.diag(spectrum), atol=1e-3)


@pytest.mark.parametrize("length", [1, 5, 16, 17, 90])
def test_short_and_long_histories_fold_in_alike_at_any_regularization(length: int) -> None:
    items, spectrum = turned(ITEMS)
    history = np.random.default_rng(length).permutation(200)[:length]
    weights = np.linspace(0.5, 6.0, length, dtype=np.float32)
    for held in (0.7, 40.0):
        plain = fold_in(ITEMS[history], fold_factors(ITEMS, held)[history], weights)
        found = fold_in_held(items[history], spectrum, weights, held)
        np.testing.assert_allclose(items @ found, ITEMS @ plain, rtol=2e-3, atol=1e-3)


def test_a_visitor_without_a_history_has_no_taste() -> None:
    items, spectrum = turned(ITEMS)
    assert not fold_in_held(items[:0], spectrum, np.empty(0, np.float32), 1.0).any()
