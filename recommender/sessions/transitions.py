"""What followed what: for every item the items clicked after and before it in the same session, by distance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.sessions.compiled import compiled
from recommender.sessions.index import Segment

KEPT = 100
REACH = 8
AGE = 1.0
LATE_AGE = 0.05
SHRINKAGE = 2.0
NEXT, AFTER, BEFORE, LATELY = range(4)
KINDS = 4


class Transitions(NamedTuple):
    """starts: int64 (n_items + 1,), where an item's companions begin in items, int32, best first.

    next, after, before: float32, how often a companion was clicked right after the item, anywhere after it (a click
    weighs 1 over its distance), and before it, over how often the item was clicked, with shrinkage for small counts.
    lately: as `after`, in the newest sessions, over all clicks of the item in them.
    """

    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    next: NDArray[np.float32]
    after: NDArray[np.float32]
    before: NDArray[np.float32]
    lately: NDArray[np.float32]


def count_transitions(past: Segment) -> Transitions:
    """Transitions of these sessions; one as old as all of them weighs 1/e of the newest."""
    starts, items, shares = _counted(past)
    columns = [np.ascontiguousarray(shares[:, column]) for column in (NEXT, AFTER, BEFORE, LATELY)]
    transitions = Transitions(starts, items, *columns)
    for array in transitions:
        array.setflags(write=False)
    return transitions


@compiled
def _counted(past: Segment) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    n = len(past.starts) - 1
    sums, touched = np.zeros((n, KINDS), np.float32), np.empty(n, np.int32)
    starts = np.zeros(n + 1, np.int64)
    room = np.minimum(np.diff(past.starts) * 2 * REACH, KEPT).sum()
    items, shares = np.empty(room, np.int32), np.empty((room, KINDS), np.float32)
    end = 0
    for item in range(n):
        found, weight, late = _companions(item, past, sums, touched)
        own = touched[:found]
        order = np.argsort(-(sums[own, AFTER] + 0.5 * sums[own, BEFORE]), kind="mergesort")[:KEPT]
        for at in order:
            items[end] = own[at]
            shares[end] = sums[own[at]] / np.float32(weight + SHRINKAGE)
            shares[end, LATELY] = sums[own[at], LATELY] / np.float32(late + SHRINKAGE)
            end += 1
        for other in own:
            sums[other] = 0.0
        starts[item + 1] = end
    return starts, items[:end], shares[:end]


@compiled
def _companions(
    item: int, past: Segment, sums: NDArray[np.float32], touched: NDArray[np.int32]
) -> tuple[int, float, float]:  # fmt: skip
    """Sums of all that was clicked near an item: how many companions, and the weights of its own clicks."""
    total = len(past.bounds) - 1
    found, whole, whole_late = 0, 0.0, 0.0
    for posting in range(past.starts[item], past.starts[item + 1]):
        session = past.posting_sessions[posting]
        age = (total - 1 - session) / total
        weight, late = np.exp(-age / AGE), np.exp(-age / LATE_AGE)
        begin, end = past.bounds[session], past.bounds[session + 1]
        for at in range(begin, end):
            if past.items[at] != item:
                continue
            whole += weight
            whole_late += late
            for near in range(max(begin, at - REACH), min(end, at + REACH + 1)):
                other = past.items[near]
                if near == at:
                    continue
                if sums[other, AFTER] == 0.0 and sums[other, BEFORE] == 0.0:
                    touched[found] = other
                    found += 1
                if near < at:
                    sums[other, BEFORE] += weight / (at - near)
                    continue
                sums[other, AFTER] += weight / (near - at)
                sums[other, LATELY] += late / (near - at)
                if near == at + 1:
                    sums[other, NEXT] += weight
    return found, whole, whole_late
