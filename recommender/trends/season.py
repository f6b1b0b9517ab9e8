"""What a season brings: a product rises when its words' season comes, before its own sales do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.confidence import MICROSECONDS_A_DAY
from recommender.interactions import Orders

YEAR_DAYS = 364
LOOK_BACK_DAYS = 120
PRIOR = 3.0
OWN = 5.0
LARGEST_LOG = 5.0


def season_lift(
    orders: Orders, now: int, words: sparse.csr_matrix, *, horizon_days: float = 28.0, width_days: float = 30.0
) -> NDArray[np.float32]:
    """How much more each product sells in the days ahead than in those behind, by last year; float32 (n,), > 0.

    words: CSR (n, w), which product has which word or trait. It is 1 where nothing is known: a young shop, a product
    without words. now: microseconds since 1970.
    """
    ahead = now + int(horizon_days / 2 * MICROSECONDS_A_DAY)
    behind = now - int(7 * MICROSECONDS_A_DAY)
    logs = season_curve(orders, now, ahead, words, width_days) - season_curve(orders, now, behind, words, width_days)
    return np.exp(logs).astype(np.float32)


def season_curve(orders: Orders, now: int, at: int, words: sparse.csr_matrix, width_days: float) -> NDArray[np.float64]:
    """Log of how much more each product sold around this time of the year before than it usually does, float64 (n,)."""
    age = (now - orders.time) / MICROSECONDS_A_DAY
    away = (at - orders.time) / MICROSECONDS_A_DAY - YEAR_DAYS
    near = np.where(age > LOOK_BACK_DAYS, np.exp(-0.5 * (away / width_days) ** 2), 0.0)
    sizes = orders.sizes.astype(np.float64)
    sold = orders.matrix.T @ near
    usual = orders.matrix.T @ np.ones(len(near))
    first = _first_sale(orders)
    order = np.argsort(orders.time, kind="stable")
    since = np.searchsorted(orders.time[order], first)
    lived = _from(sizes[order], since)
    exposed = _from((near * sizes)[order], since)
    expected = usual * exposed / np.maximum(lived, 1.0)
    return _word_lift(sold, expected, words)


def _first_sale(orders: Orders) -> NDArray[np.int64]:
    first = np.full(orders.matrix.shape[1], np.iinfo(np.int64).max)
    np.minimum.at(first, orders.matrix.indices, np.repeat(orders.time, orders.sizes))
    return first


def _from(values: NDArray[np.float64], since: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum of the values from each place on."""
    after: NDArray[np.float64] = np.r_[np.cumsum(values[::-1])[::-1], 0.0][since]
    return after


def _word_lift(
    sold: NDArray[np.float64], expected: NDArray[np.float64], words: sparse.csr_matrix
) -> NDArray[np.float64]:
    """Log lift of each product: Poisson regression of what sold on its words, beside what was to be expected.

    Words that nothing is known of have a weight of 0 (a Gaussian prior); what a product did beyond its words counts as
    far as it sold enough (a gamma prior worth OWN sales).
    """
    from scipy.optimize import minimize

    known = expected > 0
    if sold.sum() < 1.0 or not known.any():
        return np.zeros(len(sold))
    expected = expected * (sold[known].sum() / expected.sum())
    mine, y, e = words[known], sold[known], expected[known]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logs = np.clip(mine @ weights, -LARGEST_LOG, LARGEST_LOG)
        means = e * np.exp(logs)
        value = means.sum() - y @ logs + PRIOR / 2 * weights @ weights
        return float(value), mine.T @ (means - y) + PRIOR * weights

    found = minimize(loss, np.zeros(words.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 30})
    logs = np.clip(words @ found.x, -LARGEST_LOG, LARGEST_LOG)
    means = expected * np.exp(logs)
    lift: NDArray[np.float64] = logs + np.where(known, np.log((sold + OWN) / (means + OWN)), 0.0)
    return lift
