"""Past sessions, searchable by the items in them: today's are put on top without a rebuild."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TODAY = 50_000


class Segment(NamedTuple):
    """Sessions in the order they ended, oldest first, and for every item the sessions that hold it, newest first.

    bounds: int64 (sessions + 1,), where a session's clicks begin in `items`, int32 (clicks,).
    starts: int64 (n_items + 1,), where an item's postings begin. posting_sessions: int32, the sessions, each once.
    posting_places: int32, where in that session the item was clicked last, 0 for the first click.
    A tuple, because compiled code takes it as it is.
    """

    bounds: NDArray[np.int64]
    items: NDArray[np.int32]
    starts: NDArray[np.int64]
    posting_sessions: NDArray[np.int32]
    posting_places: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class SessionIndex:
    """Two segments searched as one. A session's number in `today` goes on from those of `past`."""

    past: Segment
    today: Segment

    @property
    def n_items(self) -> int:
        """How many items the index knows."""
        return len(self.past.starts) - 1

    @property
    def n_sessions(self) -> int:
        """How many sessions it holds, old and new."""
        return len(self.past.bounds) + len(self.today.bounds) - 2


def build_index(bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int) -> SessionIndex:
    """An index of these sessions, oldest first. bounds: (sessions + 1,), items: (clicks,), rows below n_items."""
    return SessionIndex(_segment(bounds, items, n_items, 0), _empty(n_items))


def added(
    index: SessionIndex, bounds: NDArray[np.int64], items: NDArray[np.int32], most_today: int = TODAY
) -> SessionIndex:
    """The same index with newer sessions on top; what it finds is what a rebuild on all sessions would find.

    Costs what today's sessions cost, whatever the past holds; past `most_today` of them, today is folded into the past.
    """
    today = index.today
    all_bounds = np.concatenate([today.bounds, bounds[1:] - bounds[0] + today.bounds[-1]])
    all_items = np.concatenate([today.items, items[bounds[0] : bounds[-1]]])
    if len(all_bounds) - 1 <= most_today:
        old = len(index.past.bounds) - 1
        return SessionIndex(index.past, _segment(all_bounds, all_items, index.n_items, old))
    past = index.past
    return build_index(
        np.concatenate([past.bounds, all_bounds[1:] + past.bounds[-1]]),
        np.concatenate([past.items, all_items]),
        index.n_items,
    )


def _segment(bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int, first: int) -> Segment:
    sizes = np.diff(bounds)
    sessions = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    # Backwards, so that a stable sort by item leaves the newest session, and in it the newest click, first.
    order = np.argsort(items[::-1], kind="stable")
    of_item = items[::-1][order]
    of_session = sessions[::-1][order]
    once = np.ones(len(items), np.bool_)
    once[1:] = (of_item[1:] != of_item[:-1]) | (of_session[1:] != of_session[:-1])
    clicks = (len(items) - 1 - order)[once]
    kept = of_session[once]
    starts = np.zeros(n_items + 1, np.int64)
    np.cumsum(np.bincount(of_item[once], minlength=n_items), out=starts[1:])
    places = (clicks - bounds[kept]).astype(np.int32)
    segment = Segment(bounds.astype(np.int64), items.astype(np.int32), starts, kept + np.int32(first), places)
    for array in segment:
        array.setflags(write=False)
    return segment


def _empty(n_items: int) -> Segment:
    return _segment(np.zeros(1, np.int64), np.zeros(0, np.int32), n_items, 0)
