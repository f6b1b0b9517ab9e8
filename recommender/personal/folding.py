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
    if len(weights) == 1:
        # A product's page, which most slates are for: the system is one number.
        alone: NDArray[np.float32] = folds[0] * ((1.0 + weights[0]) / (1.0 + weights[0] * (items[0] @ folds[0])))
        return alone
    system = (items @ folds.T) * weights[:, None]
    system.flat[:: len(weights) + 1] += 1.0
    solution: NDArray[np.float32] = np.linalg.solve(system, 1.0 + weights) @ folds
    return solution


def turned(item_factors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The factors turned to their own axes, float32 (n_items, factors), and the spectrum along these, (factors,).

    Scores stay what they are, and Y'Y becomes diagonal: a visitor is then folded in with a regularization of their
    own at no more cost, see `fold_in_held`. Users' factors that were fitted with the unturned ones do not fit these.
    """
    items = item_factors.astype(np.float64)
    spectrum, axes = np.linalg.eigh(items.T @ items)
    return np.ascontiguousarray(items @ axes, dtype=np.float32), np.maximum(spectrum, 0.0).astype(np.float32)


def fold_in_held(
    items: NDArray[np.float32], spectrum: NDArray[np.float32], weights: NDArray[np.float32], held: float
) -> NDArray[np.float32]:
    """Factors of a user who bought s products, float32 (factors,), held back by their own regularization.

    items: (s, factors), the products' rows of the turned factors. weights: (s,), alpha x weight of each. held: > 0.
    One exact step of ALS, like `fold_in`; a long history is solved over the factors, a short one over its products.
    """
    if len(items) <= len(spectrum):
        return fold_in(items, items / (spectrum + np.float32(held)), weights)
    system = (items.T * weights) @ items
    system.flat[:: len(spectrum) + 1] += spectrum + np.float32(held)
    solution: NDArray[np.float32] = np.linalg.solve(system, (1.0 + weights) @ items)
    return solution
