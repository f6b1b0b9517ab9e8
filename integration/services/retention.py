"""How long behaviour is kept: what is older than the operator's bound is deleted, about once a day, a part at a time.

Orders and the catalogue are the shop's own records and stay as long as the shop does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete, exists, select

from integration.settings import Settings
from integration.storage.behaviour import BehaviourEvent, Impression, Session, Slate, Visitor
from integration.storage.database import Database
from integration.storage.shops import Shop
from integration.storage.upsert import table_of

SHOP = table_of(Shop)
EVENT, IMPRESSION, SLATE = table_of(BehaviourEvent), table_of(Impression), table_of(Slate)
SESSION, VISITOR = table_of(Session), table_of(Visitor)

# A shop is tidied when something is so much older than it may be, and then to the day.
SLACK = timedelta(days=1)
# Rows that are deleted in one go: nobody's webhook waits longer than that takes.
AT_ONCE = 2000


def due(database: Database, settings: Settings, now: datetime) -> list[int]:
    """Shops that hold behaviour of which the time is over."""
    before = now - timedelta(days=settings.keep_behaviour_days) - SLACK
    old = [
        exists().where(table.c.shop_id == SHOP.c.id, is_old)
        for table, is_old in _old(before)
        if table in {EVENT, IMPRESSION, SLATE}
    ]
    with database.read() as connection:
        return sorted({each for one in old for each in connection.scalars(select(SHOP.c.id).where(one))})


def tidy(database: Database, settings: Settings, shop_id: int, now: datetime) -> int:
    """Delete a shop's behaviour that is older than it may be. Returns how many rows; safe to break off and repeat."""
    before = now - timedelta(days=settings.keep_behaviour_days)
    return sum(_delete(database, table, shop_id, is_old) for table, is_old in _old(before))


def _old(before: datetime) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
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
    some = select(table.c.id).where(table.c.shop_id == shop_id, is_old).limit(AT_ONCE)
    deleted = 0
    while True:
        with database.write() as connection:
            count = int(connection.execute(delete(table).where(table.c.id.in_(some))).rowcount)
        deleted += count
        if count < AT_ONCE:
            return deleted
