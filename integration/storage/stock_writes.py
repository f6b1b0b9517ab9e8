"""Newest-wins writes of stock: pieces by location, which locations sell online, and what was said to be sold out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, bindparam, or_, select, update

from connectors.records import InventoryLevel as LevelRecord
from connectors.records import Location as LocationRecord
from connectors.records import SoldOut
from integration.storage.catalogue import InventoryLevel, Location, Product, Variant
from integration.storage.catalogue_writes import ensure_products, stub_variant
from integration.storage.upsert import chunks, not_older, table_of, upsert

PRODUCT = table_of(Product)
VARIANT = table_of(Variant)
LEVEL = table_of(InventoryLevel)
LOCATION = table_of(Location)

_LEVEL_KEY = ("shop_id", "inventory_item", "location")
_COUNT = ("available", "source_version", "removed_at")
_LEVEL_STATE = (*_COUNT, "sells_online")
_LOCATION_KEY = ("shop_id", "external_id")
_LOCATION_STATE = ("sells_online", "source_version", "removed_at")

# Made once: a web process runs them in every stock delivery, while others wait for the store's writer.
_ONLINE = select(LOCATION.c.external_id, LOCATION.c.sells_online).where(
    LOCATION.c.shop_id == bindparam("of_shop"), LOCATION.c.external_id.in_(bindparam("places", expanding=True))
)
_OWNERS = select(VARIANT.c.product_id).where(
    VARIANT.c.shop_id == bindparam("of_shop"), VARIANT.c.inventory_item.in_(bindparam("items", expanding=True))
)
_TOUCH_ITEMS = (
    update(PRODUCT)
    .where(PRODUCT.c.shop_id == bindparam("of_shop"), PRODUCT.c.id.in_(_OWNERS))
    .values(shelf_version=bindparam("version"))
)


def upsert_levels(
    connection: Connection,
    shop_id: int,
    levels: Sequence[tuple[LevelRecord, datetime]],
    shelf_version: int,
    *,
    untold: Collection[str] = (),
) -> set[str]:
    """Write inventory levels. Of two with the same time the lower one wins: better hidden than sold out.

    Whether one sells online is its location's to say, if that is known. Returns the locations that are not known and
    of which the levels themselves don't say it either.
    """
    online = _online(connection, shop_id, {level.location for level, _ in levels})
    rows = [_level_row(shop_id, level, version, online) for level, version in levels]
    blind = {row["location"] for row in rows if row["location"] not in online} if "sells_online" in untold else set()
    told = [row for row in rows if row["location"] not in blind]
    upsert(connection, LEVEL, told, key=_LEVEL_KEY, update=_LEVEL_STATE, newer=_newer_or_lower)
    rest = [row for row in rows if row["location"] in blind]
    upsert(connection, LEVEL, rest, key=_LEVEL_KEY, update=_COUNT, newer=_newer_or_lower)
    touch_inventory_items(connection, shop_id, {level.inventory_item for level, _ in levels}, shelf_version)
    return blind


def _newer_or_lower(excluded: Any, table: FromClause) -> ColumnElement[bool]:
    return or_(
        excluded.source_version > table.c.source_version,
        and_(excluded.source_version == table.c.source_version, excluded.available < table.c.available),
    )


def touch_inventory_items(connection: Connection, shop_id: int, items: Iterable[str], shelf_version: int) -> None:
    """Mark the products whose stock these inventory items are."""
    for chunk in chunks(items):
        connection.execute(_TOUCH_ITEMS, {"of_shop": shop_id, "items": chunk, "version": shelf_version})


def remove_level(
    connection: Connection, shop_id: int, inventory_item: str, location: str, version: datetime, shelf_version: int
) -> None:
    """Take an inventory item's stock at one location away."""
    gone = LevelRecord(inventory_item, location, 0, sells_online=False)
    online = _online(connection, shop_id, {location})
    row = {**_level_row(shop_id, gone, version, online), "removed_at": version}
    upsert(connection, LEVEL, [row], key=_LEVEL_KEY, update=_COUNT, newer=not_older)
    touch_inventory_items(connection, shop_id, {inventory_item}, shelf_version)


