"""Every allowed row is scored: no index, nothing to tune, and the yardstick of all others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.vectors.index import Found, allowed_rows, checked, checked_queries, ranked

# So many scores at a time (float32: 16 MB); more would leave the processor's caches.
SCORES_AT_ONCE = 4_000_000
# Past this share of the rows, copying the allowed ones together takes longer than scoring the others as well.
GATHERED = 0.1


class ExactIndex:
    """A `VectorIndex` by brute force. ids, vectors: as for `checked`."""

    def __init__(self, ids: NDArray[Any], vectors: NDArray[Any]) -> None:
        self._ids, self.unit = checked(ids, vectors)
        self._told: NDArray[np.bool_] = np.any(self.unit, axis=1)

    @property
    def ids(self) -> NDArray[np.int64]:
        """See `VectorIndex`."""
        return self._ids

    def search(self, queries: NDArray[Any], count: int, allowed: NDArray[Any] | None = None) -> Found:
        """See `VectorIndex`."""
        return self.nearest(
            checked_queries(queries, self.unit.shape[1], count), count, allowed_rows(self._ids, allowed)
        )

    def nearest(self, asked: NDArray[np.float32], count: int, rows: NDArray[np.int64] | None) -> Found:
        """The same for checked questions and rows: int64, ascending, None for all. Few rows are scored alone."""
        rows = np.flatnonzero(self._told) if rows is None else rows[self._told[rows]]
        found = Found.nothing(len(asked), count)
        told = np.flatnonzero(np.any(asked, axis=1))
        if not len(rows):
            return found
        gathered = len(rows) <= GATHERED * len(self.unit)
        vectors = self.unit[rows] if gathered else self.unit
        at_once = max(SCORES_AT_ONCE // len(vectors), 1)
        for begin in range(0, len(told), at_once):
            places = told[begin : begin + at_once]
            for place, scores in zip(places.tolist(), asked[places] @ vectors.T, strict=True):
                mine = scores if len(rows) == len(scores) else scores[rows]
                found.rows[place], found.scores[place] = ranked(rows, mine, count)
        return found
