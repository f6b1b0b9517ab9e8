from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.personal.folding import fold_factors, fold_in

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
