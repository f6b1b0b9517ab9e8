"""What decides how products stand on the shelf: read whole, or only what changed since a shelf version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select

from connectors.records import InventoryPolicy, ProductStatus
from integration.storage.base import EPOCH
from integration.storage.catalogue import InventoryLevel, Product, Variant
from integration.storage.orders import RefundLine
from integration.storage.upsert import table_of
from recommender.serving.availability import VariantStock

PRODUCT = table_of(Product)
VARIANT = table_of(Variant)
LEVEL = table_of(InventoryLevel)
REFUND_LINE = table_of(RefundLine)


@dataclass(frozen=True, slots=True)
class ShelfVariant:
    """A variant with its stock. prices: market -> {"amount", "currency"}. unit_cost: in the currency of `price`."""

    external_id: str
    price: Decimal | None
    compare_at_price: Decimal | None
    currency: str
    prices: dict[str, Any]
    unit_cost: Decimal | None
    stock: VariantStock


@dataclass(frozen=True, slots=True)
class ShelfProduct:
    """A product as a slate shows it, or a sign that it is gone (`offered` false)."""

    product_id: int
    external_id: str
    title: str
    url: str
    image_url: str
    category: str
    published_at: datetime
    offered: bool
    markets: tuple[str, ...] | None
    variants: tuple[ShelfVariant, ...]


def changed_since(connection: Connection, shop_id: int, shelf_version: int) -> Iterator[ShelfProduct]:
    """The shop's products that changed after a shelf version; -1 for all that it offers."""
    scope = (PRODUCT.c.shop_id == shop_id, PRODUCT.c.shelf_version > shelf_version)
    levels = _levels(connection, shop_id, scope)
    variants = _variants(connection, shop_id, scope, levels)
    products = select(
        PRODUCT.c.id,
        PRODUCT.c.external_id,
        PRODUCT.c.title,
        PRODUCT.c.url,
        PRODUCT.c.image_url,
        PRODUCT.c.product_type,
        PRODUCT.c.published_at,
        PRODUCT.c.markets,
        PRODUCT.c.known,
        PRODUCT.c.published,
        PRODUCT.c.status,
        PRODUCT.c.removed_at,
    ).where(*scope)
    if shelf_version < 0:
        products = products.where(PRODUCT.c.known, PRODUCT.c.removed_at.is_(None))
    for row in connection.execute(products):
        yield ShelfProduct(
            product_id=row.id,
            external_id=row.external_id,
            title=row.title,
            url=row.url,
            image_url=row.image_url,
            category=row.product_type,
            published_at=row.published_at or EPOCH,
            offered=bool(row.known and row.published and row.removed_at is None and row.status == ProductStatus.ACTIVE),
            markets=None if row.markets is None else tuple(row.markets),
            variants=tuple(variants[row.id]),
        )


# Both reads name the products by a list of their own, so that a database without statistics begins with the few that
# changed and not with all variants of the shop.
def _levels(connection: Connection, shop_id: int, scope: Any) -> dict[str, list[tuple[int, datetime]]]:
    changed = select(PRODUCT.c.id).where(*scope)
    items = select(VARIANT.c.inventory_item).where(VARIANT.c.shop_id == shop_id, VARIANT.c.product_id.in_(changed))
    statement = select(LEVEL.c.inventory_item, LEVEL.c.available, LEVEL.c.source_version).where(
        LEVEL.c.shop_id == shop_id,
        LEVEL.c.sells_online,
        LEVEL.c.removed_at.is_(None),
        LEVEL.c.inventory_item.in_(items),
    )
    found: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for inventory_item, available, version in connection.execute(statement):
        found[inventory_item].append((available, version))
    return found


def _variants(
    connection: Connection, shop_id: int, scope: Any, levels: dict[str, list[tuple[int, datetime]]]
) -> dict[int, list[ShelfVariant]]:
    columns = (
        "product_id",
        "external_id",
        "price",
        "compare_at_price",
        "currency",
        "prices",
        "unit_cost",
        "inventory_item",
    )
    stock_columns = ("tracked", "policy", "sold_out_at", "out_of_stock_at", "source_version")
    statement = (
        select(*(VARIANT.c[name] for name in columns), *(VARIANT.c[name] for name in stock_columns))
        .where(VARIANT.c.shop_id == shop_id, VARIANT.c.product_id.in_(select(PRODUCT.c.id).where(*scope)))
        .where(VARIANT.c.removed_at.is_(None))
        .order_by(VARIANT.c.product_id, VARIANT.c.position, VARIANT.c.id)
    )
    found: dict[int, list[ShelfVariant]] = defaultdict(list)
    for row in connection.execute(statement):
        stock = VariantStock(
            tracked=row.tracked or (row.out_of_stock_at is not None and row.out_of_stock_at > row.source_version),
            continue_selling=row.policy == InventoryPolicy.CONTINUE,
            # What was counted before the platform said that nothing is left counts for nothing.
            levels=tuple(
                available
                for available, version in levels.get(row.inventory_item, ())
                if row.sold_out_at is None or version > row.sold_out_at
            ),
        )
        found[row.product_id].append(
            ShelfVariant(
                row.external_id, row.price, row.compare_at_price, row.currency, row.prices, row.unit_cost, stock
            )
        )
    return found


def refunds_by_product(connection: Connection, shop_id: int) -> dict[int, int]:
    """How many refunds name each of the shop's products; read from an index alone."""
    counts = select(REFUND_LINE.c.product_id, func.count()).where(REFUND_LINE.c.shop_id == shop_id)
    rows = connection.execute(counts.group_by(REFUND_LINE.c.product_id)).all()
    return dict(map(tuple, rows))
