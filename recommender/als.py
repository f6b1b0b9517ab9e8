"""Implicit ALS: fitting factors, and what folding a session in needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from recommender.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Factors:
    """user: float32 (n_users, factors). item: float32 (n_items, factors); zero where never bought."""

    user: NDArray[np.float32]
    item: NDArray[np.float32]


def fit_factors(
    confidences: sparse.csr_matrix,
    parameters: Parameters,
    iterations: int,
    start: Factors | None = None,
    each: Callable[[int], None] | None = None,
) -> Factors:
    """Factors of a confidence matrix, CSR (n_users, n_items), after some iterations from `start` or from small noise.

    each: called with the number of the iteration that has just ended, from 1.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        # alpha=1: the library multiplies stored values, which are confidences already, by its own alpha.
        solver = AlternatingLeastSquares(
            factors=parameters.factors,
            regularization=parameters.regularization,
            alpha=1.0,
            iterations=iterations,
            num_threads=parameters.threads,
            random_state=parameters.seed,
        )
        if start is not None:
            solver.user_factors, solver.item_factors = start.user.copy(), start.item.copy()
        ended = (lambda number, _seconds, _loss: each(number + 1)) if each else None
        solver.fit(confidences, show_progress=False, callback=ended)
    return Factors(solver.user_factors, solver.item_factors)


def fold_factors(item_factors: NDArray[np.float32], regularization: float) -> NDArray[np.float32]:
    """Z = Y (Y'Y + regularization I)^-1, float32 (n_items, factors).

    With it a session of s products is folded in exactly by solving an s x s system (Woodbury); see `fold_in`.
    """
    items = item_factors.astype(np.float64)
    gram = items.T @ items + regularization * np.eye(items.shape[1])
    return np.ascontiguousarray(np.linalg.solve(gram, items.T).T, dtype=np.float32)


def fold_in(
    items: NDArray[np.float32], folds: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Factors of a new user who bought s products, float32 (factors,): one exact ALS step.

    items, folds: (s, factors), the products' rows of Y and Z. weights: (s,), alpha x weight of each.
    Solves (Y'Y + reg I + Y_s' D Y_s) x = Y_s' (1 + d) as x = Z_s' u with (I + D Y_s Z_s') u = 1 + d.
    """
    system = (items @ folds.T) * weights[:, None]
    system.flat[:: len(weights) + 1] += 1.0
    solution: NDArray[np.float32] = np.linalg.solve(system, 1.0 + weights) @ folds
    return solution
