"""How long behaviour and deliveries are kept: what is older than the operator's bounds is deleted about once a day.

Behaviour is deleted to the day, some rows at a time. On PostgreSQL months of it that are over go whole, and deliveries
a week at a time. A delivery that waits to be applied stays, however old it is.

Orders and the catalogue are the shop's own records and stay as long as the shop does.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import Boolean, ColumnElement, Table, delete, exists, literal_column, select, tuple_
from sqlalchemy.exc import DBAPIError

from integration.settings import Settings
from integration.storage import partitions
from integration.storage.behaviour import BehaviourEvent, Impression, Session, Slate, Visitor
from integration.storage.database import Database
from integration.storage.deliveries import Delivery, DeliveryKey, DeliveryStatus
from integration.storage.shops import Shop
from integration.storage.upsert import table_of

log = logging.getLogger(__name__)
SHOP = table_of(Shop)
EVENT, IMPRESSION, SLATE = table_of(BehaviourEvent), table_of(Impression), table_of(Slate)
SESSION, VISITOR = table_of(Session), table_of(Visitor)
DELIVERY, KEY = table_of(Delivery), table_of(DeliveryKey)
# On PostgreSQL: for which no part was made, so that they don't go with one.
IN_NO_WEEK: ColumnElement[bool] = literal_column("delivery.tableoid = 'delivery_default'::regclass", Boolean)

# A shop is tidied when something is so much older than it may be, and then to the day.
SLACK = timedelta(days=1)
# Rows that are deleted in one go: nobody's webhook waits longer than that takes.
AT_ONCE = 2000


def due(database: Database, settings: Settings, now: datetime) -> list[int]:
    """Shops that hold something of which the time is over."""
    found = [*_old_behaviour(_bound(settings, now) - SLACK), *_old_keys(_delivery_bound(settings, now) - SLACK)]
    old = [exists().where(table.c.shop_id == SHOP.c.id, is_old) for table, is_old in found]
    with database.read() as connection:
        return sorted({each for one in old for each in connection.scalars(select(SHOP.c.id).where(one))})


def tidy(database: Database, settings: Settings, shop_id: int, now: datetime) -> int:
    """Delete what a shop has that is older than it may be. Returns how many rows; safe to break off and repeat."""
    deliveries = _delivery_bound(settings, now)
    old = [*_old_behaviour(_bound(settings, now)), *_old_keys(deliveries)]
    settled = (DELIVERY.c.received_at < deliveries) & (DELIVERY.c.status != DeliveryStatus.WAITING)
    old.append((DELIVERY, settled if database.is_sqlite else settled & IN_NO_WEEK))
    return sum(_delete(database, table, shop_id, is_old) for table, is_old in old)


def keep_parts(database: Database, settings: Settings, now: datetime) -> int:
    """Make the parts of tables that the next weeks need, and drop those that are over. Returns how many; on PostgreSQL.

    Costs a look at their names where nothing is to be done. What can't be done now, as others hold the table, is tried
    again the next time.
    """
    bounds = dict.fromkeys(partitions.PARTED, _bound(settings, now)) | {"delivery": _delivery_bound(settings, now)}
    try:
        return partitions.make_ahead(database, now) + partitions.drop_before(database, bounds)
    except DBAPIError as error:
        log.warning("the parts of tables are left as they are for now: %s", error.orig)
        return 0


def _bound(settings: Settings, now: datetime) -> datetime:
    return now - timedelta(days=settings.keep_behaviour_days)


def _delivery_bound(settings: Settings, now: datetime) -> datetime:
    return now - timedelta(days=settings.keep_deliveries_days)


def _old_keys(before: datetime) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    return ((KEY, KEY.c.received_at < before),)


def _old_behaviour(before: datetime) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    """What is old in each table. What belongs to another row comes before it."""
    # A slate's id begins with its time in milliseconds, so that this is a part of an index.
    first_slate = f"{int(before.timestamp() * 1000) << 80:032x}"
    return (
        (EVENT, EVENT.c.occurred_at < before),
        (IMPRESSION, IMPRESSION.c.seen_at < before),
        (SLATE, SLATE.c.slate < first_slate),
        (SESSION, SESSION.c.last_event_at < before),
        (VISITOR, VISITOR.c.last_seen_at < before),
    )


def _delete(database: Database, table: Table, shop_id: int, is_old: ColumnElement[bool]) -> int:
    key = tuple(table.primary_key)
    some = select(*key).where(table.c.shop_id == shop_id, is_old).limit(AT_ONCE)
    deleted = 0
    while True:
        with database.write() as connection:
            count = int(connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount)
        deleted += count
        if count < AT_ONCE:
            return deleted
