"""Fitting the next item: knobs and trees are chosen on the newest sessions, then all sessions are counted again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.blend.boosting import Lists, boost, no_trees
from recommender.blend.trees import Trees
from recommender.sessions.compiled import compiled
from recommender.sessions.index import Segment, build_index
from recommender.sessions.next_item import EVERYTHING, NextItem
from recommender.sessions.prefixes import Prefixes, prefixes_of
from recommender.sessions.ranking import CUT, described
from recommender.sessions.search import Knobs
from recommender.sessions.traits import CLICKS, DAYS, WIDTH, item_traits
from recommender.sessions.transitions import Transitions, count_transitions
from recommender.sessions.tuning import tuned

HELD_OUT = 0.1
FEWEST = 200
TUNED_ON = 3000
LISTS = 70_000
WATCHED = 0.2
# The share of the work that finding out how many trees to grow takes.
FIRST = 0.5
TREES = 400
# Of a list's rows past the first DENSE, every THIN-th is trained on and speaks for THIN.
DENSE, THIN = 40, 4
POPULAR = 200
Progress = Callable[[str, float], None]


def fit_next_item(
    bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int, *, seed: int, progress: Progress,
    threads: int = 2,
) -> NextItem:  # fmt: skip
    """A model of these sessions, oldest first. bounds: (sessions + 1,); items: (clicks,), rows below n_items.

    progress hears the stages "knobs", "ranker" and "index", each with the share of it that is done.
    """
    sessions = len(bounds) - 1
    older = sessions - int(sessions * HELD_OUT)
    asked = prefixes_of(bounds[older:], items)
    if len(asked) < FEWEST:
        return counted(bounds, items, n_items, Knobs(), no_trees())
    model = counted(bounds[: older + 1], items[: bounds[older]], n_items, Knobs(), no_trees())
    draw = np.random.default_rng(seed)
    sample = asked.at(np.sort(draw.permutation(len(asked))[:TUNED_ON]))
    knobs = tuned(model.index, model.transitions, sample, threads, lambda done: progress("knobs", done))
    trees = _learnt(replace(model, knobs=knobs), asked, draw, threads, progress)
    progress("index", 0.0)
    return counted(bounds, items, n_items, knobs, trees)


def counted(bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int, knobs: Knobs, trees: Trees) -> NextItem:
    """Everything that is counted, none of it chosen: the index, the transitions and the items' traits."""
    index = build_index(bounds, items, n_items)
    traits = item_traits(bounds, items, n_items)
    popular = np.lexsort((-traits[:, CLICKS], -traits[:, DAYS]))[:POPULAR].astype(np.int32)
    popular = popular[traits[popular, CLICKS] > 0]
    for array in (traits, popular, *trees):
        array.setflags(write=False)
    return NextItem(index, count_transitions(index.past), traits, popular, knobs, trees)


def _learnt(model: NextItem, asked: Prefixes, draw: np.random.Generator, threads: int, progress: Progress) -> Trees:
    """Trees fitted to the held-out prefixes, as many as the newer ones want of those that the older ones grow."""
    watched = int(len(asked) * (1 - WATCHED))
    older = draw.permutation(watched)[: int(LISTS * (1 - WATCHED))]
    newer = watched + draw.permutation(len(asked) - watched)[: int(LISTS * WATCHED)]
    seen, lists = _lists_of(model, asked.at(newer), 1), _thinned(model, asked, older, threads)
    if len(lists.wanted) == 0 or len(seen.wanted) == 0:
        return no_trees()
    many = len(boost(lists, seen, TREES, threads, lambda done: progress("ranker", done * FIRST)).leaves)
    if not many:
        return no_trees()
    # So many are grown again with the newest in them, which tell most of what is to come.
    lists = _thinned(model, asked, draw.permutation(np.concatenate([older, newer])), threads)
    return boost(lists, seen, many, threads, lambda done: progress("ranker", FIRST + done * (1 - FIRST)))


def _thinned(model: NextItem, asked: Prefixes, places: NDArray[np.int64], threads: int) -> Lists:
    with ThreadPoolExecutor(threads) as pool:
        return _joined(
            list(pool.map(lambda part: _lists_of(model, asked.at(part), THIN), np.array_split(places, threads)))
        )


def _joined(parts: list[Lists]) -> Lists:
    begins = np.cumsum([0, *(len(part.base) for part in parts)])
    return Lists(
        np.concatenate([part.columns for part in parts], axis=1),
        np.concatenate([part.base for part in parts]),
        np.concatenate([[0], *(part.starts[1:] + begin for part, begin in zip(parts, begins, strict=False))]),
        np.concatenate([part.wanted + begin for part, begin in zip(parts, begins, strict=False)]),
    )


def _lists_of(model: NextItem, asked: Prefixes, thin: int) -> Lists:
    """What the ranker sees of every prefix whose target is among its candidates."""
    columns, base, starts, wanted = _lists(
        asked.items, asked.begins, asked.ends, asked.targets, model.index.past, model.index.today, model.transitions,
        model.traits, model.knobs, EVERYTHING, thin,
    )  # fmt: skip
    return Lists(columns, base, starts, wanted)


@compiled
def _lists(
    items: NDArray[np.int32], begins: NDArray[np.int64], ends: NDArray[np.int64], targets: NDArray[np.int32],
    past: Segment, today: Segment, transitions: Transitions, traits: NDArray[np.float32], knobs: Knobs,
    allowed: NDArray[np.bool_], thin: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    room = len(targets) * (DENSE + (CUT - DENSE) // thin + 2)
    columns, base = np.empty((WIDTH, room), np.float32), np.empty(room, np.float32)
    starts, wanted = np.zeros(len(targets) + 1, np.int64), np.empty(len(targets), np.int64)
    n, end = 0, 0
    for p in range(len(targets)):
        session = items[begins[p] : ends[p]]
        cut = described(session, past, today, transitions, traits, knobs, allowed, CUT)
        if not (cut.rows == targets[p]).any():
            continue
        for c in range(len(cut.rows)):
            target = cut.rows[c] == targets[p]
            if c < DENSE or target or (c + ends[p]) % thin == 0:
                columns[:, end], base[end] = cut.features[:, c], cut.base[c]
                if c >= DENSE and not target:
                    base[end] += np.float32(np.log(thin))
                if target:
                    wanted[n] = end
                end += 1
        n += 1
        starts[n] = end
    return columns[:, :end].copy(), base[:end].copy(), starts[: n + 1], wanted[:n]
