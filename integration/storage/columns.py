"""Whole numbers out of the store in bulk: many rows as int64 arrays, without an object for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

ROWS = 131_072
COPY_HEADER_BYTES = 19


@dataclass(frozen=True, slots=True)
class Bulk:
    """A SELECT of `width` whole numbers, none of them NULL, with the placeholder {shop}.

    sqlite_order: the column by which SQLite is to read. Left to itself it takes any index that starts with the shop;
    this names the one that runs along with the table's own order, and is up to 4 times as quick.
    """

    sql: str
    width: int
    sqlite_order: str = ""


def stream_integers(connection: Connection, bulk: Bulk, shop_id: int, rows: int = ROWS) -> Iterator[NDArray[np.int64]]:
    """The answer in chunks: int64 arrays of shape (up to `rows`, width), none of them empty.

    On PostgreSQL it travels as binary COPY, on SQLite through the driver's own cursor: SQLAlchemy's row objects would
    take several times as long.
    """
    sql = bulk.sql.format(shop=int(shop_id))
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        return _from_postgresql(driver, sql, bulk.width, rows)
    return _from_sqlite(
        driver,
        f"{sql} ORDER BY {bulk.sqlite_order}" if bulk.sqlite_order else sql,
        bulk.width,
        rows,
    )


def read_integers(connection: Connection, bulk: Bulk, shop_id: int) -> NDArray[np.int64]:
    """The whole answer, int64 (rows, width); for those known to be small beside the order lines."""
    return np.concatenate(
        [
            np.empty((0, bulk.width), dtype=np.int64),
            *stream_integers(connection, bulk, shop_id),
        ]
    )


def _from_sqlite(driver: Any, sql: str, width: int, rows: int) -> Iterator[NDArray[np.int64]]:
    cursor = driver.cursor()
    try:
        values: Iterable[int] = chain.from_iterable(cursor.execute(sql))
        while len(chunk := np.fromiter(islice(values, rows * width), dtype=np.int64)):
            yield chunk.reshape(-1, width)
    finally:
        cursor.close()


def _from_postgresql(driver: Any, sql: str, width: int, rows: int) -> Iterator[NDArray[np.int64]]:
    # A row of binary COPY: the number of fields (int16), then for each its length (int32) and its bytes (int64 here).
    field_names = [part for field in range(width) for part in (f"length_{field}", f"value_{field}")]
    record = np.dtype(
        [
            ("fields", ">i2"),
            *((name, ">i8" if name.startswith("value") else ">i4") for name in field_names),
        ]
    )
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT BINARY)") as copy,
    ):
        held = b""
        header = COPY_HEADER_BYTES
        for block in _blocks(copy, rows):
            held += block
            held, header = held[header:], 0
            whole = len(held) // record.itemsize
            table = np.frombuffer(held, dtype=record, count=whole)
            held = held[whole * record.itemsize :]
            if whole:
                yield np.stack(
                    [table[f"value_{field}"].astype(np.int64) for field in range(width)],
                    axis=1,
                )


def _blocks(copy: Iterable[Any], rows: int) -> Iterator[bytes]:
    messages = iter(copy)
    while block := b"".join(islice(messages, rows)):
        yield block
