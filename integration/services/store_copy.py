"""A store copied into another one, such as from SQLite to PostgreSQL and back: whole, or not at all.

While it is copied nothing can be written to it: what came meanwhile would be missing in the copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, func, select, text, tuple_
from sqlalchemy.exc import DBAPIError, StatementError

from integration import migrations
from integration.storage import Base, partitions
from integration.storage.behaviour import BehaviourEvent, Impression, Slate
from integration.storage.database import Database
from integration.storage.deliveries import Delivery
from integration.storage.upsert import table_of

BATCH = 2000
# The times by which rows lie in the parts of tables.
TIMES: Mapping[str, Any] = MappingProxyType(
    {
        "delivery": table_of(Delivery).c.received_at,
        "behaviour_event": table_of(BehaviourEvent).c.occurred_at,
        "slate": table_of(Slate).c.created_at,
        "impression": table_of(Impression).c.seen_at,
    }
)

# Told a table, how many of its rows are copied, and how many it has.
Watch = Callable[[str, int, int], None]


class CantCopy(Exception):
    """The stores don't suit each other, or a row does not suit the target; the message says what to do."""


def copy_store(source: Database, target: Database, now: datetime, *, watch: Watch) -> Mapping[str, int]:
    """Copy all rows, and return how many there are of each table. Raises CantCopy; the target is empty then.

    Both must be at the newest revision; the target must be empty.
    """
    if source.url == target.url:
        raise CantCopy("these are the same store")
    source, target = source.across_shops(), target.across_shops()
    for name, store in (("source", source), ("target", target)):
        _need_newest(name, store)
    _need_empty(target)
    tables = Base.metadata.sorted_tables
    with _held(source, tables) as reading:
        for table, column in TIMES.items():
            oldest = reading.execute(select(func.min(column))).scalar()
            partitions.make_since(target, table, oldest or now, now)
        with target.write() as writing:
            counts = {table.name: _copy(reading, writing, table, watch) for table in tables}
            _set_numbers(writing, tables)
    return counts


def _need_newest(name: str, store: Database) -> None:
    try:
        revision = migrations.current(store)
    except migrations.MigrationError as error:
        raise CantCopy(f"the {name}: {error}") from None
    if revision != migrations.newest():
        raise CantCopy(
            f"the {name} is at revision {revision or 'base'}, not at {migrations.newest()}: "
            "run `shelfwise migrate` with its address as SHELFWISE_DATABASE_URL first"
        )


def _need_empty(target: Database) -> None:
    with target.read() as connection:
        for table in Base.metadata.sorted_tables:
            if connection.execute(select(*table.primary_key).limit(1)).first() is not None:
                raise CantCopy(f"the target is not empty (there are rows in {table.name}): copy into a fresh store")


@contextmanager
def _held(source: Database, tables: Sequence[Table]) -> Iterator[Connection]:
    """The store as it stands, which nobody changes meanwhile."""
    with source.write() as connection:
        if not source.is_sqlite:
            quote = connection.dialect.identifier_preparer.quote
            names = ", ".join(quote(table.name) for table in tables)
            connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")
        yield connection


def _copy(reading: Connection, writing: Connection, table: Table, watch: Watch) -> int:
    total, copied = _count(reading, table), 0
    watch(table.name, 0, total)
    for rows in _batches(reading, table):
        try:
            writing.execute(table.insert(), [dict(row) for row in rows])
        except (DBAPIError, StatementError) as error:
            reason = str(error.orig or error).strip().splitlines()[0]
            raise CantCopy(f"{table.name}: a row from {_key(table, rows[0])} on can't be kept: {reason}") from error
        copied += len(rows)
        watch(table.name, copied, total)
    if not copied == total == _count(writing, table):
        raise CantCopy(f"{table.name}: {total} rows became {_count(writing, table)}; nothing was kept")
    return total


def _batches(reading: Connection, table: Table) -> Iterator[Sequence[RowMapping]]:
    key = tuple(table.primary_key)
    statement = select(table).order_by(*key).limit(BATCH)
    rows = reading.execute(statement).mappings().all()
    while rows:
        yield rows
        rows = reading.execute(statement.where(tuple_(*key) > tuple_(*_key(table, rows[-1])))).mappings().all()


def _key(table: Table, row: RowMapping) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _set_numbers(writing: Connection, tables: Sequence[Table]) -> None:
    """Have new rows numbered from here on; SQLite does so by itself."""
    if writing.dialect.name != "postgresql":
        return
    for table in tables:
        if "id" in table.c:
            last = writing.execute(select(func.max(table.c.id))).scalar()
            number = text("SELECT setval(:sequence, :last, :used)")
            values = {"sequence": f"{table.name}_id_seq", "last": last or 1, "used": last is not None}
            writing.execute(number, values)
