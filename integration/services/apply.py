"""Fold changes into the store. Whatever the order of arrival, and however often a change comes, the newest wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from connectors.records import (
    Change,
    Current,
    Customer,
    CustomerDataRequest,
    EraseCustomer,
    EraseShop,
    InventoryLevel,
    Location,
    Order,
    PagesChanged,
    Product,
    ReadingReady,
    RecordKind,
    Refetch,
    Refund,
    Removed,
    ScopesChanged,
    ShopLeft,
    ShopTold,
    SoldOut,
    VariantOf,
)
from integration.clock import system_clock
from integration.services import access, privacy
from integration.storage import catalogue_writes as catalogue
from integration.storage import order_writes as orders
from integration.storage import refetch_writes as refetches
from integration.storage import shop_writes as shops
from integration.storage import stock_writes as stock
from integration.storage.upsert import stored_version

# How far a platform's clock may be ahead of ours.
AHEAD = timedelta(days=1)

R = TypeVar("R", Product, VariantOf, InventoryLevel, Location, Customer, Order, Refund)
Untold = frozenset[str]

_ON_SHELF = (Product, VariantOf, InventoryLevel, Location)
_OFF_SHELF = {
    RecordKind.PRODUCT,
    RecordKind.VARIANT,
    RecordKind.INVENTORY_ITEM,
    RecordKind.INVENTORY_LEVEL,
    RecordKind.LOCATION,
}
_UNTIMED = {
    RecordKind.PRODUCT: catalogue.PRODUCT,
    RecordKind.VARIANT: catalogue.VARIANT,
    RecordKind.ORDER: orders.ORDER,
}


@dataclass(slots=True)
class Applied:
    """What a batch did. shelf_version: the shop's new one, None where nothing on the shelf could have changed."""

    shelf_version: int | None = None
    written: dict[str, int] = field(default_factory=dict)


def apply(connection: Connection, shop_id: int, changes: Sequence[Change], *, now: datetime | None = None) -> Applied:
    """Write a batch of changes of one shop inside the caller's transaction. Applying it again changes nothing.

    now: the present, to tell what was asked for when, and to bound versions by: one that lies further ahead than a
    clock may be wrong would outvote whatever comes later, and counts as of now. Left out: no version is bounded.
    """
    if now is not None:
        changes = [_not_ahead(change, now) for change in changes]
    applied = Applied()
    if any(_is_on_shelf(change) for change in changes):
        # Taken first: on PostgreSQL it also locks the shop's shelf, so that two batches can't deadlock on products.
        applied.shelf_version = catalogue.next_shelf_version(connection, shop_id)
    wanted = [change for change in changes if isinstance(change, Refetch)]
    for part in _parts(changes):
        wanted += _write_shelf(connection, shop_id, part, applied)
        _write_orders(connection, shop_id, part, applied)
        for change in part:
            if isinstance(change, Removed):
                _remove(connection, shop_id, change, applied.shelf_version or 0)
            else:
                _tell(connection, shop_id, change, now or system_clock())
    refetches.ask_again(connection, shop_id, wanted, now or system_clock())
    return applied


def _not_ahead(change: Change, now: datetime) -> Change:
    if isinstance(change, Current | Removed | SoldOut) and change.version > now + AHEAD:
        return replace(change, version=now)
    return change


