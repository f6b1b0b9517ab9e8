"""Insert-or-update where the newest wins, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]
Newer = Callable[[Any, FromClause], ColumnElement[bool]]

CHUNK = 500

T = TypeVar("T")


def table_of(model: type) -> Table:
    """The table behind a mapped class."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`: databases limit how many parameters a statement may have."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    update: Sequence[str],
    newer: Newer | None,
    returning: Sequence[str] = (),
) -> list[Any]:
    """Insert rows; where the key is taken, update the named columns if `newer(excluded, table)` holds.

    newer None: an existing row stays as it is. Returns the `returning` columns of the rows that were written.
    Keys must be unique within `rows`.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    if newer is None:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    else:
        statement = statement.on_conflict_do_update(
            index_elements=key,
            set_={name: statement.excluded[name] for name in update},
            where=newer(statement.excluded, table),
        )
    if not returning:
        if rows:
            connection.execute(statement, list(rows))
        return []
    written: list[Any] = []
    for chunk in chunks(rows):
        result = connection.execute(statement.returning(*(table.c[name] for name in returning)), chunk)
        written += result.all()
    return written


def not_older(excluded: Any, table: FromClause) -> ColumnElement[bool]:
    """The newest state wins; of two with the same time, the one that arrives last."""
    newer: ColumnElement[bool] = excluded.source_version >= table.c.source_version
    return newer
