"""Folding a visitor into the factors without fitting again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
