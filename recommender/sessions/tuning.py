"""Choosing the search's knobs: one at a time, on prefixes of sessions that the index does not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from recommender.sessions.compiled import compiled
from recommender.sessions.index import Segment, SessionIndex
from recommender.sessions.prefixes import Prefixes
from recommender.sessions.ranking import first_scores
from recommender.sessions.search import Knobs, gather, latest
from recommender.sessions.transitions import Transitions

CHOICES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "age": (0.03, 0.1, 0.3, 1.0, 4.0),
        "position": (0.4, 0.55, 0.7, 0.8, 0.9),
        "length": (0.0, 0.3, 0.6),
        "rarity": (0.0, 0.3, 0.7, 1.5),
        "ahead": (0.5, 0.65, 0.8, 0.9),
        "back": (0.15, 0.3, 0.6, 1.0),
        "behind": (0.4, 0.6, 0.8),
        "neighbours": (100, 200, 500),
        "most": (300, 1000),
        "blend": (0.1, 0.25, 0.5, 1.0, 2.0),
        "walk": (0.3, 0.5, 0.7, 0.85),
    }
)
GAIN = 0.001
RANKED = 20


def tuned(
    index: SessionIndex, transitions: Transitions, asked: Prefixes, threads: int, progress: Callable[[float], None]
) -> Knobs:
    """The knobs whose first cut does best: HR@20 + MRR@20. A costlier or odder value must gain 0.1 %."""
    knobs = Knobs()
    best = quality(index, transitions, asked, knobs, threads)
    steps = sum(len(values) for values in CHOICES.values())
    done = 0
    for name, values in CHOICES.items():
        for value in values:
            tried = knobs._replace(**{name: type(getattr(knobs, name))(value)})
            found = quality(index, transitions, asked, tried, threads) if tried != knobs else best
            if found > best * (1 + GAIN):
                knobs, best = tried, found
            done += 1
            progress(done / steps)
    return knobs


def quality(index: SessionIndex, transitions: Transitions, asked: Prefixes, knobs: Knobs, threads: int) -> float:
    """HR@20 + MRR@20 of the first cut on these prefixes."""

    def part(places: NDArray[np.int64]) -> NDArray[np.int64]:
        own = asked.at(places)
        return _ranks(own.items, own.begins, own.ends, own.targets, index.past, index.today, transitions, knobs)

    with ThreadPoolExecutor(threads) as pool:
        ranks = np.concatenate(list(pool.map(part, np.array_split(np.arange(len(asked)), threads * 4))))
    hits = (ranks > 0) & (ranks <= RANKED)
    return float(hits.mean() + (hits / np.maximum(ranks, 1)).mean())


@compiled
def _ranks(
    items: NDArray[np.int32], begins: NDArray[np.int64], ends: NDArray[np.int64], targets: NDArray[np.int32],
    past: Segment, today: Segment, transitions: Transitions, knobs: Knobs,
) -> NDArray[np.int64]:  # fmt: skip
    """The rank of every target in the first cut, 0 where it is no candidate."""
    ranks = np.zeros(len(targets), np.int64)
    everything = np.zeros(0, np.bool_)
    for p in range(len(targets)):
        own, back = latest(items[begins[p] : ends[p]], knobs.steps)
        tally, whole = gather(own, back, past, today, transitions, everything, knobs)
        scores = first_scores(tally, whole, knobs)
        rows = tally.rows[: len(scores)]
        place = np.flatnonzero(rows == targets[p])
        if len(place) > 0:
            score = scores[place[0]]
            ranks[p] = 1 + (scores > score).sum() + ((scores == score) & (rows < targets[p])).sum()
    return ranks
