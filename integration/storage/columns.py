"""Whole numbers out of the store in bulk: many rows as int64 arrays, without an object for each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from integration.storage.database import Database

T = TypeVar("T")

READERS = 2


@dataclass(frozen=True, slots=True)
class Bulk:
    """What to read: expressions that give whole numbers, never NULL, and a FROM ... WHERE with the placeholder {shop}.

    key: an indexed column (after the shop) by whose ranges it can be read. order: of the rows; "" for any.
    """

    columns: tuple[str, ...]
    source: str
    key: str = ""
    order: str = ""


def read_ranges(
    database: Database, bulk: Bulk, shop_id: int, cuts: Sequence[int], fold: Callable[[NDArray[np.int64]], T]
) -> list[T]:
    """The answer range by range, folded while the next is read, in the order of the ranges.

    cuts: ascending values of the bulk's key; a range goes from one up to the next, and what lies before the first is
    left out. fold: is given an int64 array of shape (rows, columns); called from several threads. Ranges are read by
    READERS connections at once, each in a statement of its own.
    """
    ranges = [f" AND {bulk.key} >= {int(low)}" for low in cuts]
    for at, high in enumerate(cuts[1:]):
        ranges[at] += f" AND {bulk.key} < {int(high)}"

    def read(condition: str) -> T:
        return fold(_read(database, bulk, shop_id, condition))

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(read, ranges))


def read_integers(database: Database, bulk: Bulk, shop_id: int, low: int | None = None) -> NDArray[np.int64]:
    """The whole answer, int64 (rows, columns); for those known to be small beside the order lines.

    low: the least value of the bulk's key; None for all.
    """
    return _read(database, bulk, shop_id, "" if low is None else f" AND {bulk.key} >= {int(low)}")


def _read(database: Database, bulk: Bulk, shop_id: int, condition: str) -> NDArray[np.int64]:
    # The database joins each column into one text. A Python object for each row would take twice the time with SQLite
    # and five times with PostgreSQL, and would hold the interpreter's lock all the while.
    join = "group_concat({})" if database.is_sqlite else "string_agg(CAST({} AS TEXT), ',')"
    names = [f"c{number}" for number in range(len(bulk.columns))]
    inner = ", ".join(f"{column} AS {name}" for column, name in zip(bulk.columns, names, strict=True))
    # Both databases hand an aggregate its rows in the order of the sub-query.
    order = f" ORDER BY {bulk.order}" if bulk.order else ""
    rows = f"(SELECT {inner} {bulk.source.format(shop=int(shop_id))}{condition}{order}) AS wanted"
    with database.read() as connection:
        texts = connection.exec_driver_sql(f"SELECT {', '.join(map(join.format, names))} FROM {rows}").one()  # noqa: S608
    if texts[0] is None:
        return np.empty((0, len(names)), dtype=np.int64)
    return np.stack([np.fromstring(text, dtype=np.int64, sep=",") for text in texts], axis=1)
