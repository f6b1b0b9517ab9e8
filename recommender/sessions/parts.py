"""A model of the next item as plain arrays by name, and back: what an artifact holds of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.sessions.index import Segment, SessionIndex, build_index
from recommender.sessions.next_item import NextItem

Arrays = dict[str, NDArray[Any]]


def arrays_of(model: NextItem) -> Arrays:
    """Everything that is an array. Today's sessions are no part of it: they are in the next fit's past."""
    groups: dict[str, Any] = {"past": model.index.past, "transitions": model.transitions, "trees": model.trees}
    named = {f"{group}_{name}": value for group, parts in groups.items() for name, value in parts._asdict().items()}
    return {**named, "traits": model.traits, "popular": model.popular}


def numbers_of(model: NextItem) -> dict[str, float]:
    """Everything that is a number."""
    return dict(model.knobs._asdict())


def from_parts(arrays: Mapping[str, NDArray[Any]], numbers: Mapping[str, Any]) -> NextItem:
    """The model of what `arrays_of` and `numbers_of` gave. Raises KeyError or TypeError where a part is missing."""
    from recommender.blend.trees import Trees
    from recommender.sessions.search import Knobs
    from recommender.sessions.transitions import Transitions

    def group(name: str) -> dict[str, NDArray[Any]]:
        return {key.removeprefix(f"{name}_"): value for key, value in arrays.items() if key.startswith(f"{name}_")}

    past = Segment(**group("past"))
    nothing = build_index(np.zeros(1, np.int64), np.empty(0, np.int32), len(past.starts) - 1).today
    return NextItem(
        SessionIndex(past, nothing),
        Transitions(**group("transitions")),
        arrays["traits"],
        arrays["popular"],
        Knobs(**numbers),
        Trees(**group("trees")),
    )
