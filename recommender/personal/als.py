"""Implicit ALS: fitting the factors. Numpy-only folding in is in `folding`, which the web needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy import sparse

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
    gradient_steps: int = 3,
) -> Factors:
    """Factors of a confidence matrix, CSR (n_users, n_items), after some iterations from `start` or from small noise.

    each: called with the number of the iteration that has just ended, from 1. gradient_steps: of conjugate gradient,
    for each row in an iteration; fewer are quicker and rougher. BLAS should be held to one thread meanwhile.
    """
    # alpha=1: the library multiplies stored values, which are confidences already, by its own alpha.
    solver = AlternatingLeastSquares(
        factors=parameters.factors,
        regularization=parameters.regularization,
        alpha=1.0,
        iterations=iterations,
        num_threads=parameters.threads,
        random_state=parameters.seed,
    )
    solver.cg_steps = gradient_steps
    if start is not None:
        solver.user_factors, solver.item_factors = start.user.copy(), start.item.copy()
    ended = (lambda number, _seconds, _loss: each(number + 1)) if each else None
    solver.fit(confidences, show_progress=False, callback=ended)
    return Factors(solver.user_factors, solver.item_factors)
