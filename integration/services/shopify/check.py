"""Looking at how an installed shop stands with Shopify, for an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from connectors.shopify.api import PLATFORM
from integration.services import access
from integration.services.secrets import Vault
from integration.settings import Settings
from integration.storage.access_writes import CONNECTION, SHOP
from integration.storage.database import Database

if TYPE_CHECKING:
    from connectors.shopify.check import Check

# Whoever waits at a terminal is told sooner than a job that there are no points left.
PATIENCE_SECONDS = 15.0


class NotConnected(Exception):
    """No shop at Shopify is known by this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no shop {name!r} that is connected to Shopify; `shelfwise shops` lists all shops")


def check(database: Database, settings: Settings, name: str) -> Check:
    """Ask a shop. name: its key, or its domain at Shopify. Raises NotConnected, AccessLost, PlatformError."""
    from connectors.shopify.check import look
    from connectors.shopify.graphql.client import Admin

    shop_id = _shop_id(database, name)
    if shop_id is None:
        raise NotConnected(name)
    to_shop = access.access_to(database.of(shop_id), Vault(settings.secret_keys), settings, shop_id)
    return look(Admin(to_shop, patience_seconds=PATIENCE_SECONDS))


def _shop_id(database: Database, name: str) -> int | None:
    named = or_(SHOP.c.key == name, CONNECTION.c.external_id == name.lower())
    statement = (
        select(SHOP.c.id)
        .join(CONNECTION, CONNECTION.c.shop_id == SHOP.c.id)
        .where(CONNECTION.c.platform == PLATFORM, named)
    )
    with database.across_shops().read() as connection:
        return connection.scalar(statement)
