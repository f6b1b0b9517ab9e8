"""Whole numbers out of the store in bulk: many rows as int64 arrays, without an object for each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Bulk:
    """What to read: expressions that give whole numbers, never NULL, and a FROM ... WHERE with the placeholder {shop}.

    key: an indexed column (after the shop) by whose ranges it can be read. order: of the rows; "" for any.
    """

    columns: tuple[str, ...]
    source: str
    key: str = ""
    order: str = ""


def stream_integers(
    connection: Connection, bulk: Bulk, shop_id: int, cuts: Sequence[int] = ()
) -> Iterator[NDArray[np.int64]]:
    """The answer in chunks, int64 arrays of shape (rows, columns), none of them empty.

    cuts: ascending values of the bulk's key; a chunk is what lies from one up to the next, and what lies before the
    first is left out. Without cuts all rows are one chunk.

    The database joins each column of a chunk into one text: a Python object for each row would take twice the time
    with SQLite and five times with PostgreSQL.
    """
    source = bulk.source.format(shop=int(shop_id))
    join = "group_concat({})" if connection.dialect.name == "sqlite" else "string_agg(CAST({} AS TEXT), ',')"
    names = [f"c{number}" for number in range(len(bulk.columns))]
    inner = ", ".join(f"{column} AS {name}" for column, name in zip(bulk.columns, names, strict=True))
    # Both databases hand an aggregate its rows in the order of the sub-query.
    order = f" ORDER BY {bulk.order}" if bulk.order else ""
    ranges = [f" AND {bulk.key} >= {int(low)}" for low in cuts] or [""]
    for at, high in enumerate(cuts[1:]):
        ranges[at] += f" AND {bulk.key} < {int(high)}"
    select = f"SELECT {', '.join(map(join.format, names))} FROM (SELECT {inner} {source}"  # noqa: S608  numbers alone
    for each in ranges:
        texts = connection.exec_driver_sql(f"{select}{each}{order}) AS wanted").one()
        if texts[0] is not None:
            yield np.stack([np.fromstring(text, dtype=np.int64, sep=",") for text in texts], axis=1)


def read_integers(connection: Connection, bulk: Bulk, shop_id: int, cuts: Sequence[int] = ()) -> NDArray[np.int64]:
    """The whole answer, int64 (rows, columns); for those known to be small beside the order lines."""
    empty = np.empty((0, len(bulk.columns)), dtype=np.int64)
    return np.concatenate([empty, *stream_integers(connection, bulk, shop_id, cuts)])
