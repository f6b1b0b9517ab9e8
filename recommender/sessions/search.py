"""The compiled search: sessions most like the running one, and what they say of every candidate.

VMIS-kNN (Kersbergen et al. 2022) with the decays of STAN and VSTAN (Garg et al. 2019; Ludewig et al. 2020). All working
memory is as large as what a request touches and its own, so that any number of threads search one index.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.sessions.compiled import compiled
from recommender.sessions.index import Segment
from recommender.sessions.transitions import Transitions

# What is summed for a candidate, by column: the voices of neighbours by distance, their likeness, how many they are,
# the most alike, those that clicked it next, those that share two items or more with the session, the newest of them;
# transitions from the newest item (next, after, before, lately), and from all of the session (after, before, and after
# with hardly a decay by steps).
(
    KNN,
    PLAIN,
    HOLDERS,
    BEST,
    NEXT,
    SHARED,
    YOUNGEST,
    LAST_NEXT,
    LAST_AFTER,
    LAST_BEFORE,
    LAST_LATELY,
    AFTER,
    BEFORE,
    FLAT,
) = range(14)
SUMS = 14
FLAT_WALK = 0.9
FURTHEST = 64


class Knobs(NamedTuple):
    """How the search listens. The fit chooses them on the newest sessions of the training data.

    steps: newest clicks of the session that count. most: newest sessions looked at for each of its items.
    neighbours: sessions kept. position: what one step back in the session leaves of an item's weight.
    age: the age at which a session counts 1/e, as a share of all sessions. length: exponent of a session's size.
    rarity: exponent of an item's idf in the likeness. ahead, behind: what one more click of distance leaves of a
    neighbour's voice after and before the item it shares. back: what all that came before counts.
    walk: what one step back leaves of a transition. blend: transitions beside neighbours in the first cut.
    """

    steps: int = 10
    most: int = 1000
    neighbours: int = 500
    position: float = 0.7
    age: float = 1.0
    length: float = 0.3
    rarity: float = 0.3
    ahead: float = 0.8
    behind: float = 0.6
    back: float = 0.6
    walk: float = 0.5
    blend: float = 0.5


class Near(NamedTuple):
    """Neighbour sessions.

    numbers, likeness: which, and how like the running one. match: the newest item they share, by its place among the
    session's items; place: where in the neighbour it was clicked last. shared: items in common.
    """

    numbers: NDArray[np.int32]
    likeness: NDArray[np.float32]
    match: NDArray[np.int32]
    place: NDArray[np.int32]
    shared: NDArray[np.int32]


class Tally(NamedTuple):
    """Candidates as they are found.

    found: int64 (1,), how many. table: where a row is, by hash. sums: (c, SUMS). spoken: (c, items), what each item of
    the session says. heard: the last neighbour that spoke of it.
    """

    found: NDArray[np.int64]
    table: NDArray[np.int32]
    rows: NDArray[np.int32]
    sums: NDArray[np.float32]
    spoken: NDArray[np.float32]
    heard: NDArray[np.int32]


@compiled
def slot(table: NDArray[np.int32], keys: NDArray[np.int32], key: int) -> int:
    """Where a key is in an open hash table of places in `keys`, or the free place for it."""
    mask = np.int64(len(table) - 1)
    at = ((np.int64(key) * np.int64(2654435761)) >> np.int64(8)) & mask
    while table[at] >= 0 and keys[table[at]] != key:
        at = (at + 1) & mask
    return int(at)


@compiled
def free_table(most: int) -> NDArray[np.int32]:
    """An empty hash table for so many keys, at most half full."""
    size = 16
    while size < 2 * most:
        size *= 2
    return np.full(size, -1, np.int32)


@compiled
def latest(session: NDArray[np.int32], steps: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The different items among the session's newest clicks, newest first, and how many steps back each lies."""
    steps = min(steps, len(session))
    items = np.empty(steps, np.int32)
    back = np.empty(steps, np.int32)
    n = 0
    for step in range(steps):
        item = session[len(session) - 1 - step]
        if not (items[:n] == item).any():
            items[n] = item
            back[n] = step
            n += 1
    return items[:n], back[:n]


