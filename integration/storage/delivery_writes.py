"""Keep, list and settle deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, text, update

from connectors.base import Delivery as Arrival
from integration.storage.deliveries import Delivery, DeliveryKey, DeliveryStatus
from integration.storage.upsert import table_of, upsert

DELIVERY = table_of(Delivery)
KEY = table_of(DeliveryKey)
_INSERT = DELIVERY.insert().returning(DELIVERY.c.id)


def keep(
    connection: Connection, shop_id: int, arrival: Arrival, *, received_at: datetime, status: DeliveryStatus
) -> int | None:
    """Store a delivery and return its number; None where it was kept before. An applied one keeps no body."""
    applied = status == DeliveryStatus.APPLIED
    row = {
        "shop_id": shop_id,
        "platform": arrival.platform,
        "delivery_key": arrival.key,
        "topic": arrival.topic,
        "aggregate": arrival.aggregate,
        "body": b"" if applied else arrival.body,
        "triggered_at": arrival.triggered_at,
        "received_at": received_at,
        "status": status,
        "attempts": 0,
        "applied_at": received_at if applied else None,
        "error": arrival.unreadable[:2000],
    }
    key = ("shop_id", "platform", "delivery_key")
    single = {name: row[name] for name in (*key, "received_at")}
    if not upsert(connection, KEY, [single], key=key, update=(), newer=None, returning=key):
        return None
    return int(connection.execute(_INSERT, row).scalar_one())


def waiting(connection: Connection, shop_id: int, now: datetime, limit: int) -> list[Row[Any]]:
    """The shop's deliveries that are due, oldest first."""
    statement = (
        select(DELIVERY)
        .where(DELIVERY.c.shop_id == shop_id, DELIVERY.c.status == DeliveryStatus.WAITING)
        .where(or_(DELIVERY.c.next_attempt_at.is_(None), DELIVERY.c.next_attempt_at <= now))
        .order_by(DELIVERY.c.id)
        .limit(limit)
    )
    return list(connection.execute(statement))


def hold_drain(connection: Connection, shop_id: int) -> bool:
    """Be the only drain of this shop until the transaction ends. On SQLite the write lock says so already."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(7301, :shop)"), {"shop": shop_id}).scalar())


def settle(connection: Connection, ids: list[int], now: datetime) -> None:
    """Mark deliveries as applied. What they said is in the store now; their bodies are kept no longer."""
    connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.id.in_(ids))
        .values(status=DeliveryStatus.APPLIED, applied_at=now, attempts=DELIVERY.c.attempts + 1, error="", body=b"")
    )


def put_off(connection: Connection, delivery_id: int, error: str, next_attempt_at: datetime | None) -> None:
    """A failed attempt: try again at a time, or park it (None)."""
    connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.id == delivery_id)
        .values(
            status=DeliveryStatus.PARKED if next_attempt_at is None else DeliveryStatus.WAITING,
            attempts=DELIVERY.c.attempts + 1,
            next_attempt_at=next_attempt_at,
            error=error[:2000],
        )
    )
