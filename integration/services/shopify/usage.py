"""Usage that the merchant agreed to be charged for: kept first, then reported, and each day of it counted once.

A day's key is made of the meter, Shopify's number of the shop and the date, so whoever counts the day again, in another
process or after everything here was restored from a backup, reports it under the same key, which Shopify counts once.
What can't be said for sure is decided for the merchant: it is not charged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, or_, select, update

from connectors.errors import PlatformError
from integration.storage.billing import UsageEvent
from integration.storage.database import Database
from integration.storage.orders import Order
from integration.storage.upsert import table_of, upsert

if TYPE_CHECKING:
    from connectors.shopify.billing.app_events import AppEvents

USAGE = table_of(UsageEvent)
ORDER = table_of(Order)

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
# Shopify promises for so long to know a key again; what is older is not sent at all.
WINDOW = timedelta(hours=24)
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=3)
AT_ONCE = 50
TOO_LATE = "not reported within 24 hours, so it is not charged"
LEFT = "the shop has left, so it is not charged"


def online_orders(connection: Connection, shop_id: int, since: datetime, until: datetime) -> int:
    """Orders that shoppers placed online in [since, until): no tests, none cancelled."""
    counted = select(func.count()).where(
        ORDER.c.shop_id == shop_id,
        ORDER.c.ordered_at >= since,
        ORDER.c.ordered_at < until,
        ORDER.c.channel == "online",
        ORDER.c.is_test.is_(False),
        ORDER.c.cancelled_at.is_(None),
        ORDER.c.removed_at.is_(None),
    )
    return int(connection.execute(counted).scalar_one())


# What can be metered, by the handle that the meter has at Shopify.
METERS: Mapping[str, Callable[[Connection, int, datetime, datetime], int]] = MappingProxyType({"orders": online_orders})


def keep_yesterday(
    connection: Connection, shop_id: int, shop: str, meters: Collection[str], since: datetime, now: datetime
) -> None:
    """Keep what was used on the last whole day (UTC), from `since` on; a day that is kept stays as it was counted.

    shop: Shopify's global id of it.
    """
    until = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    day, number = until - DAY, shop.rsplit("/", 1)[-1]
    rows = [
        {
            "shop_id": shop_id,
            "meter": meter,
            "key": f"{meter}:{number}:{day.date().isoformat()}",
            "quantity": quantity,
            "happened_at": until - timedelta(seconds=1),
            "attempts": 0,
            "error": "",
        }
        for meter in sorted(METERS.keys() & set(meters))
        if (quantity := METERS[meter](connection, shop_id, max(day, since), until))
    ]
    upsert(connection, USAGE, rows, key=("shop_id", "key"), update=(), newer=None)


def report(database: Database, events: AppEvents, shop_id: int, shop: str, now: datetime) -> int:
    """Report what is kept and due, park what is too old. Returns how much was reported. Safe to break off anywhere."""
    park(database, shop_id, TOO_LATE, before=now - WINDOW, now=now)
    reported = 0
    for row in _claim(database, shop_id, now):
        try:
            reported += _report_one(database, events, row, shop, now)
        except PlatformError as later:
            log.info("shop %s: the rest of its usage is reported later: %s", shop_id, later)
            break
    return reported


def park(database: Database, shop_id: int, reason: str, *, before: datetime, now: datetime) -> int:
    """Give up what happened before a time and was not reported, saying why. Returns how many there were."""
    late = update(USAGE).where(_unsent(shop_id), USAGE.c.happened_at < before)
    with database.write() as connection:
        parked = int(connection.execute(late.values(parked_at=now, error=reason)).rowcount)
    if parked:
        log.warning("shop %s: %s of usage %s", shop_id, parked, reason)
    return parked


def _claim(database: Database, shop_id: int, now: datetime) -> list[Row[Any]]:
    """Take up what is due; whoever comes meanwhile, or after a crash of ours, takes it up later."""
    due = or_(USAGE.c.next_attempt_at.is_(None), USAGE.c.next_attempt_at <= now)
    statement = select(USAGE).where(_unsent(shop_id), due).order_by(USAGE.c.id).limit(AT_ONCE)
    with database.write() as connection:
        rows = list(connection.execute(statement.with_for_update(skip_locked=True)))
        for row in rows:
            pause = min(FIRST_PAUSE * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
            _set(connection, row, attempts=row.attempts + 1, next_attempt_at=now + pause)
    return rows


def _report_one(database: Database, events: AppEvents, row: Row[Any], shop: str, now: datetime) -> bool:
    """Whether it was taken. Raises PlatformError where it may be later."""
    from connectors.shopify.billing.app_events import Usage

    try:
        events.report(Usage(shop, row.meter, row.quantity, row.happened_at, row.key))
    except PlatformError as error:
        with database.write() as connection:
            _set(connection, row, error=str(error), parked_at=None if error.retryable else now)
        if error.retryable:
            raise
        log.warning("shop %s: usage %s is not charged: %s", row.shop_id, row.key, error)
        return False
    with database.write() as connection:
        _set(connection, row, sent_at=now, error="")
    return True


def _set(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(USAGE).where(USAGE.c.shop_id == row.shop_id, USAGE.c.id == row.id).values(**values))


def _unsent(shop_id: int) -> Any:
    return (USAGE.c.shop_id == shop_id) & USAGE.c.sent_at.is_(None) & USAGE.c.parked_at.is_(None)
