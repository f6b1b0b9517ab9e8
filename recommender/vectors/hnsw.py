"""HNSW by faiss: a graph that is walked towards the question (Malkov and Yashunin, 2016), for catalogues past a size.

It tunes itself and never trades a filter for a wrong answer: where the walk alone could not answer, rows are scored
one by one, as `ExactIndex` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.vectors.exact import ExactIndex
from recommender.vectors.index import Found, allowed_rows, checked_queries, ranked
from recommender.vectors.tuning import smallest_width

LINKS, BUILD_WIDTH = 16, 100
WIDTHS = (32, 64, 128, 256, 512, 1024)
# One step of the walk costs as much as scoring so many rows one after the other (docs/developers/vectors.md).
STEP_ROWS = 100


class HnswIndex:
    """A `VectorIndex` by graph. ids, vectors: as for `checked`; seed: of the sample that the width is chosen on.

    The width of the walk is the smallest that finds 99.5 % of what an exact search finds for rows of its own, which is
    what it is for; questions that lie between its rows find less. `width` is None where no width below the cost of an
    exact search does: then every search is exact.
    """

    def __init__(self, ids: NDArray[Any], vectors: NDArray[Any], *, seed: int = 0) -> None:
        self._exact = ExactIndex(ids, vectors)
        self._rows = np.flatnonzero(np.any(self._exact.unit, axis=1))
        affordable = [width for width in WIDTHS if width * STEP_ROWS < len(self._rows)]
        self._graph: Any = _graph(self._exact.unit[self._rows]) if affordable else None
        self.width = smallest_width(self._exact.unit, affordable, self._of_all, seed)

    @property
    def ids(self) -> NDArray[np.int64]:
        """See `VectorIndex`."""
        return self._exact.ids

    def search(self, queries: NDArray[Any], count: int, allowed: NDArray[Any] | None = None) -> Found:
        """See `VectorIndex`.

        The walk ignores the filter and fetches so many rows that enough of them should be allowed: those are the
        nearest allowed ones, wherever they lie. A question for which too few are is answered by scoring all that is
        allowed, as every question is under a filter that keeps little.
        """
        asked = checked_queries(queries, self._exact.unit.shape[1], count)
        rows = allowed_rows(self.ids, allowed)
        kept = len(self._rows) if rows is None else len(rows)
        width = self._width_for(count, kept, filtered=rows is not None)
        if width is None:
            return self._exact.nearest(asked, count, rows)
        found = self._walked(asked, count, width, rows)
        short = np.flatnonzero((found.rows[:, -1] < 0) & asked.any(axis=1))
        if len(short):
            again = self._exact.nearest(asked[short], count, rows)
            found.rows[short], found.scores[short] = again.rows, again.scores
        return found

    def _of_all(self, asked: NDArray[np.float32], count: int, width: int | None) -> Found:
        return self._exact.nearest(asked, count, None) if width is None else self._walked(asked, count, width, None)

    def _width_for(self, count: int, kept: int, *, filtered: bool) -> int | None:
        """How wide to walk so that some `count` of `kept` rows are met; None where scoring them costs less."""
        if self.width is None or not kept:
            return None
        total = len(self._rows)
        width = max(self.width, 2 * count) if not filtered else max(self.width, 2 * count * total // kept)
        cost_of_exact = 2 * kept if kept < 0.1 * total else total
        return width if width * STEP_ROWS < cost_of_exact else None

    def _walked(self, asked: NDArray[np.float32], count: int, width: int, rows: NDArray[np.int64] | None) -> Found:
        import faiss

        found = Found.nothing(len(asked), count)
        mask = None
        if rows is not None:
            mask = np.zeros(len(self.ids), np.bool_)
            mask[rows] = True
        fetched = width if mask is not None else min(count + 16, width)
        walk = faiss.SearchParametersHNSW(efSearch=width)  # type: ignore[attr-defined]  # made at run time
        _, places = self._graph.search(asked, fetched, params=walk)
        for place in np.flatnonzero(asked.any(axis=1)).tolist():
            near = self._rows[places[place][places[place] >= 0]]
            near = near if mask is None else near[mask[near]]
            found.rows[place], found.scores[place] = ranked(near, self._exact.unit[near] @ asked[place], count)
        return found


def _graph(unit: NDArray[np.float32]) -> Any:
    """The graph over some vectors."""
    import faiss

    graph = faiss.IndexHNSWFlat(unit.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = BUILD_WIDTH
    # With more threads, which row is linked first, and so the graph, would be a matter of luck.
    with threadpool_limits(limits=1, user_api="openmp"):
        graph.add(unit)
    return graph
