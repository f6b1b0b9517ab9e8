"""Fitting the next item: knobs and trees are chosen on the newest sessions, then all sessions are counted again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommender.sessions.boosting import Lists, Trees, boost, no_trees
from recommender.sessions.compiled import compiled
from recommender.sessions.index import Segment, build_index
from recommender.sessions.next_item import NextItem
from recommender.sessions.prefixes import Prefixes, prefixes_of
from recommender.sessions.ranking import CUT, described
from recommender.sessions.search import Knobs
from recommender.sessions.traits import CLICKS, DAYS, WIDTH, item_traits
from recommender.sessions.transitions import Transitions, count_transitions

HELD_OUT = 0.1
LISTS = 20_000
WATCHED = 0.2
TREES = 150
FEWEST = 200
POPULAR = 200
Progress = Callable[[str, float], None]


def fit_next_item(
    bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int, *, seed: int, progress: Progress,
    threads: int = 2,
) -> NextItem:  # fmt: skip
    """A model of these sessions, oldest first. bounds: (sessions + 1,); items: (clicks,), rows below n_items."""
    sessions = len(bounds) - 1
    older = sessions - int(sessions * HELD_OUT)
    model = _counted(bounds[: older + 1], items[: bounds[older]], n_items, Knobs(), no_trees())
    asked = prefixes_of(bounds[older:], items)
    trees = no_trees()
    if len(asked) >= FEWEST:
        trees = _learnt(model, asked, seed, threads, progress)
    return _counted(bounds, items, n_items, model.knobs, trees)


def _counted(bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int, knobs: Knobs, trees: Trees) -> NextItem:
    index = build_index(bounds, items, n_items)
    traits = item_traits(bounds, items, n_items)
    popular = np.lexsort((-traits[:, CLICKS], -traits[:, DAYS]))[:POPULAR].astype(np.int32)
    popular = popular[traits[popular, CLICKS] > 0]
    return NextItem(index, count_transitions(index.past), traits, popular, knobs, trees)


def _learnt(model: NextItem, asked: Prefixes, seed: int, threads: int, progress: Progress) -> Trees:
    """Trees fitted to the older of the held-out prefixes, as many as the newer ones want."""
    watched = int(len(asked) * (1 - WATCHED))
    draw = np.random.default_rng(seed)
    older = draw.permutation(watched)[: int(LISTS * (1 - WATCHED))]
    newer = watched + draw.permutation(len(asked) - watched)[: int(LISTS * WATCHED)]
    lists, seen = (lists_of(model, asked.at(places)) for places in (older, newer))
    return boost(lists, seen, TREES, threads, lambda done: progress("ranker", done))


def lists_of(model: NextItem, asked: Prefixes) -> Lists:
    """What the ranker sees of every prefix whose target is among its candidates."""
    rows, base, starts, wanted = _lists(
        asked.items, asked.begins, asked.ends, asked.targets, model.index.past, model.index.today, model.transitions,
        model.traits, model.knobs,
    )  # fmt: skip
    return Lists(rows, base, starts, wanted)


@compiled
def _lists(
    items: NDArray[np.int32], begins: NDArray[np.int64], ends: NDArray[np.int64], targets: NDArray[np.int32],
    past: Segment, today: Segment, transitions: Transitions, traits: NDArray[np.float32], knobs: Knobs,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    features, base = np.empty((len(targets) * CUT, WIDTH), np.float32), np.empty(len(targets) * CUT, np.float32)
    starts, wanted = np.zeros(len(targets) + 1, np.int64), np.empty(len(targets), np.int64)
    n = 0
    everything = np.zeros(0, np.bool_)
    for p in range(len(targets)):
        session = items[begins[p] : ends[p]]
        cut = described(session, past, today, transitions, traits, knobs, everything, CUT)
        place = np.flatnonzero(cut.rows == targets[p])
        if len(place) == 0:
            continue
        begin, end = starts[n], starts[n] + len(cut.rows)
        features[begin:end], base[begin:end] = cut.features, cut.base
        wanted[n], starts[n + 1] = begin + place[0], end
        n += 1
    return features[: starts[n]].copy(), base[: starts[n]].copy(), starts[: n + 1], wanted[:n]
