"""Newest-wins writes of products, variants and inventory; each marks what the shelf must read anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, or_, select, update

from connectors.records import InventoryLevel as LevelRecord
from connectors.records import Money
from connectors.records import Product as ProductRecord
from connectors.records import Variant as VariantRecord
from integration.storage.base import EPOCH
from integration.storage.catalogue import InventoryLevel, Product, Variant
from integration.storage.shops import Shop
from integration.storage.upsert import chunks, not_older, table_of, upsert

PRODUCT = table_of(Product)
VARIANT = table_of(Variant)
LEVEL = table_of(InventoryLevel)
SHOP = table_of(Shop)

_PRODUCT_KEY = ("shop_id", "external_id")
_PRODUCT_STATE = tuple(c.name for c in PRODUCT.c if c.name not in {"id", "shop_id", "external_id"})
_VARIANT_STATE = tuple(c.name for c in VARIANT.c if c.name not in {"id", "shop_id", "external_id"})
_LEVEL_KEY = ("shop_id", "inventory_item", "location")
_LEVEL_STATE = ("available", "sells_online", "source_version", "removed_at")


def next_shelf_version(connection: Connection, shop_id: int) -> int:
    """A new shelf version of the shop. The row stays locked until the transaction ends, so versions never overtake."""
    statement = (
        update(SHOP)
        .where(SHOP.c.id == shop_id)
        .values(shelf_version=SHOP.c.shelf_version + 1)
        .returning(SHOP.c.shelf_version)
    )
    return int(connection.execute(statement).scalar_one())


def upsert_products(
    connection: Connection, shop_id: int, products: Sequence[tuple[ProductRecord, datetime]], shelf_version: int
) -> int:
    """Write products with their variants. Returns how many were not older than what was there."""
    rows = [_product_row(shop_id, record, version, shelf_version) for record, version in products]
    written = upsert(
        connection,
        PRODUCT,
        rows,
        key=_PRODUCT_KEY,
        update=_PRODUCT_STATE,
        newer=not_older,
        returning=("id", "external_id"),
    )
    ids = {external_id: product_id for product_id, external_id in written}
    won = [(ids[record.external_id], record, version) for record, version in products if record.external_id in ids]
    _replace_variants(connection, shop_id, won)
    return len(won)


def _replace_variants(
    connection: Connection, shop_id: int, products: Sequence[tuple[int, ProductRecord, datetime]]
) -> None:
    for chunk in chunks(products):
        connection.execute(
            update(VARIANT)
            .where(VARIANT.c.shop_id == shop_id, VARIANT.c.product_id.in_([each[0] for each in chunk]))
            .where(VARIANT.c.removed_at.is_(None))
            .values(removed_at=max(version for _, _, version in chunk))
        )
    # A platform's variant ids are unique in its shop; of a doubled one the last row counts.
    rows = {
        variant.external_id: _variant_row(shop_id, product_id, variant, version)
        for product_id, record, version in products
        for variant in record.variants
    }
    upsert(
        connection,
        VARIANT,
        list(rows.values()),
        key=_PRODUCT_KEY,
        update=_VARIANT_STATE,
        newer=not_older,
    )


def ensure_products(connection: Connection, shop_id: int, titles: Mapping[str, str]) -> dict[str, int]:
    """Ids of products by external id; one that no catalogue told of yet gets a row that is never shown."""
    blank = ProductRecord("", "")
    known = product_ids(connection, shop_id, titles)
    missing = [
        {
            **_product_row(shop_id, blank, None, 0),
            "external_id": external_id,
            "title": title,
            "known": False,
        }
        for external_id, title in titles.items()
        if external_id not in known
    ]
    if missing:
        upsert(connection, PRODUCT, missing, key=_PRODUCT_KEY, update=(), newer=None)
        known |= product_ids(connection, shop_id, [row["external_id"] for row in missing])
    return known


def product_ids(connection: Connection, shop_id: int, external_ids: Iterable[str]) -> dict[str, int]:
    """Ids of the products that are in the store, by external id."""
    found: dict[str, int] = {}
    for chunk in chunks(external_ids):
        statement = select(PRODUCT.c.external_id, PRODUCT.c.id).where(
            PRODUCT.c.shop_id == shop_id, PRODUCT.c.external_id.in_(chunk)
        )
        found.update((external_id, product_id) for external_id, product_id in connection.execute(statement))
    return found


def upsert_levels(
    connection: Connection, shop_id: int, levels: Sequence[tuple[LevelRecord, datetime]], shelf_version: int
) -> None:
    """Write inventory levels. Of two with the same time the lower one wins: better hidden than sold out."""
    rows = [
        {
            "shop_id": shop_id,
            "inventory_item": level.inventory_item,
            "location": level.location,
            "available": level.available,
            "sells_online": level.sells_online,
            "source_version": version,
            "removed_at": None,
        }
        for level, version in levels
    ]
    upsert(connection, LEVEL, rows, key=_LEVEL_KEY, update=_LEVEL_STATE, newer=_newer_or_lower)
    touch_inventory_items(connection, shop_id, {level.inventory_item for level, _ in levels}, shelf_version)


def _newer_or_lower(excluded: Any, table: FromClause) -> ColumnElement[bool]:
    return or_(
        excluded.source_version > table.c.source_version,
        and_(excluded.source_version == table.c.source_version, excluded.available < table.c.available),
    )


def touch_inventory_items(connection: Connection, shop_id: int, items: Collection[str], shelf_version: int) -> None:
    """Mark the products whose stock these inventory items are."""
    for chunk in chunks(items):
        owners = select(VARIANT.c.product_id).where(VARIANT.c.shop_id == shop_id, VARIANT.c.inventory_item.in_(chunk))
        connection.execute(
            update(PRODUCT)
            .where(PRODUCT.c.shop_id == shop_id, PRODUCT.c.id.in_(owners))
            .values(shelf_version=shelf_version)
        )


def remove_product(
    connection: Connection, shop_id: int, external_id: str, version: datetime, shelf_version: int
) -> None:
    """Take a product away. Its row stays, so that an older delivery can't bring it back."""
    row = {
        **_product_row(shop_id, ProductRecord(external_id, ""), version, shelf_version),
        "known": False,
        "removed_at": version,
    }
    state = ("removed_at", "source_version", "shelf_version")
    upsert(connection, PRODUCT, [row], key=_PRODUCT_KEY, update=state, newer=not_older)


