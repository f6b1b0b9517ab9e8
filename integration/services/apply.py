"""Fold changes into the store. Whatever the order of arrival, and however often a change comes, the newest wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from connectors.records import (
    Change,
    Current,
    Customer,
    EraseCustomer,
    InventoryLevel,
    Order,
    Product,
    RecordKind,
    Refund,
    Removed,
)
from integration.storage import catalogue_writes as catalogue
from integration.storage import order_writes as orders

R = TypeVar("R", Product, InventoryLevel, Customer, Order, Refund)


@dataclass(slots=True)
class Applied:
    """What a batch did. shelf_version: the shop's new one, None where nothing on the shelf could have changed."""

    shelf_version: int | None = None
    written: dict[str, int] = field(default_factory=dict)


def apply(connection: Connection, shop_id: int, changes: Sequence[Change]) -> Applied:
    """Write a batch of changes of one shop inside the caller's transaction. Applying it again changes nothing."""
    applied = Applied()
    if any(_is_on_shelf(change) for change in changes):
        # Taken first: on PostgreSQL it also locks the shop's shelf, so that two batches can't deadlock on products.
        applied.shelf_version = catalogue.next_shelf_version(connection, shop_id)
    version = applied.shelf_version or 0
    if products := _newest(changes, Product):
        applied.written["products"] = catalogue.upsert_products(connection, shop_id, products, version)
    if levels := _newest(changes, InventoryLevel):
        catalogue.upsert_levels(connection, shop_id, levels, version)
        applied.written["inventory levels"] = len(levels)
    if customers := _newest(changes, Customer):
        orders.upsert_customers(connection, shop_id, customers)
        applied.written["customers"] = len(customers)
    if sold := _newest(changes, Order):
        applied.written["orders"] = orders.upsert_orders(connection, shop_id, sold)
    if refunds := _newest(changes, Refund):
        applied.written["refunds"] = orders.upsert_refunds(connection, shop_id, refunds)
    for change in changes:
        if isinstance(change, Removed):
            _remove(connection, shop_id, change, version)
        elif isinstance(change, EraseCustomer):
            orders.erase_customer(connection, shop_id, change.external_id, change.version)
    return applied


def _is_on_shelf(change: Change) -> bool:
    if isinstance(change, Current):
        return isinstance(change.record, Product | InventoryLevel)
    return isinstance(change, Removed) and change.kind in {
        RecordKind.PRODUCT,
        RecordKind.VARIANT,
        RecordKind.INVENTORY_LEVEL,
    }


def _newest(changes: Iterable[Change], kind: type[R]) -> list[tuple[R, datetime]]:
    """The newest state of each record of a kind; of two inventory levels with the same time, the lower one."""
    newest: dict[tuple[str, str], tuple[R, datetime]] = {}
    for change in changes:
        if not isinstance(change, Current) or not isinstance(change.record, kind):
            continue
        record = change.record
        if isinstance(record, InventoryLevel):
            key = (record.inventory_item, record.location)
        else:
            key = (record.external_id, "")
        before = newest.get(key)
        if before is None or _wins(record, change.version, *before):
            newest[key] = (record, change.version)
    return list(newest.values())


def _wins(record: R, version: datetime, other: R, other_version: datetime) -> bool:
    if version != other_version:
        return version > other_version
    if isinstance(record, InventoryLevel):
        return record.available < other.available
    return True


def _remove(connection: Connection, shop_id: int, gone: Removed, shelf_version: int) -> None:
    match gone.kind:
        case RecordKind.PRODUCT:
            catalogue.remove_product(connection, shop_id, gone.external_id, gone.version, shelf_version)
        case RecordKind.VARIANT:
            catalogue.remove_variant(connection, shop_id, gone.external_id, gone.version, shelf_version)
        case RecordKind.INVENTORY_LEVEL:
            catalogue.remove_level(connection, shop_id, gone.external_id, gone.location, gone.version, shelf_version)
        case RecordKind.ORDER:
            orders.remove_order(connection, shop_id, gone.external_id, gone.version)
        case RecordKind.CUSTOMER:
            orders.erase_customer(connection, shop_id, gone.external_id, gone.version)
