"""Kept deliveries as an operator looks for them, and the way back for those that were given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from integration.storage.deliveries import Delivery, DeliveryStatus
from integration.storage.shops import Shop
from integration.storage.upsert import table_of

DELIVERY = table_of(Delivery)
SHOP = table_of(Shop)
_LISTED = tuple(column for column in DELIVERY.c if column.name != "body")
_BYTES = func.length(DELIVERY.c.body).label("bytes")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are meant; what is None or "" leaves them all in. since: those that arrived from then on."""

    shop_id: int | None = None
    status: str = ""
    topic: str = ""
    since: datetime | None = None


def listed(connection: Connection, wanted: Wanted, limit: int) -> list[Row[Any]]:
    """The newest of them, without their bodies but with how many `bytes` are kept, and the `key` of their shop."""
    statement = select(*_LISTED, _BYTES, SHOP.c.key).join(SHOP, SHOP.c.id == DELIVERY.c.shop_id)
    newest = statement.where(*_conditions(wanted)).order_by(DELIVERY.c.id.desc()).limit(limit)
    return list(connection.execute(newest))


def count(connection: Connection, wanted: Wanted) -> int:
    """How many there are."""
    return int(connection.execute(select(func.count()).select_from(DELIVERY).where(*_conditions(wanted))).scalar_one())


def find(connection: Connection, number: int) -> Row[Any] | None:
    """One delivery whole, and the `key` of its shop."""
    statement = select(DELIVERY, _BYTES, SHOP.c.key).join(SHOP, SHOP.c.id == DELIVERY.c.shop_id)
    return connection.execute(statement.where(DELIVERY.c.id == number)).first()


def given_up(connection: Connection, wanted: Wanted, after: int, limit: int) -> list[Row[Any]]:
    """Those among them that nobody will try again and whose body is still there: id, shop and time, oldest first."""
    statement = (
        select(DELIVERY.c.id, DELIVERY.c.shop_id, DELIVERY.c.received_at)
        .where(*_conditions(wanted), *_can_be_replayed(), DELIVERY.c.id > after)
        .order_by(DELIVERY.c.id)
    )
    return list(connection.execute(statement.limit(limit)))


def count_given_up(connection: Connection, wanted: Wanted) -> int:
    """How many of them could be replayed."""
    here = (*_conditions(wanted), *_can_be_replayed())
    return int(connection.execute(select(func.count()).select_from(DELIVERY).where(*here)).scalar_one())


def replay(connection: Connection, shop_id: int, rows: Sequence[Row[Any]], now: datetime) -> int:
    """Have these of one shop tried once more; one that somebody else has replayed meanwhile is left as it is."""
    times = [row.received_at for row in rows]
    these = (DELIVERY.c.shop_id == shop_id, DELIVERY.c.id.in_([row.id for row in rows]))
    here = (*these, DELIVERY.c.received_at.between(min(times), max(times)), *_can_be_replayed())
    again = {"status": DeliveryStatus.WAITING, "next_attempt_at": now}
    return int(connection.execute(update(DELIVERY).where(*here).values(**again)).rowcount)


def _can_be_replayed() -> tuple[ColumnElement[bool], ...]:
    over = DELIVERY.c.status.not_in([DeliveryStatus.WAITING, DeliveryStatus.APPLIED])
    return over, func.length(DELIVERY.c.body) > 0


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.shop_id is not None:
        conditions.append(DELIVERY.c.shop_id == wanted.shop_id)
    if wanted.status:
        conditions.append(DELIVERY.c.status == wanted.status)
    if wanted.topic:
        conditions.append(DELIVERY.c.topic == wanted.topic)
    if wanted.since is not None:
        conditions.append(DELIVERY.c.received_at >= wanted.since)
    return conditions