def remove_variant(
    connection: Connection, shop_id: int, external_id: str, version: datetime, shelf_version: int
) -> None:
    """Take one variant away."""
    here = (VARIANT.c.shop_id == shop_id, VARIANT.c.external_id == external_id)
    connection.execute(
        update(VARIANT)
        .where(*here, VARIANT.c.source_version <= version)
        .values(removed_at=version, source_version=version)
    )
    owner = select(VARIANT.c.product_id).where(*here)
    connection.execute(
        update(PRODUCT).where(PRODUCT.c.shop_id == shop_id, PRODUCT.c.id.in_(owner)).values(shelf_version=shelf_version)
    )


def remove_level(
    connection: Connection, shop_id: int, inventory_item: str, location: str, version: datetime, shelf_version: int
) -> None:
    """Take an inventory item's stock at one location away."""
    row = {
        "shop_id": shop_id,
        "inventory_item": inventory_item,
        "location": location,
        "available": 0,
        "sells_online": False,
        "source_version": version,
        "removed_at": version,
    }
    upsert(connection, LEVEL, [row], key=_LEVEL_KEY, update=_LEVEL_STATE, newer=not_older)
    touch_inventory_items(connection, shop_id, {inventory_item}, shelf_version)


def _product_row(shop_id: int, record: ProductRecord, version: datetime | None, shelf_version: int) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "external_id": record.external_id,
        "known": True,
        "title": record.title,
        "handle": record.handle,
        "description": record.description,
        "vendor": record.vendor,
        "product_type": record.product_type,
        "tags": list(record.tags),
        "category": record.category,
        "collections": list(record.collections),
        "url": record.url,
        "image_url": record.image_url,
        "status": record.status,
        "published": record.published,
        "published_at": record.published_at,
        "markets": None if record.markets is None else list(record.markets),
        "source_version": version or EPOCH,
        "removed_at": None,
        "shelf_version": shelf_version,
    }


def _variant_row(shop_id: int, product_id: int, variant: VariantRecord, version: datetime) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "product_id": product_id,
        "external_id": variant.external_id,
        "title": variant.title,
        "sku": variant.sku,
        "price": variant.price.amount if variant.price else None,
        "compare_at_price": variant.compare_at_price.amount if variant.compare_at_price else None,
        "currency": variant.price.currency if variant.price else "",
        "prices": {market: _money(price) for market, price in variant.prices.items()},
        "options": dict(variant.options),
        "inventory_item": variant.inventory_item or variant.external_id,
        "tracked": variant.tracked,
        "policy": variant.policy,
        "unit_cost": variant.unit_cost.amount if variant.unit_cost else None,
        "position": variant.position,
        "source_version": version,
        "removed_at": None,
    }


def _money(money: Money) -> dict[str, str]:
    return {"amount": str(money.amount), "currency": money.currency}
