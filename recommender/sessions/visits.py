"""Visits that shoppers made, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_VISITS = 300_000


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of two products or more, v of them, oldest first.

    bounds: int64 (v + 1,), where a visit begins in items, int32: catalogue rows in the order they were looked at.
    ended: int64 (v,), microseconds since 1970.
    """

    bounds: NDArray[np.int64]
    items: NDArray[np.int32]
    ended: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ended)

    @property
    def until(self) -> int:
        """The first moment after all of them."""
        return int(self.ended[-1]) + 1 if len(self) else 0

    def part(self, begin: int, end: int) -> Visits:
        """The visits from one number up to another."""
        first, last = int(self.bounds[begin]), int(self.bounds[end])
        return Visits(self.bounds[begin : end + 1] - first, self.items[first:last], self.ended[begin:end])

    def before(self, cut: int) -> Visits:
        """The visits that ended before a moment, at most MOST_VISITS of them."""
        end = int(np.searchsorted(self.ended, cut))
        return self.part(max(end - MOST_VISITS, 0), end)


NO_VISITS = Visits(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))


def visits_of(session: NDArray[np.int64], item: NDArray[np.int32], time: NDArray[np.int64]) -> Visits:
    """Visits from single views, (c,) each: the visit's number, the catalogue row, microseconds; in any order.

    The same product twice in a row is one view of it.
    """
    order = np.lexsort((time, session))
    session, item, time = session[order], item[order], time[order]
    again = np.zeros(len(item), np.bool_)
    again[1:] = (session[1:] == session[:-1]) & (item[1:] == item[:-1])
    session, item, time = session[~again], item[~again], time[~again]
    _, begins, sizes = np.unique(session, return_index=True, return_counts=True)
    begins, sizes = begins[sizes > 1], sizes[sizes > 1]
    ended = time[begins + sizes - 1]
    by_end = np.argsort(ended, kind="stable")
    begins, sizes = begins[by_end], sizes[by_end]
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    within = np.arange(bounds[-1]) - np.repeat(bounds[:-1], sizes)
    return Visits(bounds, item[np.repeat(begins, sizes) + within], ended[by_end])
