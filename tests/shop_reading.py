"""Reading a played shop in tests: clocks that move, processes that die, and what is stored in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.base import Page, Reader
from connectors.shopify.reader import KINDS
from integration.services import readings, refetches
from integration.storage.database import Database
from integration.storage.reading_writes import LEVEL

STORED = (
    "product",
    "variant",
    "inventory_level",
    "location",
    "order",
    "order_line",
    "refund",
    "refund_line",
    "customer",
)
# What two shops with the same contents may differ in.
OWN = {"id", "shop_id", "shelf_version"}


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


@dataclass
class Clock:
    """A clock that a test moves on."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Mortal:
    """A reader whose process is killed when it is at a certain page, of those that it tells in all."""

    reader: Reader
    dies_at: int

    @property
    def kinds(self) -> Any:
        return self.reader.kinds

    def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
        for page in self.reader.read(kind, position=position, since=since):
            if self.dies_at == 0:
                raise Killed
            self.dies_at -= 1
            yield page

    def fetch(self, wanted: Any) -> Any:
        return self.reader.fetch(wanted)


def read_all(database: Database, shop_id: int, reader: Reader, clock: Clock) -> None:
    with database.write() as connection:
        readings.start(connection, shop_id, "shopify", KINDS, now=clock())
    read_on(database, shop_id, reader, clock)


def read_on(database: Database, shop_id: int, reader: Reader, clock: Clock) -> None:
    """Until everything is read, whatever has to be waited for."""
    for _ in range(50):
        readings.run(database, shop_id, reader, clock=clock)
        while refetches.fetch(database, shop_id, reader, clock=clock):
            pass
        if all(each.finished for each in readings.progress(database, shop_id)):
            return
        clock.move(minutes=10)
    raise AssertionError(readings.progress(database, shop_id))


def contents(database: Database, shop_id: int) -> dict[str, list[Any]]:
    """All that is stored of a shop, without the numbers that are our own."""
    found: dict[str, list[Any]] = {}
    with database.read() as connection:
        tables = sa.MetaData()
        tables.reflect(database.engine, only=STORED)
        names = {
            (name, row.id): row.external_id
            for name in ("product", "order", "refund", "customer")
            for row in connection.execute(sa.select(tables.tables[name]))
        }
        for name in STORED:
            table = tables.tables[name]
            rows = connection.execute(sa.select(table).where(table.c.shop_id == shop_id)).mappings()
            plain = [{key: _named(names, key, value) for key, value in row.items() if key not in OWN} for row in rows]
            found[name] = sorted(plain, key=str)
    return found


def _named(names: dict[tuple[str, int], str], key: str, value: Any) -> Any:
    return names.get((key.removesuffix("_id"), value), value) if key.endswith("_id") else value


def stored(database: Database, shop_id: int, table: sa.Table) -> dict[str, Any]:
    with database.read() as connection:
        return {row.external_id: row for row in connection.execute(sa.select(table).where(table.c.shop_id == shop_id))}


def levels(database: Database, shop_id: int) -> dict[tuple[str, str], Any]:
    with database.read() as connection:
        rows = connection.execute(sa.select(LEVEL).where(LEVEL.c.shop_id == shop_id, LEVEL.c.removed_at.is_(None)))
        return {(row.inventory_item, row.location): row for row in rows}
