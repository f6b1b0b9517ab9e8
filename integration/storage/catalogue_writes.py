"""Newest-wins writes of products and variants; each marks what the shelf must read anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from connectors.records import Money, ProductStatus, VariantOf
from connectors.records import Product as ProductRecord
from connectors.records import Variant as VariantRecord
from integration.storage.base import EPOCH
from integration.storage.catalogue import Product, Variant
from integration.storage.shops import Shop
from integration.storage.upsert import chunks, not_older, table_of, upsert

PRODUCT = table_of(Product)
VARIANT = table_of(Variant)
SHOP = table_of(Shop)

_PRODUCT_KEY = ("shop_id", "external_id")
_PRODUCT_STATE = tuple(c.name for c in PRODUCT.c if c.name not in {"id", "shop_id", "external_id"})
_NOT_OF_VARIANT_STATE = {"id", "shop_id", "external_id", "sold_out_at", "out_of_stock_at"}
_VARIANT_STATE = tuple(c.name for c in VARIANT.c if c.name not in _NOT_OF_VARIANT_STATE)

# Made once: a web process runs it in every stock delivery, while others wait for the store's writer.
_NEXT_SHELF_VERSION = (
    update(SHOP)
    .where(SHOP.c.id == bindparam("of_shop"))
    .values(shelf_version=SHOP.c.shelf_version + 1)
    .returning(SHOP.c.shelf_version)
)


def next_shelf_version(connection: Connection, shop_id: int) -> int:
    """A new shelf version of the shop. The row stays locked until the transaction ends, so versions never overtake."""
    return int(connection.execute(_NEXT_SHELF_VERSION, {"of_shop": shop_id}).scalar_one())


def upsert_products(
    connection: Connection,
    shop_id: int,
    products: Sequence[tuple[ProductRecord, datetime]],
    shelf_version: int,
    *,
    untold: Collection[str] = (),
) -> int:
    """Write products with their variants. Returns how many were not older than what was there.

    untold: columns that are left as they are, those of variants as "variants.<column>"; "variants": there may be more
    variants than are named; "variants.details": no more is told of them than their names; "status.unlisted": what is
    called active may be something never to be suggested.
    """
    rows = [product_row(shop_id, record, version, shelf_version) for record, version in products]
    if "status.unlisted" in untold:
        _keep_unlisted(connection, shop_id, rows)
    written = upsert(
        connection,
        PRODUCT,
        rows,
        key=_PRODUCT_KEY,
        update=[name for name in _PRODUCT_STATE if name not in untold],
        newer=not_older,
        returning=("id", "external_id"),
    )
    ids = {external_id: product_id for product_id, external_id in written}
    won = [(ids[record.external_id], record, version) for record, version in products if record.external_id in ids]
    if "variants" not in untold:
        _remove_variants(connection, shop_id, won)
    if "variants.details" not in untold:
        _write_variants(connection, shop_id, won, untold)
    return len(won)


def upsert_variants(
    connection: Connection,
    shop_id: int,
    variants: Sequence[tuple[VariantOf, datetime]],
    shelf_version: int,
    *,
    untold: Collection[str] = (),
) -> list[str]:
    """Write variants one by one, their products' other variants being left alone. Returns the unknown products."""
    ids = ensure_products(connection, shop_id, {each.product: "" for each, _ in variants})
    rows = {
        each.external_id: variant_row(shop_id, ids[each.product], each.variant, version) for each, version in variants
    }
    _upsert_variant_rows(connection, shop_id, rows, untold)
    unknown: list[str] = []
    for chunk in chunks(sorted(ids.values())):
        here = (PRODUCT.c.shop_id == shop_id, PRODUCT.c.id.in_(chunk))
        connection.execute(update(PRODUCT).where(*here).values(shelf_version=shelf_version))
        unknown += connection.scalars(select(PRODUCT.c.external_id).where(*here, PRODUCT.c.known.is_(False)))
    return unknown


