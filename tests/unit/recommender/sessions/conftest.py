from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.blend.boosting import no_trees
from recommender.sessions.fitting import counted
from recommender.sessions.next_item import NextItem
from recommender.sessions.search import Knobs

Arrays = tuple[NDArray[np.int64], NDArray[np.int32]]


def arrays(sessions: Sequence[Sequence[int]]) -> Arrays:
    """Sessions as bounds and items."""
    bounds = np.cumsum([0, *map(len, sessions)]).astype(np.int64)
    return bounds, np.array([item for session in sessions for item in session], np.int32)


@pytest.fixture(scope="session")
def model_of() -> Callable[[Sequence[Sequence[int]], int], NextItem]:
    """A model of sessions as they are: nothing is tuned, no tree is grown."""
    return lambda sessions, n_items: counted(*arrays(sessions), n_items, Knobs(), no_trees())


@pytest.fixture(scope="session")
def trail() -> Arrays:
    """600 sessions in a shop of 40 items: who clicks an item goes on to the next one, sooner or later to any."""
    rng = np.random.default_rng(7)
    sessions = []
    for _ in range(600):
        at = int(rng.integers(40))
        session = [at]
        for _ in range(int(rng.integers(1, 7))):
            at = (at + 1) % 40 if rng.random() < 0.7 else int(rng.integers(40))
            session.append(at)
        sessions.append(session)
    return arrays(sessions)
