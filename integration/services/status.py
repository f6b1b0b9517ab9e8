"""How each shop stands: what it holds, what serves it, and what became of its last fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select

from integration.services.feed import Silence, silence_of
from integration.storage.catalogue import Product
from integration.storage.database import Database
from integration.storage.deliveries import Delivery, DeliveryStatus
from integration.storage.fits import FIT, SHOP, VANISHED
from integration.storage.models import FitStatus
from integration.storage.orders import Order
from integration.storage.upsert import table_of

DELIVERY = table_of(Delivery)
ORDER = table_of(Order)
PRODUCT = table_of(Product)


@dataclass(frozen=True, slots=True)
class FitState:
    """One fit. stage: what it does while it runs; message: why it was refused, failed or killed."""

    version: str
    status: FitStatus
    stage: str
    trigger: str
    message: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServingState:
    """The model that a shop's slates come from. data_until: time of the newest order it has seen."""

    version: str
    published_at: datetime | None
    data_until: datetime | None
    orders: int
    backtest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShopState:
    """A shop. waiting, parked: deliveries to be applied, and those given up after their last attempt.

    silence: of its deliveries, where it is longer than the shop's rhythm explains.
    """

    shop_id: int
    key: str
    name: str
    products: int
    orders: int
    waiting: int
    parked: int
    serving: ServingState | None
    last_fit: FitState | None
    silence: Silence | None = None


def shop_states(database: Database, now: datetime, *, key: str | None = None) -> list[ShopState]:
    """Every shop that has not left, or the one with this key (an empty list if there is none), oldest first."""
    database = database.across_shops()
    shops = select(SHOP.c.id, SHOP.c.key, SHOP.c.name, SHOP.c.serving_version).order_by(SHOP.c.id)
    shops = shops.where(SHOP.c.uninstalled_at.is_(None)) if key is None else shops.where(SHOP.c.key == key)
    with database.read() as connection:
        return [_shop_state(connection, shop, now) for shop in connection.execute(shops).all()]


def _shop_state(connection: Connection, shop: Any, now: datetime) -> ShopState:
    return ShopState(
        shop_id=shop.id,
        key=shop.key,
        name=shop.name,
        products=_count(connection, PRODUCT, shop.id, known=True, removed_at=None),
        orders=_count(connection, ORDER, shop.id, removed_at=None),
        waiting=_count(connection, DELIVERY, shop.id, status=DeliveryStatus.WAITING),
        parked=_count(connection, DELIVERY, shop.id, status=DeliveryStatus.PARKED),
        serving=_serving(connection, shop.id, shop.serving_version),
        last_fit=_last_fit(connection, shop.id, now),
        silence=silence_of(connection, shop.id),
    )


def _count(connection: Connection, table: Table, shop_id: int, **values: Any) -> int:
    statement = select(func.count()).select_from(table).where(table.c.shop_id == shop_id)
    for column, value in values.items():
        statement = statement.where(table.c[column].is_(None) if value is None else table.c[column] == value)
    return int(connection.execute(statement).scalar_one())


def _serving(connection: Connection, shop_id: int, version: str | None) -> ServingState | None:
    if version is None:
        return None
    row = connection.execute(select(FIT).where(FIT.c.shop_id == shop_id, FIT.c.version == version)).first()
    if row is None:
        return ServingState(version, None, None, 0, {})
    return ServingState(version, row.finished_at, row.data_until, row.orders, row.backtest)


def _last_fit(connection: Connection, shop_id: int, now: datetime) -> FitState | None:
    statement = select(FIT).where(FIT.c.shop_id == shop_id).order_by(FIT.c.id.desc()).limit(1)
    row = connection.execute(statement).first()
    if row is None:
        return None
    status, message = FitStatus(row.status), row.message
    if status is FitStatus.RUNNING and row.lease_until < now:
        status, message = FitStatus.KILLED, VANISHED
    return FitState(row.version, status, row.stage, row.trigger, message, row.started_at, row.finished_at)