def _parts(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """The changes, cut after each removal without a time: it takes away what came before it, and nothing after."""
    start = 0
    for place, change in enumerate(changes, 1):
        if isinstance(change, Removed) and change.untimed:
            yield changes[start:place]
            start = place
    yield changes[start:]


def _write_shelf(connection: Connection, shop_id: int, changes: Sequence[Change], applied: Applied) -> list[Refetch]:
    """Returns what has to be asked besides."""
    version = applied.shelf_version or 0
    for untold, products in _newest(changes, Product):
        written = catalogue.upsert_products(connection, shop_id, products, version, untold=untold)
        applied.written["products"] = applied.written.get("products", 0) + written
    half_known: set[str] = set()
    for untold, variants in _newest(changes, VariantOf):
        half_known |= set(catalogue.upsert_variants(connection, shop_id, variants, version, untold=untold))
        applied.written["variants"] = applied.written.get("variants", 0) + len(variants)
    for _, locations in _newest(changes, Location):
        stock.upsert_locations(connection, shop_id, locations, version)
    unknown: set[str] = set()
    for untold, levels in _newest(changes, InventoryLevel):
        unknown |= stock.upsert_levels(connection, shop_id, levels, version, untold=untold)
        applied.written["inventory levels"] = applied.written.get("inventory levels", 0) + len(levels)
    stock.mark_sold_out(connection, shop_id, [each for each in changes if isinstance(each, SoldOut)], version)
    wanted = [Refetch(RecordKind.PRODUCT, product) for product in sorted(half_known)]
    return wanted + [Refetch(RecordKind.LOCATION, location) for location in sorted(unknown)]


def _write_orders(connection: Connection, shop_id: int, changes: Sequence[Change], applied: Applied) -> None:
    for _, customers in _newest(changes, Customer):
        orders.upsert_customers(connection, shop_id, customers)
        applied.written["customers"] = len(customers)
    for _, sold in _newest(changes, Order):
        applied.written["orders"] = orders.upsert_orders(connection, shop_id, sold)
    for _, refunds in _newest(changes, Refund):
        applied.written["refunds"] = orders.upsert_refunds(connection, shop_id, refunds)


def _is_on_shelf(change: Change) -> bool:
    if isinstance(change, Current):
        return isinstance(change.record, _ON_SHELF)
    return isinstance(change, SoldOut) or (isinstance(change, Removed) and change.kind in _OFF_SHELF)


def _newest(changes: Iterable[Change], kind: type[R]) -> list[tuple[Untold, list[tuple[R, datetime]]]]:
    """The newest state of each record of a kind; of two inventory levels with the same time, the lower one.

    Apart for each set of untold fields, those that tell the most first: what they alone tell must not be lost.
    """
    newest: dict[Untold, dict[tuple[str, str], tuple[R, datetime]]] = defaultdict(dict)
    for change in changes:
        if not isinstance(change, Current) or not isinstance(change.record, kind):
            continue
        record, known = change.record, newest[change.untold]
        if isinstance(record, InventoryLevel):
            key = (record.inventory_item, record.location)
        else:
            key = (record.external_id, "")
        before = known.get(key)
        if before is None or _wins(record, change.version, *before):
            known[key] = (record, change.version)
    return [(untold, list(newest[untold].values())) for untold in sorted(newest, key=len)]


def _wins(record: R, version: datetime, other: R, other_version: datetime) -> bool:
    if version != other_version:
        return version > other_version
    if isinstance(record, InventoryLevel):
        return record.available < other.available
    return True


def _remove(connection: Connection, shop_id: int, gone: Removed, shelf_version: int) -> None:
    if gone.untimed and (table := _UNTIMED.get(gone.kind)) is not None:
        gone = replace(gone, version=max(gone.version, stored_version(connection, table, shop_id, gone.external_id)))
    match gone.kind:
        case RecordKind.PRODUCT:
            catalogue.remove_product(connection, shop_id, gone.external_id, gone.version, shelf_version)
        case RecordKind.VARIANT:
            catalogue.remove_variant(connection, shop_id, gone.external_id, gone.version, shelf_version)
        case RecordKind.INVENTORY_ITEM:
            stock.remove_item(connection, shop_id, gone.external_id, gone.version, shelf_version)
        case RecordKind.INVENTORY_LEVEL:
            stock.remove_level(connection, shop_id, gone.external_id, gone.location, gone.version, shelf_version)
        case RecordKind.LOCATION:
            stock.remove_location(connection, shop_id, gone.external_id, gone.version, shelf_version)
        case RecordKind.ORDER:
            orders.remove_order(connection, shop_id, gone.external_id, gone.version)
        case RecordKind.CUSTOMER:
            orders.erase_customer(connection, shop_id, gone.external_id, gone.version)


def _tell(connection: Connection, shop_id: int, change: Change, now: datetime) -> None:
    match change:
        case EraseCustomer():
            privacy.erase_customer(connection, shop_id, change, now)
        case CustomerDataRequest():
            privacy.note_question(connection, shop_id, change, now)
        case EraseShop():
            privacy.note_erasure_of_shop(connection, shop_id, change, now)
        case ScopesChanged():
            access.scopes_changed(connection, shop_id, change.scopes, change.version)
        case ShopTold():
            shops.tell(connection, shop_id, change)
        case ReadingReady():
            refetches.wake_readings(connection, shop_id)
        case PagesChanged():
            access.look_again(connection, shop_id, change.version)
        case ShopLeft():
            access.forget(connection, shop_id, change.version)
