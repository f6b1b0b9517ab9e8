"""Shopify's own numbers of a shop and of the app, which the Partner API asks for; asked of the shop once, then kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import select, update

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM
from integration.services.access import access_to
from integration.services.secrets import Vault
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.shops import Connection
from integration.storage.upsert import table_of

CONNECTION = table_of(Connection)

SHOP_NUMBER, APP_NUMBER = "shop_number", "app_number"


@dataclass(frozen=True, slots=True)
class Numbers:
    """Bare, as text."""

    shop: str
    app: str


class _Node(msgspec.Struct, frozen=True):
    id: str


class _ShopData(msgspec.Struct, frozen=True):
    shop: _Node


class _Installation(msgspec.Struct, frozen=True):
    app: _Node


class _InstallationData(msgspec.Struct, frozen=True, rename="camel"):
    current_app_installation: _Installation


def kept_numbers(connection: DatabaseConnection, shop_id: int) -> Numbers | None:
    """Those that were asked for before; None where they were not."""
    details = connection.execute(_details(shop_id)).scalar()
    return _numbers(details or {})


def numbers_of(
    database: Database,
    vault: Vault,
    settings: Settings,
    shop_id: int,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> Numbers:
    """Those of a connected shop. Raises AccessLost, PlatformError."""
    with database.read() as connection:
        kept = kept_numbers(connection, shop_id)
    if kept is not None:
        return kept
    from connectors.shopify.graphql.client import Admin

    admin = Admin(access_to(database, vault, settings, shop_id, wait=wait))
    shop = admin.run("shop", {}, _ShopData).shop.id
    app = admin.run("installation", {}, _InstallationData).current_app_installation.app.id
    asked = {SHOP_NUMBER: shop.rsplit("/", 1)[-1], APP_NUMBER: app.rsplit("/", 1)[-1]}
    numbers = _numbers(asked)
    if numbers is None:
        raise PlatformError(PLATFORM, f"{shop!r} and {app!r} hold no numbers", retryable=False)
    with database.write() as connection:
        details = connection.execute(_details(shop_id)).scalar() or {}
        of_shop = (CONNECTION.c.shop_id == shop_id) & (CONNECTION.c.platform == PLATFORM)
        connection.execute(update(CONNECTION).where(of_shop).values(details=details | asked))
    return numbers


def _numbers(details: Mapping[str, Any]) -> Numbers | None:
    shop, app = str(details.get(SHOP_NUMBER, "")), str(details.get(APP_NUMBER, ""))
    return Numbers(shop, app) if shop.isdecimal() and app.isdecimal() else None


def _details(shop_id: int) -> Any:
    return select(CONNECTION.c.details).where(CONNECTION.c.shop_id == shop_id, CONNECTION.c.platform == PLATFORM)
