"""Parts of the tables that grow with time: on PostgreSQL made ahead, and dropped whole.

A row for which no part was made is kept in the table's default part, and moved when its part is made: none is refused.
On SQLite there are no parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection, text

from integration.storage.base import to_micros
from integration.storage.database import Database

# Made so long before they are needed: a scheduler that stands still for a month is no trouble.
AHEAD = timedelta(days=35)
# Older rows, which no sound clock wrote, stay in the default part.
FURTHEST_BACK = timedelta(days=1100)
A_MONTH_AT_MOST = timedelta(days=31)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Parted:
    """How a table is partitioned. by_slate: by a slate's id, which begins with its time; else by microseconds."""

    weekly: bool
    by_slate: bool

    def start(self, moment: datetime) -> datetime:
        """When the part begins that holds a moment: a Monday, or the first of a month."""
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day - timedelta(days=day.weekday()) if self.weekly else day.replace(day=1)

    def end(self, start: datetime) -> datetime:
        """When the part ends that begins then."""
        return start + WEEK if self.weekly else self.start(start + A_MONTH_AT_MOST)

    def bound(self, moment: datetime) -> str:
        """A moment as the column has it."""
        micros = to_micros(moment)
        return f"{micros // 1000 << 80:032x}" if self.by_slate else str(micros)


PARTED: Mapping[str, Parted] = MappingProxyType(
    {
        "delivery": Parted(weekly=True, by_slate=False),
        "behaviour_event": Parted(weekly=False, by_slate=False),
        "slate": Parted(weekly=False, by_slate=True),
        "impression": Parted(weekly=False, by_slate=True),
    }
)

_PART = re.compile(r"(\w+)_p(\d{8})")
_NAMES = text(
    "SELECT part.relname FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid"
    " JOIN pg_class AS parent ON parent.oid = inhparent"
    " WHERE parent.relkind = 'p' AND part.relnamespace = to_regnamespace(current_schema())"
)


def names(connection: Connection) -> frozenset[str]:
    """The names of all parts, which are tables themselves; none on SQLite."""
    if connection.dialect.name != "postgresql":
        return frozenset()
    return frozenset(connection.scalars(_NAMES))


def starts(connection: Connection) -> Mapping[str, list[datetime]]:
    """When each part begins, by table, the oldest first; without the default parts."""
    found: dict[str, list[datetime]] = {table: [] for table in PARTED}
    for name in sorted(names(connection)):
        if (match := _PART.fullmatch(name)) and match[1] in found:
            found[match[1]].append(datetime.strptime(match[2], "%Y%m%d").replace(tzinfo=UTC))
    return found


def make_ahead(database: Database, now: datetime) -> int:
    """Make the parts that the next weeks need. Returns how many there were not; running it again makes none."""
    return sum(make_since(database, table, now, now) for table in PARTED)


def make_since(database: Database, table: str, oldest: datetime, now: datetime) -> int:
    """The same for one table, and for the time since its oldest row, three years at most."""
    if database.is_sqlite:
        return 0
    with database.read() as connection:
        there = starts(connection)[table]
    first = max(min(oldest, now), now - FURTHEST_BACK)
    missing = [start for start in _needed(PARTED[table], first, now + AHEAD) if start not in there]
    return sum(_make(database, table, start) for start in missing)


def drop_before(database: Database, bounds: Mapping[str, datetime]) -> int:
    """Drop the parts of tables in which everything is older than the table's bound. Returns how many.

    A part with deliveries that wait to be applied is left as it is.
    """
    if database.is_sqlite:
        return 0
    with database.read() as connection:
        there = starts(connection)
    over = [
        (table, start) for table, bound in bounds.items() for start in there[table] if PARTED[table].end(start) <= bound
    ]
    return sum(_drop(database, table, start) for table, start in over)


def _needed(parted: Parted, first: datetime, until: datetime) -> Iterator[datetime]:
    start = parted.start(first)
    while start < until:
        yield start
        start = parted.end(start)


def _make(database: Database, table: str, start: datetime) -> bool:
    parted = PARTED[table]
    bounds = {"low": parted.bound(start), "high": parted.bound(parted.end(start))}
    with database.write() as connection:
        make = text("SELECT shelfwise_make_part(:of, :day, :low, :high)")
        return bool(connection.execute(make, {"of": table, "day": _day(start), **bounds}).scalar())


def _drop(database: Database, table: str, start: datetime) -> bool:
    with database.write() as connection:
        drop = text("SELECT shelfwise_drop_part(:of, :day)")
        return bool(connection.execute(drop, {"of": table, "day": _day(start)}).scalar())


def _day(start: datetime) -> str:
    return f"{start:%Y%m%d}"
