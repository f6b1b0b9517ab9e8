"""Whole numbers out of the store in bulk: many rows as int64 arrays, without an object for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

ROWS = 131_072
COPY_HEADER_BYTES = 19


@dataclass(frozen=True, slots=True)
class Bulk:
    """What to read: expressions that give whole numbers, never NULL, and a FROM ... WHERE with the placeholder {shop}.

    key: an indexed column (after the shop) by whose ranges SQLite reads; "" to read all at once.
    """

    columns: tuple[str, ...]
    source: str
    key: str = ""


def stream_integers(
    connection: Connection, bulk: Bulk, shop_id: int, cuts: Sequence[int] = ()
) -> Iterator[NDArray[np.int64]]:
    """The answer in chunks, int64 arrays of shape (rows, columns), none of them empty.

    cuts: ascending values of the bulk's key; on SQLite a chunk is what lies from one up to the next, and what lies
    before the first is left out. Without cuts all rows are one chunk.

    Neither way makes a Python object of a row, which would take twice the time: PostgreSQL sends binary COPY, SQLite
    joins each column into one text.
    """
    source = bulk.source.format(shop=int(shop_id))
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return _from_sqlite(driver, bulk, source, cuts)
    return _from_postgresql(driver, bulk, source)


def read_integers(connection: Connection, bulk: Bulk, shop_id: int, cuts: Sequence[int] = ()) -> NDArray[np.int64]:
    """The whole answer, int64 (rows, columns); for those known to be small beside the order lines."""
    empty = np.empty((0, len(bulk.columns)), dtype=np.int64)
    return np.concatenate([empty, *stream_integers(connection, bulk, shop_id, cuts)])


def _from_sqlite(driver: Any, bulk: Bulk, source: str, cuts: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    joined = ", ".join(f"group_concat({column})" for column in bulk.columns)
    statement = f"SELECT {joined} {source}"
    ranges = [f" AND {bulk.key} >= {int(low)}" for low in cuts] or [""]
    for at, high in enumerate(cuts[1:]):
        ranges[at] += f" AND {bulk.key} < {int(high)}"
    for each in ranges:
        texts = driver.execute(statement + each).fetchone()
        if texts[0] is not None:
            yield np.stack([np.fromstring(text, dtype=np.int64, sep=",") for text in texts], axis=1)


def _from_postgresql(driver: Any, bulk: Bulk, source: str) -> Iterator[NDArray[np.int64]]:
    width = len(bulk.columns)
    whole_numbers = ", ".join(f"CAST({column} AS BIGINT)" for column in bulk.columns)
    # A row of binary COPY: the number of fields (int16), then for each its length (int32) and its bytes (int64 here).
    fields = ((f"{part}{n}", kind) for n in range(width) for part, kind in (("size", ">i4"), ("", ">i8")))
    record = np.dtype([("fields", ">i2"), *fields])
    with driver.cursor() as cursor, cursor.copy(f"COPY (SELECT {whole_numbers} {source}) TO STDOUT (FORMAT BINARY)") as copy:
        held, skip = b"", COPY_HEADER_BYTES
        for block in _blocks(copy):
            held = (held + block)[skip:]
            skip = 0
            count = len(held) // record.itemsize
            table = np.frombuffer(held, dtype=record, count=count)
            held = held[count * record.itemsize :]
            if count:
                yield np.stack([table[str(n)].astype(np.int64) for n in range(width)], axis=1)


def _blocks(copy: Iterable[Any]) -> Iterator[bytes]:
    messages = iter(copy)
    while block := b"".join(islice(messages, ROWS)):
        yield block
