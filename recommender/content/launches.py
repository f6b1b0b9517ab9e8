"""What a shop's earlier launches tell of new products: who bought products nobody had bought before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.confidence import MICROSECONDS_A_DAY, decay
from recommender.interactions import GUEST, Purchases

HALF_LIFE_DAYS = 180.0
LONGEST_HISTORY = 200
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Context:
    """What a visitor holds. history: (h,), products bought before; weights: (h,), of each; basket: (b,), beside it."""

    history: NDArray[np.int32]
    weights: NDArray[np.float32]
    basket: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Launch:
    """Products first sold in a span of time, and who bought them then.

    begin: microseconds since 1970. candidates: (c,), rows of the new products. targets: (m,), which candidate each case
    bought. contexts: what the buyer had before `begin` and what else, not new, was in the basket.
    """

    begin: int
    candidates: NDArray[np.int32]
    targets: NDArray[np.int64]
    contexts: Sequence[Context]


def first_sales(purchases: Purchases, n_items: int) -> NDArray[np.int64]:
    """When each product was first sold, int64 (n,); the largest number where it never was."""
    first = np.full(n_items, NEVER)
    np.minimum.at(first, purchases.item, purchases.time)
    return first


def launch(purchases: Purchases, first: NDArray[np.int64], begin: int, days: float, most: int, seed: int) -> Launch:
    """The launch of what was first sold in the days after `begin`; at most `most` cases, drawn by seed.

    A case is an order and one new product in it. first: (n,), see `first_sales`.
    """
    end = begin + int(days * MICROSECONDS_A_DAY)
    candidates = np.flatnonzero((first > begin) & (first <= end)).astype(np.int32)
    bought = np.flatnonzero((purchases.time <= end) & (first[purchases.item] > begin))
    pairs = purchases.basket[bought].astype(np.int64), purchases.item[bought]
    once = np.unique(np.stack(pairs), axis=1, return_index=True)[1] if len(bought) else np.empty(0, np.int64)
    cases = bought[np.sort(once)]
    if len(cases) > most:
        cases = np.sort(np.random.default_rng(seed).choice(cases, most, replace=False))
    targets = np.searchsorted(candidates, purchases.item[cases])
    return Launch(begin, candidates, targets, _contexts(purchases, first, cases, begin))


def _contexts(purchases: Purchases, first: NDArray[np.int64], cases: NDArray[np.int64], begin: int) -> list[Context]:
    past = np.flatnonzero((purchases.time <= begin) & (purchases.user != GUEST))
    past = past[np.lexsort((purchases.time[past], purchases.user[past]))]
    users = purchases.user[past]
    weights = decay(purchases.time[past], begin, HALF_LIFE_DAYS)
    beside = np.flatnonzero((purchases.time > begin) & (first[purchases.item] <= begin))
    beside = beside[np.argsort(purchases.basket[beside], kind="stable")]
    baskets = purchases.basket[beside]
    found = []
    for line in cases:
        low, high = np.searchsorted(users, purchases.user[line]), np.searchsorted(users, purchases.user[line], "right")
        low = max(int(low), int(high) - LONGEST_HISTORY)
        near, far = np.searchsorted(baskets, purchases.basket[line] + np.array([0, 1]))
        history = purchases.item[past[low:high]]
        found.append(Context(history, weights[low:high], np.unique(purchases.item[beside[near:far]])))
    return found
