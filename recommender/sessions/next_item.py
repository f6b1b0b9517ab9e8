"""The next item of a running session: candidates of neighbour sessions and transitions, in a learnt order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recommender.sessions.index import SessionIndex, added

if TYPE_CHECKING:
    from recommender.blend.trees import Trees
    from recommender.sessions.search import Knobs
    from recommender.sessions.transitions import Transitions

EVERYTHING = np.zeros(0, np.bool_)
EVERYTHING.setflags(write=False)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Candidates, best first: rows, int32 (c,); scores, float32 (c,).

    because: int32 (c,), the item of the session that spoke loudest for each, -1 for one that is only popular.
    support: int32 (c,), how many of the neighbour sessions hold it.
    """

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    because: NDArray[np.int32]
    support: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class NextItem:
    """All that scoring a session takes.

    traits: float32 (n_items, 5), see traits.py. popular: int32, rows by newest clicks, which fill what a session leaves
    empty. trees: of the ranker; none where the data was too small for one or one did not gain.
    """

    index: SessionIndex
    transitions: Transitions
    traits: NDArray[np.float32]
    popular: NDArray[np.int32]
    knobs: Knobs
    trees: Trees

    def candidates(
        self, session: Sequence[int] | NDArray[np.integer], allowed: NDArray[np.bool_] | None, count: int
    ) -> Scored:
        """At most `count` items for what may come next, best first; an item of the session itself may be one.

        session: rows, newest last; rows the model does not know are passed over. allowed: (n_items,), the only items
        that take a place; None for all.
        """
        from recommender.sessions.ranking import ranked

        clicks = np.asarray(session, np.int64)
        known = clicks[(clicks >= 0) & (clicks < self.index.n_items)].astype(np.int32)
        mask = EVERYTHING if allowed is None else np.ascontiguousarray(allowed, np.bool_).view()
        # Machine code is made for each kind of array, and one that may be written to is another kind.
        mask.setflags(write=False)
        index = self.index
        return Scored(
            *ranked(
                known, index.past, index.today, self.transitions, self.traits, self.popular, self.trees, self.knobs,
                mask, count,
            )
        )  # fmt: skip

    def with_sessions(self, bounds: NDArray[np.int64], items: NDArray[np.int32]) -> NextItem:
        """The same model after newer sessions, which count as neighbours at once. See `index.added`."""
        return replace(self, index=added(self.index, bounds, items))
