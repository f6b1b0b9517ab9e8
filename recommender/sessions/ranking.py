"""A session's candidates in order: a first cut by neighbours and transitions, then the trees. Compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.blend.boosting import add_scores
from recommender.blend.trees import Trees
from recommender.sessions.compiled import compiled
from recommender.sessions.index import Segment
from recommender.sessions.search import AFTER, HOLDERS, KNN, Knobs, Tally, gather, latest
from recommender.sessions.traits import describe
from recommender.sessions.transitions import Transitions

CUT = 150
FLOOR = 1e-6


class FirstCut(NamedTuple):
    """rows; base, what a score begins with; features (WIDTH, c); because, the loudest item; holders, the neighbours."""

    rows: NDArray[np.int32]
    base: NDArray[np.float32]
    features: NDArray[np.float32]
    because: NDArray[np.int32]
    holders: NDArray[np.int32]


@compiled
def first_scores(tally: Tally, whole: float, knobs: Knobs) -> NDArray[np.float32]:
    """float32 (candidates,): the neighbours' voices as a share of their likeness, and the transitions beside them."""
    sums = tally.sums[: tally.found[0]]
    return sums[:, KNN] * np.float32(1.0 / (whole + 1e-9)) + np.float32(knobs.blend) * sums[:, AFTER]


@compiled
def first_cut(scores: NDArray[np.float32], rows: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """The places of the `count` best, best first; of equals the lower row."""
    # The bits of a score that is not negative order as it does; below them, reversed, the row.
    keys = (scores.view(np.uint32).astype(np.uint64) << np.uint64(32)) | (
        np.uint64(0xFFFFFFFF) - rows.astype(np.uint64)
    )
    places = np.arange(len(keys))
    if len(keys) > count:
        places = np.flatnonzero(keys >= np.partition(keys, len(keys) - count)[len(keys) - count])
    return places[np.argsort(keys[places])[::-1]]


@compiled
def described(
    session: NDArray[np.int32], past: Segment, today: Segment, transitions: Transitions, traits: NDArray[np.float32],
    knobs: Knobs, allowed: NDArray[np.bool_], cut: int,
) -> FirstCut:  # fmt: skip
    """The first cut of a session's candidates, best first."""
    items, back = latest(session, knobs.steps)
    tally, whole = gather(items, back, past, today, transitions, allowed, knobs)
    first = first_scores(tally, whole, knobs)
    n = tally.found[0]
    best = first_cut(first, tally.rows[:n], cut)
    rows, sums = tally.rows[:n][best], tally.sums[:n][best]
    sessions = len(past.bounds) + len(today.bounds) - 2
    features = describe(session, rows, sums, first[best], whole, traits, len(items), sessions)
    because = np.empty(len(best), np.int32)
    for c in range(len(best)):
        because[c] = items[np.argmax(tally.spoken[best[c]])]
    base = np.log(first[best] + np.float32(FLOOR))
    return FirstCut(rows, base, features, because, sums[:, HOLDERS].astype(np.int32))


@compiled
def ranked(
    session: NDArray[np.int32], past: Segment, today: Segment, transitions: Transitions, traits: NDArray[np.float32],
    popular: NDArray[np.int32], trees: Trees, knobs: Knobs, allowed: NDArray[np.bool_], count: int,
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:  # fmt: skip
    """Rows, scores, loudest items and neighbours of the best `count`, filled up with what is popular."""
    rows, scores = np.empty(count, np.int32), np.empty(count, np.float32)
    because, holders = np.full(count, -1, np.int32), np.zeros(count, np.int32)
    n = 0
    if len(session) > 0:
        cut = described(session, past, today, transitions, traits, knobs, allowed, max(CUT, count))
        add_scores(cut.features, trees, cut.base)
        order = np.argsort(-cut.base, kind="mergesort")[:count]
        n = len(order)
        rows[:n], scores[:n] = cut.rows[order], cut.base[order]
        because[:n], holders[:n] = cut.because[order], cut.holders[order]
    least = scores[n - 1] if n > 0 else np.float32(0.0)
    for row in popular:
        if n == count:
            break
        if (len(allowed) == 0 or allowed[row]) and not (rows[:n] == row).any():
            least -= np.float32(1.0)
            rows[n], scores[n] = row, least
            n += 1
    return rows[:n], scores[:n], because[:n], holders[:n]
