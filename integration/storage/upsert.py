"""Insert-or-update where the newest wins, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, Table, false, select, true
from sqlalchemy.dialects import postgresql, sqlite

from integration.storage.base import EPOCH

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
    if not rows:
        return []
    statement = _statement(connection.dialect.name, table, tuple(key), tuple(update), newer or _never, tuple(returning))
    if not returning:
        connection.execute(statement, list(rows))
        return []
    written: list[Any] = []
    for chunk in chunks(rows):
        written += connection.execute(statement, chunk).all()
    return written


# Making such a statement takes longer than running it, and a store's writer is waited for.
@lru_cache(maxsize=256)
def _statement(
    dialect_name: str, table: Table, key: Sequence[str], update: Sequence[str], newer: Newer, returning: Sequence[str]
) -> Any:
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    statement = dialect.insert(table)
    if newer is _never:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    else:
        statement = statement.on_conflict_do_update(
            index_elements=key,
            set_={name: statement.excluded[name] for name in update},
            where=newer(statement.excluded, table),
        )
    return statement.returning(*(table.c[name] for name in returning)) if returning else statement


def _never(_excluded: Any, _table: FromClause) -> ColumnElement[bool]:
    return false()


def stored_version(connection: Connection, table: Table, shop_id: int, external_id: str) -> datetime:
    """The version of a row of a shop; the oldest there is where there is no row."""
    here = (table.c.shop_id == shop_id, table.c.external_id == external_id)
    found: datetime | None = connection.execute(select(table.c.source_version).where(*here)).scalar()
    return found or EPOCH


def always(_excluded: Any, _table: FromClause) -> ColumnElement[bool]:
    """What comes takes the place of whatever there was."""
    return true()


def not_older(excluded: Any, table: FromClause) -> ColumnElement[bool]:
    """The newest state wins; of two with the same time, the one that arrives last."""
    newer: ColumnElement[bool] = excluded.source_version >= table.c.source_version
    return newer
