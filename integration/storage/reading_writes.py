"""Readings of connected shops: begun, taken up by one process at a time, brought on, put off and ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from connectors.records import Change, Current, InventoryLevel, Product, RecordKind, Removed
from connectors.records import Refetch as Wanted
from integration.storage.access import AccessToken
from integration.storage.catalogue import InventoryLevel as LevelRow
from integration.storage.catalogue import Product as ProductRow
from integration.storage.orders import Order as OrderRow
from integration.storage.readings import Reading, ReadingPage, Refetch
from integration.storage.shops import Shop
from integration.storage.upsert import chunks, table_of

READING = table_of(Reading)
PAGE = table_of(ReadingPage)
REFETCH = table_of(Refetch)
TOKEN = table_of(AccessToken)
SHOP = table_of(Shop)
PRODUCT = table_of(ProductRow)
LEVEL = table_of(LevelRow)
ORDER = table_of(OrderRow)


def begin(
    connection: Connection, shop_id: int, platform: str, kind: str, *, since: datetime | None, now: datetime
) -> None:
    """Note that a kind has to be read."""
    shelf_version = select(SHOP.c.shelf_version).where(SHOP.c.id == shop_id).scalar_subquery()
    row = {
        "shop_id": shop_id,
        "platform": platform,
        "kind": kind,
        "since": since,
        "position": "",
        "read": 0,
        "repaired": 0,
        "shelf_version": shelf_version,
        "started_at": now,
        "progressed_at": now,
        "attempts": 0,
        "error": "",
    }
    connection.execute(READING.insert().values(row))


def change(connection: Connection, reading_id: int, **values: Any) -> None:
    """Write something else into a reading's row."""
    connection.execute(update(READING).where(READING.c.id == reading_id).values(values))


def change_held(connection: Connection, reading_id: int, lease: datetime, **values: Any) -> bool:
    """The same, for the process that holds this very lease. False if another one took the reading over."""
    held = (READING.c.id == reading_id) & (READING.c.lease_until == lease) & READING.c.finished_at.is_(None)
    return connection.execute(update(READING).where(held).values(values)).rowcount == 1


def take(connection: Connection, shop_id: int, *, now: datetime, until: datetime) -> Row[Any] | None:
    """The shop's first reading that is due, held until a time; None where there is none, or another process reads."""
    unfinished = (READING.c.shop_id == shop_id) & READING.c.finished_at.is_(None)
    if connection.execute(select(READING.c.id).where(unfinished, READING.c.lease_until >= now)).first():
        return None
    due = select(READING).where(unfinished, _is_due(now)).order_by(READING.c.id).limit(1)
    row = connection.execute(due).first()
    free = or_(READING.c.lease_until.is_(None), READING.c.lease_until < now)
    if row is None:
        return None
    taken = update(READING).where(READING.c.id == row.id, free).values(lease_until=until)
    return row if connection.execute(taken).rowcount == 1 else None


def _is_due(now: datetime) -> Any:
    return or_(READING.c.next_attempt_at.is_(None), READING.c.next_attempt_at <= now)


def unfinished(connection: Connection, shop_id: int, kind: str) -> Row[Any] | None:
    """The reading of a kind that is not at its end."""
    here = (READING.c.shop_id == shop_id) & (READING.c.kind == kind) & READING.c.finished_at.is_(None)
    return connection.execute(select(READING).where(here).order_by(READING.c.id).limit(1)).first()


def newest(connection: Connection, shop_id: int, kind: str, *, whole: bool = False) -> Row[Any] | None:
    """The reading of a kind that began last, of those that are at their end. whole: of all things, not of changes."""
    here = (READING.c.shop_id == shop_id) & (READING.c.kind == kind) & READING.c.finished_at.is_not(None)
    if whole:
        here &= READING.c.since.is_(None)
    return connection.execute(select(READING).where(here).order_by(READING.c.started_at.desc()).limit(1)).first()


def all_of(connection: Connection, shop_id: int) -> list[Row[Any]]:
    """The shop's newest reading of each kind, in the order in which they began."""
    last = select(func.max(READING.c.id)).where(READING.c.shop_id == shop_id).group_by(READING.c.kind)
    return list(connection.execute(select(READING).where(READING.c.id.in_(last)).order_by(READING.c.id)))


def ended(connection: Connection, shop_id: int, limit: int) -> list[Row[Any]]:
    """The shop's newest readings that came to their end, newest first."""
    here = (READING.c.shop_id == shop_id) & READING.c.finished_at.is_not(None)
    return list(connection.execute(select(READING).where(here).order_by(READING.c.id.desc()).limit(limit)))


def forget_old(connection: Connection, shop_id: int, before: datetime) -> None:
    """Delete readings that ended before a time, but for the newest whole one of each kind."""
    ended_whole = (READING.c.shop_id == shop_id, READING.c.since.is_(None), READING.c.finished_at.is_not(None))
    newest_whole = select(func.max(READING.c.id)).where(*ended_whole).group_by(READING.c.kind)
    old = (READING.c.shop_id == shop_id) & (READING.c.finished_at < before)
    connection.execute(delete(READING).where(old, READING.c.id.not_in(list(connection.scalars(newest_whole)))))


def first_is_read(connection: Connection, shop_id: int, kind: str) -> bool:
    """Whether all things of a kind were once read to their end."""
    return newest(connection, shop_id, kind, whole=True) is not None


