"""How the store stands, over all shops together, for whoever collects metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from integration.observability import catalogue as metrics
from integration.observability.metrics import Reading
from integration.services.feed import silent_feeds
from integration.storage.database import Database
from integration.storage.deliveries import Delivery, DeliveryStatus
from integration.storage.fits import FIT, SHOP
from integration.storage.models import FitStatus
from integration.storage.privacy import Duty, PrivacyRequest
from integration.storage.upsert import table_of

DELIVERY = table_of(Delivery)
REQUEST = table_of(PrivacyRequest)


def store_gauges(database: Database, now: datetime) -> list[Reading]:
    """Every gauge of the store; that it is down, and nothing else, where it does not answer."""
    everywhere = database.across_shops()
    try:
        with everywhere.read() as connection:
            readings = [
                *_deliveries(connection, now),
                *_models(connection, now),
                *_duties(connection, now),
                Reading(metrics.SILENT_FEEDS, silent_feeds(connection)),
                Reading(metrics.STORE_BYTES, _size(connection, everywhere)),
            ]
    except SQLAlchemyError:
        return [Reading(metrics.STORE_UP, 0)]
    return [Reading(metrics.STORE_UP, 1), *readings]


def _deliveries(connection: Connection, now: datetime) -> Iterator[Reading]:
    waiting = DELIVERY.c.status == DeliveryStatus.WAITING
    shops = func.count(DELIVERY.c.shop_id.distinct())
    row = connection.execute(select(func.count(), shops, func.min(DELIVERY.c.received_at)).where(waiting)).one()
    yield Reading(metrics.WAITING, row[0])
    yield Reading(metrics.SHOPS_WAITING, row[1])
    yield Reading(metrics.OLDEST_WAITING_SECONDS, _age(row[2], now))
    parked = select(func.count()).select_from(DELIVERY).where(DELIVERY.c.status == DeliveryStatus.PARKED)
    yield Reading(metrics.PARKED, _number(connection, parked))


def _models(connection: Connection, now: datetime) -> Iterator[Reading]:
    here = SHOP.c.uninstalled_at.is_(None)
    served = SHOP.c.serving_version.is_not(None)
    for name, has_one in (("serving", served), ("none", ~served)):
        yield Reading(metrics.SHOPS, _number(connection, select(func.count()).where(here, has_one)), (name,))
    running = select(func.count()).where(FIT.c.status == FitStatus.RUNNING, FIT.c.lease_until >= now)
    yield Reading(metrics.FITS_RUNNING, _number(connection, running))
    serves = (SHOP.c.id == FIT.c.shop_id) & (SHOP.c.serving_version == FIT.c.version)
    oldest = select(func.min(FIT.c.finished_at)).select_from(FIT.join(SHOP, serves)).where(here)
    yield Reading(metrics.OLDEST_MODEL_SECONDS, _age(connection.execute(oldest).scalar(), now))


def _duties(connection: Connection, now: datetime) -> Iterator[Reading]:
    is_open = REQUEST.c.finished_at.is_(None)
    for duty in Duty:
        count = select(func.count()).where(is_open, REQUEST.c.duty == duty)
        yield Reading(metrics.DUTIES_OPEN, _number(connection, count), (duty.value,))
    oldest = connection.execute(select(func.min(REQUEST.c.received_at)).where(is_open)).scalar()
    yield Reading(metrics.DUTY_OLDEST_SECONDS, _age(oldest, now))


def _size(connection: Connection, database: Database) -> float:
    if database.is_sqlite:
        file = Path(database.url.database or "")
        return sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*"))
    return float(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def _number(connection: Connection, statement: Select[Any]) -> int:
    return int(connection.execute(statement).scalar_one())


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
