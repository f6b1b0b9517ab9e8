"""Files of click sessions: `session` to learn from; `prefix` and `target` to be asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.figures import NoData


@dataclass(frozen=True, slots=True, eq=False)
class Clicks:
    """Sessions and questions in rows 0 to n_items - 1; -1 is an item that no session of the training file holds.

    bounds, items: the sessions, oldest first. prefix_bounds, prefix_items: the questions. targets: int64 (questions,).
    """

    n_items: int
    bounds: NDArray[np.int64]
    items: NDArray[np.int32]
    prefix_bounds: NDArray[np.int64]
    prefix_items: NDArray[np.int32]
    targets: NDArray[np.int64]

    def prefix(self, case: int) -> NDArray[np.int32]:
        """The known items of a question's session, newest last."""
        clicks = self.prefix_items[self.prefix_bounds[case] : self.prefix_bounds[case + 1]]
        return clicks[clicks >= 0]


def read_clicks(train: Path, test: Path, scale: float) -> Clicks:
    """Two files as one data set. scale: the share of the newest sessions to learn from. Raises NoData."""
    for path in (train, test):
        if not path.exists():
            raise NoData(f"no {path}: put it there, or give your own with --train and --test, or set SHELFWISE_DATA")
    learnt = _table(train, "session")
    asked = _table(test, "prefix", "target")
    sizes, clicks = _lists(learnt, "session", train)
    skipped = len(sizes) - max(int(len(sizes) * min(scale, 1.0)), min(len(sizes), 1))
    clicks = clicks[int(sizes[:skipped].sum()) :]
    prefix_sizes, prefix_clicks = _lists(asked, "prefix", test)
    if not len(clicks):
        raise NoData(f"{train.name} holds no click to learn from")
    if not asked.num_rows:
        raise NoData(f"{test.name} asks nothing: it has no row")
    known, items = np.unique(clicks, return_inverse=True)
    return Clicks(
        len(known),
        _bounds(sizes[skipped:]),
        items.astype(np.int32),
        _bounds(prefix_sizes),
        _rows(prefix_clicks, known).astype(np.int32),
        _rows(asked["target"].to_numpy(), known),
    )


def _table(path: Path, *columns: str) -> pa.Table:
    try:
        return pq.read_table(path, columns=list(columns)).drop_null()
    except (pa.ArrowException, KeyError) as error:
        raise NoData(f"{path.name} can't be read for its columns {', '.join(columns)}: {error}") from None


def _lists(table: pa.Table, name: str, path: Path) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
    """How long each list is, and all their values in a row."""
    column = table.column(name) if name in table.column_names else None
    if column is None or not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        raise NoData(f"{path.name}: its column {name} is to hold lists of items")
    values = pc.list_flatten(column)
    if values.null_count:
        raise NoData(f"{path.name}: its column {name} holds an empty place within a list")
    return pc.list_value_length(column).to_numpy().astype(np.int64), values.to_numpy()


def _bounds(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _rows(values: NDArray[np.generic], known: NDArray[np.generic]) -> NDArray[np.int64]:
    if values.dtype.kind != known.dtype.kind and "O" in values.dtype.kind + known.dtype.kind and len(values):
        raise NoData("the items of the training file and of the test file are of different kinds")
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[places] == values, places, -1).astype(np.int64)
