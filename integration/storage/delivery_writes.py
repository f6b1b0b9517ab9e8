"""Keep deliveries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql

from connectors.base import Delivery as Arrival
from integration.storage.deliveries import Delivery, DeliveryKey, DeliveryStatus
from integration.storage.upsert import table_of, upsert

DELIVERY = table_of(Delivery)
KEY = table_of(DeliveryKey)
_INSERT = DELIVERY.insert().returning(DELIVERY.c.id)
_KEY_COLUMNS = ("shop_id", "platform", "delivery_key")
_COLUMNS = (
    *_KEY_COLUMNS,
    "topic",
    "aggregate",
    "body",
    "triggered_at",
    "received_at",
    "status",
    "attempts",
    "applied_at",
    "error",
)
_NEW = (
    postgresql.insert(KEY)
    .values({name: bindparam(name, type_=KEY.c[name].type) for name in (*_KEY_COLUMNS, "received_at")})
    .on_conflict_do_nothing()
    .returning(KEY.c.shop_id)
    .cte("new")
)
# One message to the server for a delivery and its key.
_BOTH = (
    DELIVERY.insert()
    .from_select(
        _COLUMNS,
        select(*(bindparam(name, type_=DELIVERY.c[name].type) for name in _COLUMNS)).select_from(_NEW),
        include_defaults=False,
    )
    .returning(DELIVERY.c.id)
)


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
    if connection.dialect.name == "postgresql":
        found = connection.execute(_BOTH, row).scalar()
        return None if found is None else int(found)
    single = {name: row[name] for name in (*_KEY_COLUMNS, "received_at")}
    if not upsert(connection, KEY, [single], key=_KEY_COLUMNS, update=(), newer=None, returning=_KEY_COLUMNS):
        return None
    return int(connection.execute(_INSERT, row).scalar_one())
