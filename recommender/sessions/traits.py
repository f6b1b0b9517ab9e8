"""What a candidate looks like to the ranker: its sums, its place in the running session, and how the item has sold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.sessions.compiled import compiled
from recommender.sessions.search import BEST, HOLDERS, KNN, LAST_AFTER, NEXT, PLAIN, SHARED, SUMS, YOUNGEST

# Columns of an item's own traits.
CLICKS, DAYS, WEEKS, SEEN, BORN = range(5)
SHORT, LONG = 0.02, 0.2
WIDTH = SUMS + 19
LAST_CLICKS = 50


def item_traits(bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int) -> NDArray[np.float32]:
    """float32 (n_items, 5): log of clicks, of newer clicks twice, age of the newest and of the oldest session.

    Ages are shares of all sessions: 0 is the newest one. An item never clicked has ages 2 and -1.
    """
    n = len(bounds) - 1
    sessions = np.repeat(np.arange(n), np.diff(bounds))
    age = (n - 1 - sessions) / max(n, 1)
    clicks = np.bincount(items, minlength=n_items)
    newer = [np.bincount(items, np.exp(-age / fold), n_items) for fold in (SHORT, LONG)]
    seen, born = np.full(n_items, 2.0), np.full(n_items, -1.0)
    seen[items] = age
    born[items[::-1]] = age[::-1]
    return np.stack([np.log1p(clicks), *(np.log1p(each) for each in newer), seen, born], axis=1).astype(np.float32)


@compiled
def describe(
    session: NDArray[np.int32], rows: NDArray[np.int32], sums: NDArray[np.float32], first: NDArray[np.float32],
    whole: float, traits: NDArray[np.float32], distinct: int, sessions: int,
) -> NDArray[np.float32]:  # fmt: skip
    """float32 (WIDTH, candidates). first: the scores of the first cut, falling; whole: the neighbours' likeness."""
    own = np.empty((WIDTH, len(rows)), np.float32)
    length, last = len(session), session[-1]
    share = np.float32(1.0 / (whole + 1e-9))
    for c in range(len(rows)):
        row = rows[c]
        for column in range(SUMS):
            own[column, c] = sums[c, column]
        for column in (KNN, PLAIN, BEST, NEXT, SHARED):
            own[column, c] *= share
        own[YOUNGEST, c] = 1.0 - (sums[c, YOUNGEST] + 1.0) / sessions
        own[SUMS, c], own[SUMS + 1, c] = _in_session(session, row)
        for column in range(traits.shape[1]):
            own[SUMS + 2 + column, c] = traits[row, column]
        own[SUMS + 7, c] = length
        own[SUMS + 8, c] = traits[last, CLICKS]
        own[SUMS + 9, c] = whole
        own[SUMS + 10, c] = length - distinct
        own[SUMS + 11, c] = c
        own[SUMS + 12, c] = first[c]
        own[SUMS + 13, c] = first[c] / (first[0] + 1e-9)
        own[SUMS + 14, c] = sums[c, HOLDERS] / np.exp(traits[row, CLICKS])
        own[SUMS + 15, c] = traits[last, DAYS] - traits[last, CLICKS]
        own[SUMS + 16, c] = sums[c, PLAIN] / (sums[c, HOLDERS] + 1.0)
        own[SUMS + 17, c] = sums[c, LAST_AFTER] / np.exp(0.5 * traits[row, CLICKS])
        own[SUMS + 18, c] = traits[last, SEEN]
    return own


@compiled
def _in_session(session: NDArray[np.int32], row: int) -> tuple[int, int]:
    """How many steps back a row was clicked last, -1 if it was not, and how often."""
    step, times = -1, 0
    for back in range(min(len(session), LAST_CLICKS)):
        if session[len(session) - 1 - back] == row:
            if step < 0:
                step = back
            times += 1
    return step, times
