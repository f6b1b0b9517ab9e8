"""What sells now: decayed popularity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.confidence import decay
from recommender.interactions import Orders


def trending_scores(orders: Orders, now: int, half_life_days: float) -> NDArray[np.float32]:
    """For each product its orders, each weighed by its decay by age; float32 (n,), 0 where nobody bought it."""
    scores: NDArray[np.float32] = orders.matrix.T @ decay(orders.time, now, half_life_days)
    return scores


def popularity(orders: Orders) -> NDArray[np.float32]:
    """For each product how many orders hold it, whatever their age; float32 (n,)."""
    counts: NDArray[np.float32] = orders.matrix.T @ np.ones(orders.matrix.shape[0], np.float32)
    return counts