def _keep_unlisted(connection: Connection, shop_id: int, rows: Sequence[dict[str, Any]]) -> None:
    active = {row["external_id"]: row for row in rows if row["status"] == ProductStatus.ACTIVE}
    for chunk in chunks(active):
        here = (PRODUCT.c.shop_id == shop_id, PRODUCT.c.external_id.in_(chunk))
        statement = select(PRODUCT.c.external_id).where(*here, PRODUCT.c.status == ProductStatus.UNLISTED)
        for external_id in connection.scalars(statement):
            active[external_id]["status"] = ProductStatus.UNLISTED


def _remove_variants(
    connection: Connection, shop_id: int, products: Sequence[tuple[int, ProductRecord, datetime]]
) -> None:
    """Take away what the products no longer name, unless it is newer than their word."""
    for chunk in chunks(products):
        versions = {product_id: version for product_id, _, version in chunk}
        named = {variant.external_id for _, record, _ in chunk for variant in record.variants}
        statement = select(VARIANT.c.id, VARIANT.c.external_id, VARIANT.c.product_id, VARIANT.c.source_version).where(
            VARIANT.c.shop_id == shop_id, VARIANT.c.product_id.in_(versions), VARIANT.c.removed_at.is_(None)
        )
        gone = [
            row.id
            for row in connection.execute(statement)
            if row.external_id not in named and row.source_version <= versions[row.product_id]
        ]
        for ids in chunks(gone):
            taken = update(VARIANT).where(VARIANT.c.shop_id == shop_id, VARIANT.c.id.in_(ids))
            connection.execute(taken.values(removed_at=max(versions.values())))


def _write_variants(
    connection: Connection,
    shop_id: int,
    products: Sequence[tuple[int, ProductRecord, datetime]],
    untold: Collection[str],
) -> None:
    # A platform's variant ids are unique in its shop; of a doubled one the last row counts.
    rows = {
        variant.external_id: variant_row(shop_id, product_id, variant, version)
        for product_id, record, version in products
        for variant in record.variants
    }
    _upsert_variant_rows(connection, shop_id, rows, untold)


def _upsert_variant_rows(
    connection: Connection, shop_id: int, rows: Mapping[str, dict[str, Any]], untold: Collection[str]
) -> None:
    if rows and "variants.currency" in untold:
        own = str(connection.execute(select(SHOP.c.currency).where(SHOP.c.id == shop_id)).scalar_one())
        rows = {external_id: {**row, "currency": own} for external_id, row in rows.items()}
    upsert(
        connection,
        VARIANT,
        list(rows.values()),
        key=_PRODUCT_KEY,
        update=[name for name in _VARIANT_STATE if f"variants.{name}" not in untold],
        newer=not_older,
    )


def ensure_products(connection: Connection, shop_id: int, titles: Mapping[str, str]) -> dict[str, int]:
    """Ids of products by external id; one that no catalogue told of yet gets a row that is never shown."""
    blank = ProductRecord("", "")
    known = product_ids(connection, shop_id, titles)
    missing = [
        {
            **product_row(shop_id, blank, None, 0),
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


def remove_product(
    connection: Connection, shop_id: int, external_id: str, version: datetime, shelf_version: int
) -> None:
    """Take a product away. Its row stays, so that an older delivery can't bring it back."""
    row = {
        **product_row(shop_id, ProductRecord(external_id, ""), version, shelf_version),
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


def product_row(shop_id: int, record: ProductRecord, version: datetime | None, shelf_version: int) -> dict[str, Any]:
    """A product as its row says it."""
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


def variant_row(shop_id: int, product_id: int, variant: VariantRecord, version: datetime) -> dict[str, Any]:
    """A variant as its row says it."""
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
        "source_version": variant.version or version,
        "removed_at": None,
    }


def stub_variant(shop_id: int, product_id: int, external_id: str) -> dict[str, Any]:
    """The row of a variant of which nothing is told yet: as good as none, and older than whatever will be."""
    return {**variant_row(shop_id, product_id, VariantRecord(external_id), EPOCH), "removed_at": EPOCH}


def _money(money: Money) -> dict[str, str]:
    return {"amount": str(money.amount), "currency": money.currency}