def due_shops(connection: Connection, *, now: datetime, rested_since: datetime) -> list[int]:
    """Shops that can be called, and have a reading that could go on, or none that began after a time."""
    callable_shops = (
        select(TOKEN.c.shop_id)
        .join(SHOP, SHOP.c.id == TOKEN.c.shop_id)
        .where(TOKEN.c.lost_at.is_(None), SHOP.c.uninstalled_at.is_(None))
    )
    waiting = select(READING.c.shop_id).where(
        READING.c.finished_at.is_(None),
        _is_due(now),
        or_(READING.c.lease_until.is_(None), READING.c.lease_until < now),
    )
    lately = select(READING.c.shop_id).where(or_(READING.c.started_at > rested_since, READING.c.finished_at.is_(None)))
    rested = or_(TOKEN.c.shop_id.in_(waiting), TOKEN.c.shop_id.not_in(lately))
    return sorted(connection.scalars(callable_shops.where(rested)))


def has_read_all(connection: Connection, shop_id: int) -> bool:
    """Whether the shop was read, and no first reading of it is still under way."""
    rows = connection.execute(
        select(READING.c.finished_at).where(READING.c.shop_id == shop_id, READING.c.since.is_(None))
    ).all()
    return bool(rows) and all(row.finished_at is not None for row in rows)


def untold_levels(connection: Connection, shop_id: int, changes: Sequence[Change], version: datetime) -> list[Removed]:
    """Levels of the same inventory items that the store has, and a telling of all of an item's levels left out."""
    told: set[tuple[str, str]] = set()
    for each in changes:
        if isinstance(each, Removed) and each.kind is RecordKind.INVENTORY_LEVEL:
            told.add((each.external_id, each.location))
        elif isinstance(each, Current) and isinstance(each.record, InventoryLevel):
            told.add((each.record.inventory_item, each.record.location))
    gone: list[Removed] = []
    for chunk in chunks({item for item, _ in told}):
        here = (LEVEL.c.shop_id == shop_id) & LEVEL.c.inventory_item.in_(chunk) & LEVEL.c.removed_at.is_(None)
        statement = select(LEVEL.c.inventory_item, LEVEL.c.location).where(here, LEVEL.c.source_version < version)
        for item, location in connection.execute(statement):
            if (item, location) not in told:
                gone.append(Removed(RecordKind.INVENTORY_LEVEL, item, version, location))
    return gone


def note_told(connection: Connection, reading: Row[Any], changes: Sequence[Change]) -> None:
    """Keep which products a page of a whole reading spoke of, until it ends."""
    records = (each.record for each in changes if isinstance(each, Current))
    told = [each.external_id for each in records if isinstance(each, Product)]
    told += [each.external_id for each in changes if isinstance(each, Wanted) and each.kind is RecordKind.PRODUCT]
    if told:
        connection.execute(PAGE.insert().values(shop_id=reading.shop_id, reading_id=reading.id, told=told))


def unspoken_products(connection: Connection, reading: Row[Any]) -> list[Wanted]:
    """Products that a reading of all of them did not speak of, and nothing else did since it began."""
    pages = (PAGE.c.shop_id == reading.shop_id, PAGE.c.reading_id == reading.id)
    told = {each for page in connection.scalars(select(PAGE.c.told).where(*pages)) for each in page}
    connection.execute(delete(PAGE).where(*pages))
    statement = select(PRODUCT.c.external_id).where(
        PRODUCT.c.shop_id == reading.shop_id,
        PRODUCT.c.known,
        PRODUCT.c.removed_at.is_(None),
        PRODUCT.c.shelf_version <= reading.shelf_version,
    )
    return [Wanted(RecordKind.PRODUCT, each) for each in connection.scalars(statement) if each not in told]


def keep_gone(connection: Connection, reading: Row[Any], version: datetime) -> None:
    """Of products that are taken away, and of which a reading of all did not speak, what is older has no say any more.

    A shop may have brought one back and deleted it for good since, and word of the former may yet come.
    """
    gone = (PRODUCT.c.shop_id == reading.shop_id, PRODUCT.c.removed_at.is_not(None), PRODUCT.c.source_version < version)
    connection.execute(update(PRODUCT).where(*gone).values(source_version=version))


def wanted(connection: Connection, shop_id: int, now: datetime, limit: int) -> list[Row[Any]]:
    """What has to be asked and is due, longest waiting first."""
    due = or_(REFETCH.c.next_attempt_at.is_(None), REFETCH.c.next_attempt_at <= now)
    statement = select(REFETCH).where(REFETCH.c.shop_id == shop_id, due)
    return list(connection.execute(statement.order_by(REFETCH.c.asked_at, REFETCH.c.id).limit(limit)))


def answered(connection: Connection, rows: Iterable[Row[Any]]) -> None:
    """Forget what was asked, unless it was asked anew meanwhile."""
    for row in rows:
        connection.execute(delete(REFETCH).where(REFETCH.c.id == row.id, REFETCH.c.asked_at == row.asked_at))


def put_off(connection: Connection, rows: Iterable[Row[Any]], until: datetime) -> None:
    """Ask again at a time."""
    ids = [row.id for row in rows]
    for chunk in chunks(ids):
        values = {"attempts": REFETCH.c.attempts + 1, "next_attempt_at": until}
        connection.execute(update(REFETCH).where(REFETCH.c.id.in_(chunk)).values(values))


def shops_with_wants(connection: Connection, now: datetime) -> list[int]:
    """Shops that can be called and have something that has to be asked now."""
    due = or_(REFETCH.c.next_attempt_at.is_(None), REFETCH.c.next_attempt_at <= now)
    statement = (
        select(REFETCH.c.shop_id)
        .join(TOKEN, TOKEN.c.shop_id == REFETCH.c.shop_id)
        .where(due, TOKEN.c.lost_at.is_(None))
        .distinct()
    )
    return sorted(connection.scalars(statement))
