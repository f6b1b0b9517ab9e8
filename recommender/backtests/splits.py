"""Splits by time, never at random, and the test cases of a backtest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.confidence import MICROSECONDS_A_DAY
from recommender.interactions import GUEST, Orders, Purchases

LARGEST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Cases:
    """Held-out orders, c of them: what lies in the basket, and the product put in last.

    prefixes: catalogue rows in the order they were put in, each once. targets: int64 (c,), catalogue rows.
    lines: int64 (c,), one sold line of each order, by which its user is known. repeat: bool (c,), whether the
    customer had bought before the cut.
    """

    prefixes: list[list[int]]
    targets: NDArray[np.int64]
    lines: NDArray[np.int64]
    repeat: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.targets)


def last_days(time: NDArray[np.int64], days: int) -> int:
    """The cut, in microseconds since 1970, that holds out the last days: at most a fifth of the span of `time`."""
    if not len(time):
        return 0
    first, last = int(time.min()), int(time.max())
    return last + 1 - int(min(days * MICROSECONDS_A_DAY, (last - first) * LARGEST_SHARE))


def before(orders: Orders, order: NDArray[np.int64], cut: int) -> NDArray[np.bool_]:
    """Which sold lines are of orders that lie wholly before the cut, bool (m,). order: of each line."""
    past: NDArray[np.bool_] = (orders.time < cut)[order]
    return past


def cases_within(
    purchases: Purchases,
    orders: Orders,
    order: NDArray[np.int64],
    users: NDArray[np.int64],
    span: tuple[int, int],
    *,
    largest: int,
    at_most: int,
    seed: int,
) -> Cases:
    """One case of each order in a span of time with 2 to `largest` products; `at_most` of them, drawn by the seed.

    order, users: int64 (m,), of each sold line, see `interactions`. span: first moment, and the first one after it.
    """
    sizes = orders.sizes
    rows = np.flatnonzero((orders.time >= span[0]) & (orders.time < span[1]) & (sizes >= 2) & (sizes <= largest))
    if len(rows) > at_most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, at_most, replace=False))
    chosen = np.zeros(len(sizes), np.bool_)
    chosen[rows] = True
    lines = np.flatnonzero(chosen[order])
    lines = lines[np.lexsort((purchases.time[lines], order[lines]))]
    bounds = np.flatnonzero(np.diff(order[lines], prepend=-1))
    baskets = [list(dict.fromkeys(part.tolist())) for part in np.split(purchases.item[lines], bounds[1:])]
    firsts = lines[bounds]
    known = np.zeros(int(users.max(initial=-1)) + 2, np.bool_)
    known[users[before(orders, order, span[0])]] = True
    repeat = known[users[firsts]] & (purchases.user[firsts] != GUEST)
    filled = baskets if len(firsts) else []
    targets = np.array([basket[-1] for basket in filled], np.int64)
    return Cases([basket[:-1] for basket in filled], targets, firsts, repeat)
