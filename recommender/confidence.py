"""How much a purchase says: weights by quantity and age, and the confidence that ALS is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

MICROSECONDS_A_DAY = 86_400_000_000


def decay(time: NDArray[np.int64], now: int, half_life_days: float) -> NDArray[np.float32]:
    """0.5 to the power of age in half-lives, float32 (m,); 1 at `now`. Times in microseconds since 1970."""
    age_days = (now - time) / MICROSECONDS_A_DAY
    return np.exp2(-age_days / half_life_days).astype(np.float32)


def line_weights(
    quantity: NDArray[np.float32], time: NDArray[np.int64], now: int, half_life_days: float
) -> NDArray[np.float32]:
    """Weight of each sold line, float32 (m,): dampened pieces times decay by age.

    One piece weighs 1; ten weigh 2, a hundred 3: more pieces are more of a sign, but a gross is no 144 wishes.
    """
    return (1.0 + np.log10(np.maximum(quantity, 1.0))).astype(np.float32) * decay(time, now, half_life_days)


def confidence(weights: sparse.csr_matrix, alpha: float) -> sparse.csr_matrix:
    """Confidence C = 1 + alpha x weight, for stored entries only.

    weights: (n_users, n_items), summed line weights, >= 0; no entry means never bought.
    Returns the same sparsity, float32. Absent entries keep their implied confidence of 1.
    """
    values = (1.0 + alpha * weights.data).astype(np.float32)
    return sparse.csr_matrix((values, weights.indices, weights.indptr), shape=weights.shape)