def remove_item(
    connection: Connection, shop_id: int, inventory_item: str, version: datetime, shelf_version: int
) -> None:
    """Take an inventory item's stock at every location away."""
    statement = (
        update(LEVEL)
        .where(LEVEL.c.shop_id == shop_id, LEVEL.c.inventory_item == inventory_item)
        .where(LEVEL.c.source_version <= version)
    )
    connection.execute(statement.values(available=0, source_version=version, removed_at=version))
    touch_inventory_items(connection, shop_id, {inventory_item}, shelf_version)


def upsert_locations(
    connection: Connection, shop_id: int, locations: Sequence[tuple[LocationRecord, datetime]], shelf_version: int
) -> None:
    """Write locations; the levels that are kept there follow."""
    rows = [_location_row(shop_id, record, version, None) for record, version in locations]
    _write_locations(connection, shop_id, rows, shelf_version)


def remove_location(
    connection: Connection, shop_id: int, external_id: str, version: datetime, shelf_version: int
) -> None:
    """Take a location away: nothing is sold from there any more."""
    gone = LocationRecord(external_id, sells_online=False)
    _write_locations(connection, shop_id, [_location_row(shop_id, gone, version, version)], shelf_version)


def _write_locations(
    connection: Connection, shop_id: int, rows: Sequence[Mapping[str, Any]], shelf_version: int
) -> None:
    returning = ("external_id", "sells_online")
    state = {"key": _LOCATION_KEY, "update": _LOCATION_STATE, "returning": returning}
    for external_id, sells_online in upsert(connection, LOCATION, rows, newer=not_older, **state):
        there = (LEVEL.c.shop_id == shop_id, LEVEL.c.location == external_id, LEVEL.c.sells_online != sells_online)
        items = select(LEVEL.c.inventory_item).where(*there)
        owners = select(VARIANT.c.product_id).where(VARIANT.c.shop_id == shop_id, VARIANT.c.inventory_item.in_(items))
        _touch(connection, shop_id, owners, shelf_version)
        connection.execute(update(LEVEL).where(*there).values(sells_online=sells_online))


def mark_sold_out(connection: Connection, shop_id: int, sold_out: Iterable[SoldOut], shelf_version: int) -> None:
    """Count what was known of these variants' stock before as nothing. The latest word on a variant counts."""
    for each in sold_out:
        here = (VARIANT.c.shop_id == shop_id, VARIANT.c.external_id == each.variant)
        owner = connection.execute(select(VARIANT.c.product_id).where(*here)).scalar()
        if owner is None:
            if not each.product:
                continue
            owner = ensure_products(connection, shop_id, {each.product: ""})[each.product]
            connection.execute(VARIANT.insert().values(stub_variant(shop_id, owner, each.variant)))
        said = (VARIANT.c.sold_out_at, VARIANT.c.out_of_stock_at) if each.even_untracked else (VARIANT.c.sold_out_at,)
        for column in said:
            older = column.is_(None) | (column < each.version)
            connection.execute(update(VARIANT).where(*here, older).values({column: each.version}))
        here_too = (PRODUCT.c.shop_id == shop_id, PRODUCT.c.id == owner)
        connection.execute(update(PRODUCT).where(*here_too).values(shelf_version=shelf_version))


def _touch(connection: Connection, shop_id: int, owners: Select[Any], shelf_version: int) -> None:
    here = (PRODUCT.c.shop_id == shop_id, PRODUCT.c.id.in_(owners))
    connection.execute(update(PRODUCT).where(*here).values(shelf_version=shelf_version))


def _online(connection: Connection, shop_id: int, locations: Collection[str]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for chunk in chunks(locations):
        rows = connection.execute(_ONLINE, {"of_shop": shop_id, "places": chunk})
        found |= dict(map(tuple, rows))
    return found


def _level_row(shop_id: int, level: LevelRecord, version: datetime, online: Mapping[str, bool]) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "inventory_item": level.inventory_item,
        "location": level.location,
        "available": level.available,
        "sells_online": online.get(level.location, level.sells_online),
        "source_version": version,
        "removed_at": None,
    }


def _location_row(
    shop_id: int, record: LocationRecord, version: datetime, removed_at: datetime | None
) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "external_id": record.external_id,
        "sells_online": record.sells_online,
        "source_version": version,
        "removed_at": removed_at,
    }
