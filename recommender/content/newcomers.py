"""What new products may be expected to sell, by what the shop's own earlier launches sold and what is known of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.confidence import MICROSECONDS_A_DAY
from recommender.content.cold import map_content
from recommender.content.launches import NEVER
from recommender.interactions import Orders

LAUNCH_DAYS = 28
LAUNCH = LAUNCH_DAYS * MICROSECONDS_A_DAY
FEWEST_LAUNCHES = 20


def with_newcomers(
    trending: NDArray[np.float32],
    orders: Orders,
    created: NDArray[np.int64] | None,
    content: NDArray[np.float32],
    now: int,
    *,
    half_life_days: float,
    seed: int,
) -> NDArray[np.float32]:
    """Decayed orders with what is expected of products in their first 28 days added, float32 (n,).

    It is the orders that `half_life_days` would leave of a steady trade like that of the shop's own earlier launches,
    told from content by a ridge regression on their logs; every day takes a 28th off it, and real orders take its
    place. A launch is a product's first order, or its creation where that is earlier, so that products that stayed on
    the shelf count with 0. Of products that nobody bought and whose age is not known, no more are taken for new than
    were first bought in the last 28 days. With fewer than 20 launches nothing is expected.

    trending: (n,), see `trending_scores`. created: int64 (n,), microseconds since 1970, 0 where not known; None where
    it is of no product: then nothing but orders tells an old product. content: (n, d), see `content_vectors`.
    """
    first = _first_orders(orders)
    begun = first if created is None else np.where(created > 0, np.minimum(created, first), first)
    oldest = int(orders.time.min(initial=now))
    past = (begun > oldest + LAUNCH) & (begun <= now - LAUNCH)
    if past.sum() < FEWEST_LAUNCHES:
        return trending
    steady = half_life_days / np.log(2) / LAUNCH_DAYS
    sold = _early_orders(orders, begun) * steady
    told = map_content(content, np.log1p(sold)[:, None], past.astype(np.float32), seed)[:, 0]
    expected = np.expm1(np.maximum(told, 0))
    # The mean of logs is the log of what is usual; a few that sell best make up much of what is sold.
    expected *= sold[past].sum() / max(float(expected[past].sum()), 1e-9)
    left = 1 - np.clip((now - np.minimum(begun, now)) / LAUNCH, 0, 1)
    left[begun == NEVER] = _stirring(first, begun, created, now)
    return (trending + expected * left).astype(np.float32)


def _stirring(first: NDArray[np.int64], begun: NDArray[np.int64], created: NDArray[np.int64] | None, now: int) -> float:
    """The share of the products of unknown age that nobody bought yet which may sell in the weeks ahead.

    As many first sold in the last 28 days; in a catalogue of many that never sell that is next to none of them.
    """
    unknown = np.ones(len(first), np.bool_) if created is None else created <= 0
    lately = unknown & (first > now - LAUNCH) & (first <= now)
    return min(float(lately.sum()) / max(int((begun == NEVER).sum()), 1), 1.0)


def _first_orders(orders: Orders) -> NDArray[np.int64]:
    """When each product was first ordered, int64 (n,); the largest number where it never was."""
    first = np.full(orders.matrix.shape[1], NEVER)
    np.minimum.at(first, orders.matrix.indices, np.repeat(orders.time, orders.sizes))
    return first


def _early_orders(orders: Orders, begun: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many orders of each product's first 28 days hold it, float64 (n,)."""
    held = orders.matrix.indices
    early = np.repeat(orders.time, orders.sizes) - begun[held] <= LAUNCH
    return np.bincount(held[early], minlength=len(begun)).astype(np.float64)
