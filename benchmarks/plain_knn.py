"""Vector-multiplication session k-NN as published: the baseline of `bench sessions`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.sessions.compiled import compiled
from recommender.sessions.index import Segment
from recommender.sessions.search import latest

NEIGHBOURS = 100
SAMPLE = 1000


def plain_knn(clicks: NDArray[np.int32], past: Segment, count: int) -> NDArray[np.int64]:
    """VSKNN (Ludewig and Jannach 2018) with the defaults of session-rec: rows, best first.

    The 1000 newest sessions that hold any item of the session, the 100 most alike of them. An item of the session
    weighs its position over the session's length; a neighbour's voice is divided by how many steps back its newest
    shared item lies.
    """
    if not len(clicks):
        return np.zeros(0, np.int64)
    items, back = latest(clicks, len(clicks))
    held = [past.posting_sessions[past.starts[item] : past.starts[item + 1]][:SAMPLE] for item in items]
    sample = np.unique(np.concatenate(held))[-SAMPLE:]
    scores = _voices(items, back, len(clicks), sample, past)
    best = np.argsort(-scores, kind="stable")[:count]
    return best[scores[best] > 0]


@compiled
def _voices(
    items: NDArray[np.int32], back: NDArray[np.int32], length: int, sample: NDArray[np.int32], past: Segment
) -> NDArray[np.float32]:
    likeness, steps = np.zeros(len(sample)), np.zeros(len(sample), np.int64)
    for i in range(len(items)):
        for posting in range(past.starts[items[i]], min(past.starts[items[i] + 1], past.starts[items[i]] + SAMPLE)):
            place = np.searchsorted(sample, past.posting_sessions[posting])
            if place < len(sample) and sample[place] == past.posting_sessions[posting]:
                likeness[place] += (length - back[i]) / length
                if steps[place] == 0:
                    steps[place] = back[i] + 1
    # Of equally alike sessions the newer ones stay.
    nearest = np.argsort(likeness, kind="mergesort")[::-1][:NEIGHBOURS]
    scores = np.zeros(len(past.starts) - 1, np.float32)
    for place in nearest:
        session = sample[place]
        clicks = past.items[past.bounds[session] : past.bounds[session + 1]]
        for q in range(len(clicks)):
            if not (clicks[:q] == clicks[q]).any():
                scores[clicks[q]] += likeness[place] / steps[place]
    return scores
