"""How wide an approximate search has to walk: measured on the vectors themselves, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.vectors.index import Found, recall

# Wanted on the sample, so that 0.99 holds on what is asked later.
WANTED_RECALL = 0.995
SAMPLE, SAMPLE_COUNT = 256, 20

Search = Callable[[NDArray[np.float32], int, int | None], Found]


def smallest_width(unit: NDArray[np.float32], widths: Sequence[int], search: Search, seed: int = 0) -> int | None:
    """The smallest width that finds 99.5 % of what an exact search finds for some rows of `unit`; None if none does.

    search: of questions, how many, and a width, None for an exact search. unit: float32 (n, d), not all zeros.
    """
    if not widths:
        return None
    told = np.flatnonzero(np.any(unit, axis=1))
    asked = unit[np.random.default_rng(seed).choice(told, SAMPLE)]
    truth = search(asked, SAMPLE_COUNT, None)
    return next((w for w in widths if recall(search(asked, SAMPLE_COUNT, w), truth) >= WANTED_RECALL), None)
