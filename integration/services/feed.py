"""Listening whether a shop's deliveries still come; one that is silent for longer than its rhythm explains is read.

A platform drops deliveries, switches subscriptions off, or can't reach us, and says nothing of it: only that nothing
comes can be seen. Most shops are silent at night, and some from Friday to Monday.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, func, select, type_coerce

import connectors
from connectors.errors import UnknownPlatform
from integration.services import readings, set_up
from integration.services.rhythm import WEEK_HOURS, WEEKS, hour_of, rhythm_of
from integration.settings import Settings
from integration.storage import reading_writes
from integration.storage.access_writes import CONNECTION, SHOP
from integration.storage.access_writes import find as find_token
from integration.storage.database import Database
from integration.storage.deliveries import Delivery
from integration.storage.feeds import Feed
from integration.storage.reading_writes import READING
from integration.storage.upsert import always, table_of, upsert

log = logging.getLogger(__name__)

FEED = table_of(Feed)
DELIVERY = table_of(Delivery)

LISTEN_EVERY = timedelta(minutes=10)
WHOLE = timedelta(hours=WEEKS * WEEK_HOURS)
MICROSECONDS_AN_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that is not explained. since: the last delivery.

    read_at: when the shop was last read since then, None where it was not yet; missed: what had been missed by then.
    """

    since: datetime
    read_at: datetime | None
    missed: int

    @property
    def is_trouble(self) -> bool:
        """Whether something was missed, or nobody knows yet; else the shop may just be quiet."""
        return self.read_at is None or self.missed > 0

    @property
    def sentence(self) -> str:
        """For whoever looks after the shop."""
        said = f"No webhook has come since {self.since:%Y-%m-%d %H:%M} UTC, which is long for this shop."
        if self.read_at is None:
            return f"{said} The shop is read again to find what was missed."
        if not self.missed:
            return f"{said} The shop was read, and nothing had been missed: it may just be quiet."
        return f"{said} Reading the shop put right what no webhook had told of: {self.missed:,} of its things."


def due(database: Database, _settings: Settings, now: datetime) -> list[int]:
    """The shops that were not listened to for a while."""
    heard = select(FEED.c.shop_id).where(FEED.c.counted_until > now - LISTEN_EVERY)
    here = (SHOP.c.uninstalled_at.is_(None), CONNECTION.c.shop_id.not_in(heard))
    statement = select(CONNECTION.c.shop_id).join(SHOP, SHOP.c.id == CONNECTION.c.shop_id).where(*here).distinct()
    with database.read() as connection:
        return sorted(connection.scalars(statement))


def listen(database: Database, shop_id: int, now: datetime) -> Silence | None:
    """Count what came lately, and have the shop read where it is silent for too long. Returns such a silence."""
    with database.write() as connection:
        before = _row(connection, shop_id)
        row = _counted(connection, shop_id, before, now)
        was_silent = before is not None and before.silent_since is not None
        row["silent_since"] = None if _is_explained(row, now) else row["last_at"]
        begins = row["silent_since"] is not None and not was_silent
        upsert(connection, FEED, [row], key=("shop_id",), update=[*row], newer=always)
        if begins:
            hurry(connection, shop_id, now)
    if begins:
        log.warning("shop %s: no delivery since %s, which is long for it: it is read again", shop_id, row["last_at"])
        set_up.want(database, shop_id, now)
    elif was_silent and row["silent_since"] is None:
        log.warning("shop %s: deliveries come again", shop_id)
    with database.read() as connection:
        return silence_of(connection, shop_id)


def _is_explained(row: Mapping[str, Any], now: datetime) -> bool:
    rhythm = rhythm_of(row["hours"], row["known_since"])
    return row["last_at"] is None or rhythm.is_explained(row["last_at"], now)


def silence_of(connection: Connection, shop_id: int) -> Silence | None:
    """The shop's silence, if there is one that is not explained."""
    row = _row(connection, shop_id)
    if row is None or row.silent_since is None:
        return None
    since = (READING.c.shop_id == shop_id, READING.c.started_at > row.silent_since)
    found = select(
        func.max(READING.c.finished_at), func.count() - func.count(READING.c.finished_at), func.sum(READING.c.repaired)
    )
    read_at, under_way, missed = connection.execute(found.where(*since)).one()
    return Silence(row.silent_since, None if under_way else read_at, int(missed or 0))


def silent_feeds(connection: Connection) -> int:
    """How many of the shops that this connection sees are silent for too long."""
    stays = FEED.join(SHOP, SHOP.c.id == FEED.c.shop_id)
    silent = (FEED.c.silent_since.is_not(None), SHOP.c.uninstalled_at.is_(None))
    return int(connection.execute(select(func.count()).select_from(stays).where(*silent)).scalar_one())


def _row(connection: Connection, shop_id: int) -> Row[Any] | None:
    return connection.execute(select(FEED).where(FEED.c.shop_id == shop_id)).first()


def _counted(connection: Connection, shop_id: int, before: Row[Any] | None, now: datetime) -> dict[str, Any]:
    """The feed's row with what came since it was written; at first with what came in the weeks before."""
    since = before.counted_until - LISTEN_EVERY if before else now - WHOLE
    # A delivery's time is taken before it is kept, so that one of just before may appear after.
    here = (DELIVERY.c.shop_id == shop_id, DELIVERY.c.received_at > since)
    hour = type_coerce(DELIVERY.c.received_at, BigInteger) // MICROSECONDS_AN_HOUR
    came = connection.scalars(select(hour).where(*here).distinct())
    ends = select(func.min(DELIVERY.c.received_at), func.max(DELIVERY.c.received_at)).where(*here)
    first, last = connection.execute(ends).one()
    last = last or (before.last_at if before else None)
    oldest = (last or now) - WHOLE
    hours = {*(before.hours if before else ()), *came}
    return {
        "shop_id": shop_id,
        "hours": sorted(each for each in hours if each >= hour_of(oldest)),
        "known_since": max(before.known_since, oldest) if before else first or now,
        "counted_until": now,
        "last_at": last,
        "silent_since": before.silent_since if before else None,
    }


def hurry(connection: Connection, shop_id: int, now: datetime) -> None:
    """Have a shop read at once: its shelf whole, and of the rest what changed since it was last read."""
    token = find_token(connection, shop_id)
    if token is None or token.lost_at is not None:
        return
    platform = str(token.platform)
    try:
        shelf = connectors.get(platform).shelf
    except UnknownPlatform:
        return
    kinds = select(READING.c.kind).where(READING.c.shop_id == shop_id).distinct()
    for kind in sorted(connection.scalars(kinds)):
        last = reading_writes.newest(connection, shop_id, kind)
        since = None if kind in shelf or last is None else last.started_at - readings.OVERLAP
        readings.start(connection, shop_id, platform, [kind], since, now=now)