@compiled
def clicks_of(number: int, past: Segment, today: Segment) -> NDArray[np.int32]:
    """The items of a session, in order."""
    older = len(past.bounds) - 1
    if number < older:
        return past.items[past.bounds[number] : past.bounds[number + 1]]
    return today.items[today.bounds[number - older] : today.bounds[number - older + 1]]


@compiled
def _holding(item: int, past: Segment, today: Segment) -> int:
    return int(past.starts[item + 1] - past.starts[item] + today.starts[item + 1] - today.starts[item])


@compiled
def nearest(items: NDArray[np.int32], back: NDArray[np.int32], past: Segment, today: Segment, knobs: Knobs) -> Near:
    """Sessions most like these items; of equals the newer one. back: how many steps back each item lies."""
    room = 0
    for item in items:
        room += min(_holding(item, past, today), knobs.most)
    total = len(past.bounds) + len(today.bounds) - 2
    table, numbers, likeness = free_table(room), np.empty(room, np.int32), np.empty(room, np.float32)
    match, place, shared = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    n = 0
    for i in range(len(items)):
        new, old = today.starts[items[i]], past.starts[items[i]]
        n_new = min(today.starts[items[i] + 1] - new, knobs.most)
        n_old = min(past.starts[items[i] + 1] - old, knobs.most - n_new)
        rare = np.log((total + 1.0) / (_holding(items[i], past, today) + 1.0)) ** knobs.rarity
        weight = np.float32(knobs.position ** back[i] * rare)
        for j in range(n_new + n_old):
            if j < n_new:
                number, where = today.posting_sessions[new + j], today.posting_places[new + j]
            else:
                number, where = past.posting_sessions[old + j - n_new], past.posting_places[old + j - n_new]
            at = slot(table, numbers, number)
            k = table[at]
            if k < 0:
                table[at] = n
                numbers[n], likeness[n], match[n], place[n], shared[n] = number, weight, i, where, 1
                n += 1
            else:
                likeness[k] += weight
                shared[k] += 1
    kept = _kept(numbers[:n], likeness[:n], past, today, knobs)
    return Near(numbers[kept], likeness[kept], match[kept], place[kept], shared[kept])


@compiled
def _kept(
    numbers: NDArray[np.int32], likeness: NDArray[np.float32], past: Segment, today: Segment, knobs: Knobs
) -> NDArray[np.int64]:
    """Weighs likeness by age and size, in place, and says which to keep, in the order they were found."""
    total = len(past.bounds) + len(today.bounds) - 2
    decay = -1.0 / (knobs.age * max(total, 1))
    for k in range(len(numbers)):
        size = len(clicks_of(numbers[k], past, today))
        likeness[k] *= np.float32(np.exp((total - 1 - numbers[k]) * decay) * size**-knobs.length)
    if len(numbers) <= knobs.neighbours:
        return np.arange(len(numbers))
    # The bits of a positive float32 order as it does; below them the number of the session settles ties.
    keys = (likeness.view(np.uint32).astype(np.uint64) << np.uint64(32)) | numbers.astype(np.uint64)
    bar = np.partition(keys, len(keys) - knobs.neighbours)[len(keys) - knobs.neighbours]
    return np.flatnonzero(keys >= bar)


@compiled
def place_of(tally: Tally, row: int) -> int:
    """The place of a candidate, made for it if it is new."""
    at = slot(tally.table, tally.rows, row)
    c = tally.table[at]
    if c < 0:
        c = np.int32(tally.found[0])
        tally.table[at] = c
        tally.rows[c] = row
        tally.sums[c] = 0.0
        tally.spoken[c] = 0.0
        tally.heard[c] = -1
        tally.found[0] += 1
    return int(c)


