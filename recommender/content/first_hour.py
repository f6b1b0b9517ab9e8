"""An order of the catalogue for a shop that has sold nothing yet, and for its first orders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PRIOR_ORDERS = 20.0
SAME_CATEGORY = 0.8
NEW, COMPLETE, PRICE, PLACED = 1.0, 2.0, 0.5, 1.5


def first_hour_order(
    category: NDArray[np.int32],
    *,
    created: NDArray[np.int64] | None = None,
    price: NDArray[np.float32] | None = None,
    complete: NDArray[np.float32] | None = None,
    placed: NDArray[np.int64] | None = None,
    orders: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """Every product, best first, int64 (n,): new, complete, near the shop's usual price, one category after another.

    category: int32 (n,), -1 for none. created: microseconds since 1970. price: one currency; not above 0 is unknown.
    complete: share of title, picture, description, ... that is there, 0..1. placed: the merchant's own ordering, lowest
    first, -1 for none. orders: (n,), how many hold each product so far; after some 20 they outweigh all else.
    What is None says nothing.
    """
    n = len(category)
    prior = np.zeros(n)
    if created is not None:
        prior += NEW * _ranked(created.astype(np.float64))
    if complete is not None:
        prior += COMPLETE * complete
    if price is not None:
        prior += PRICE * _near_median(price.astype(np.float64))
    if placed is not None:
        prior += PLACED * np.where(placed >= 0, _ranked(-placed.astype(np.float64)), 0.0)
    share = (prior + 1e-9) / (prior + 1e-9).sum() if n else prior
    if orders is not None:
        share = (orders + PRIOR_ORDERS * share) / (orders.sum() + PRIOR_ORDERS)
    return np.argsort(-_varied(share, category), kind="stable")


def _ranked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of products that each one's value is not below, above 0 to 1; equal values are equal."""
    return np.searchsorted(np.sort(values), values, side="right") / max(len(values), 1)


def _near_median(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 at the shop's median price, a half at double or half of it; 0 where unknown."""
    known = np.isfinite(price) & (price > 0)
    near = np.zeros(len(price))
    if known.any():
        near[known] = np.exp2(-np.abs(np.log2(price[known] / np.median(price[known]))))
    return near


def _varied(score: NDArray[np.float64], category: NDArray[np.int32]) -> NDArray[np.float64]:
    """The scores, each product's lowered by 0.8 for every better one of its category."""
    order = np.lexsort((-score, category))
    sorted_category = category[order]
    begins = np.flatnonzero(np.r_[True, sorted_category[1:] != sorted_category[:-1]]) if len(order) else order
    sizes = np.diff(np.r_[begins, len(order)])
    place = np.empty(len(order))
    place[order] = np.arange(len(order)) - np.repeat(begins, sizes)
    return score * np.where(category >= 0, SAME_CATEGORY**place, 1.0)
