"""What the app proxy needs to know of a shop: its key with us, and the handles of its products."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select

from connectors.shopify.api import PLATFORM
from integration.storage.catalogue import Product
from integration.storage.database import Database
from integration.storage.shops import Connection, Shop
from integration.storage.upsert import table_of

SHOP = table_of(Shop)
CONNECTION = table_of(Connection)
PRODUCT = table_of(Product)

# Nothing in it can end a text in Liquid, or a tag around it.
_NUMBER = re.compile(r"[0-9]{1,20}")
_HANDLE = re.compile(r"[\w.~-]{1,255}")


def key_of(database: Database, domain: str) -> str | None:
    """Our key of the shop at Shopify; None where it is not connected, or has left."""
    statement = (
        select(SHOP.c.key)
        .join(CONNECTION, CONNECTION.c.shop_id == SHOP.c.id)
        .where(CONNECTION.c.platform == PLATFORM, CONNECTION.c.external_id == domain)
        .where(SHOP.c.uninstalled_at.is_(None))
    )
    with database.across_shops().read() as connection:
        found: str | None = connection.execute(statement).scalar()
    return found


def handles_of(database: Database, key: str, products: Sequence[str]) -> list[tuple[str, str]]:
    """The products' numbers and handles, in their order; without those that Liquid could not look up."""
    statement = (
        select(PRODUCT.c.external_id, PRODUCT.c.handle)
        .join(SHOP, SHOP.c.id == PRODUCT.c.shop_id)
        .where(SHOP.c.key == key, PRODUCT.c.external_id.in_(products))
    )
    with database.across_shops().read() as connection:
        found = {number: handle for number, handle in connection.execute(statement) if _HANDLE.fullmatch(handle)}
    return [(number, found[number]) for number in products if number in found and _NUMBER.fullmatch(number)]