@compiled
def _hear_neighbour(
    tally: Tally, near: Near, k: int, clicks: NDArray[np.int32], allowed: NDArray[np.bool_], voices: NDArray[np.float32]
) -> None:
    like, place, match = near.likeness[k], near.place[k], near.match[k]
    number = np.float32(near.numbers[k])
    for q in range(len(clicks)):
        if len(allowed) > 0 and not allowed[clicks[q]]:
            continue
        c = place_of(tally, clicks[q])
        gap = q - place
        voice = like * voices[min(max(gap, -FURTHEST), FURTHEST) + FURTHEST]
        tally.sums[c, KNN] += voice
        tally.spoken[c, match] += voice
        if gap == 1:
            tally.sums[c, NEXT] += like
        if tally.heard[c] != k:
            tally.heard[c] = k
            tally.sums[c, PLAIN] += like
            tally.sums[c, HOLDERS] += 1
            tally.sums[c, BEST] = max(tally.sums[c, BEST], like)
            tally.sums[c, YOUNGEST] = max(tally.sums[c, YOUNGEST], number)
            if near.shared[k] > 1:
                tally.sums[c, SHARED] += like


@compiled
def _hear_transitions(
    tally: Tally, i: int, item: int, weight: float, flat: float, transitions: Transitions, allowed: NDArray[np.bool_],
    loud: float,
) -> None:  # fmt: skip
    for f in range(transitions.starts[item], transitions.starts[item + 1]):
        row = transitions.items[f]
        if len(allowed) > 0 and not allowed[row]:
            continue
        c = place_of(tally, row)
        if i == 0:
            tally.sums[c, LAST_NEXT] = transitions.next[f]
            tally.sums[c, LAST_AFTER] = transitions.after[f]
            tally.sums[c, LAST_BEFORE] = transitions.before[f]
            tally.sums[c, LAST_LATELY] = transitions.lately[f]
        tally.sums[c, AFTER] += weight * transitions.after[f]
        tally.sums[c, BEFORE] += weight * transitions.before[f]
        tally.sums[c, FLAT] += flat * transitions.after[f]
        tally.spoken[c, i] += loud * weight * transitions.after[f]


@compiled
def voices_of(knobs: Knobs) -> NDArray[np.float32]:
    """What a click counts by its distance from the shared one, from FURTHEST before to FURTHEST after."""
    voices = np.empty(2 * FURTHEST + 1, np.float32)
    for gap in range(-FURTHEST, FURTHEST + 1):
        voices[gap + FURTHEST] = knobs.ahead ** (gap - 1) if gap > 0 else knobs.back * knobs.behind**-gap
    return voices


@compiled
def gather(
    items: NDArray[np.int32], back: NDArray[np.int32], past: Segment, today: Segment, transitions: Transitions,
    allowed: NDArray[np.bool_], knobs: Knobs,
) -> tuple[Tally, float]:  # fmt: skip
    """All candidates of a session, and the likeness of all its neighbours. allowed: (n_items,), empty for all."""
    near = nearest(items, back, past, today, knobs)
    room = 0
    for number in near.numbers:
        room += len(clicks_of(number, past, today))
    for item in items:
        room += transitions.starts[item + 1] - transitions.starts[item]
    tally = Tally(
        np.zeros(1, np.int64),
        free_table(room),
        np.empty(room, np.int32),
        np.empty((room, SUMS), np.float32),
        np.empty((room, len(items)), np.float32),
        np.empty(room, np.int32),
    )
    voices = voices_of(knobs)
    for k in range(len(near.numbers)):
        _hear_neighbour(tally, near, k, clicks_of(near.numbers[k], past, today), allowed, voices)
    whole = float(near.likeness.sum())
    for i in range(len(items)):
        weight = knobs.walk ** back[i]
        _hear_transitions(tally, i, items[i], weight, FLAT_WALK ** back[i], transitions, allowed, knobs.blend * whole)
    return tally, whole
