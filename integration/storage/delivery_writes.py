"""Keep deliveries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

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
