"""Comparing what a platform tells of a shop with what is stored, so that only what differs is written, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from connectors.records import Change, Current, InventoryLevel, Order, Product, RecordKind, Removed, VariantOf
from integration.storage.catalogue_writes import PRODUCT, VARIANT, product_row, variant_row
from integration.storage.order_writes import ORDER
from integration.storage.shops import Shop
from integration.storage.stock_writes import LEVEL
from integration.storage.upsert import chunks, table_of

SHOP = table_of(Shop)

PRODUCTS, VARIANTS, STOCK, ORDERS = "product", "variant", "stock", "order"
MISSING, STALE, GONE = "missing", "stale", "gone"

# Platforms tell whole seconds: what is apart by less is the same state.
_SAME = timedelta(seconds=1)
# Older than what is stored, and newer than the second: of what a platform changed without giving it a time.
_AFTER = timedelta(milliseconds=1)
_NOT_TOLD = {"id", "shop_id", "external_id", "known", "source_version", "removed_at", "shelf_version"}
_PRODUCT_TOLD = frozenset(c.name for c in PRODUCT.c) - _NOT_TOLD
_VARIANT_TOLD = frozenset(c.name for c in VARIANT.c) - _NOT_TOLD - {"product_id", "sold_out_at", "out_of_stock_at"}
_REMOVABLE: Mapping[RecordKind, tuple[str, Table]] = {
    RecordKind.PRODUCT: (PRODUCTS, PRODUCT),
    RecordKind.VARIANT: (VARIANTS, VARIANT),
    RecordKind.ORDER: (ORDERS, ORDER),
}


@dataclass(slots=True)
class Compared:
    """What became of a page. changes: what has to be written; drift: things by sort, such as "product missing".

    same: rows that are as they were told, with the newer time of that state, by table.
    """

    changes: list[Change] = field(default_factory=list)
    drift: Counter[str] = field(default_factory=Counter)
    same: dict[Table, list[tuple[int, datetime]]] = field(default_factory=dict)

    def differs(self, thing: str, how: str, change: Change) -> None:
        """Note something that is not as it was told."""
        self.changes.append(change)
        self.drift[f"{thing} {how}"] += 1

    def agrees(self, table: Table, row: Row[Any], version: datetime) -> None:
        """Note a row that is."""
        if version > row.source_version:
            self.same.setdefault(table, []).append((row.id, version))


def compare(connection: Connection, shop_id: int, changes: Sequence[Change], before: datetime) -> Compared:
    """Find what of these changes the store does not have.

    before: what is stored of a time before this, and differs, is wrong even where the platform's own time of its state
    is not newer: it changed without a word. Of a later time, the newest wins as ever.
    """
    found, comparing = Compared(), _Comparing(connection, shop_id, changes, before)
    for change in changes:
        if isinstance(change, Removed):
            comparing.removed(change, found)
        elif isinstance(change, Current) and (compared := comparing.of(change)) is not None:
            compared(change, found)
        else:
            found.changes.append(change)
    return found


def confirm(connection: Connection, shop_id: int, found: Compared) -> None:
    """Write down that rows are as they were told, so that what is older and comes late has no say."""
    for table, rows in found.same.items():
        by_version: dict[datetime, list[int]] = {}
        for row_id, version in rows:
            by_version.setdefault(version, []).append(row_id)
        for version, ids in by_version.items():
            for chunk in chunks(ids):
                here = (table.c.shop_id == shop_id, table.c.id.in_(chunk), table.c.source_version < version)
                connection.execute(update(table).where(*here).values(source_version=version))


class _Comparing:
    """What is stored of the things that a page tells of."""

    def __init__(self, connection: Connection, shop_id: int, changes: Sequence[Change], before: datetime) -> None:
        self._connection, self._shop_id, self._before = connection, shop_id, before
        records = [each.record for each in changes if isinstance(each, Current)]
        self._shop_currency = str(connection.execute(select(SHOP.c.currency).where(SHOP.c.id == shop_id)).scalar_one())
        ids = (each.external_id for each in records if isinstance(each, Product))
        self._products = {row.external_id: row for row in self._rows(PRODUCT, "external_id", ids)}
        self._variants = self._variants_of(records)
        self._forms: dict[int, list[Row[Any]]] = {}
        for each in self._variants.values():
            self._forms.setdefault(each.product_id, []).append(each)
        items = {each.inventory_item for each in records if isinstance(each, InventoryLevel)}
        self._levels = {(row.inventory_item, row.location): row for row in self._rows(LEVEL, "inventory_item", items)}
        sold = (each.external_id for each in records if isinstance(each, Order))
        columns = (ORDER.c.external_id, ORDER.c.source_version, ORDER.c.removed_at)
        self._orders = {row.external_id: row for row in self._rows(ORDER, "external_id", sold, columns)}

    def of(self, change: Current) -> Callable[[Current, Compared], None] | None:
        """How this is compared; None for what is written as it comes."""
        match change.record:
            case Product():
                return self._product
            case VariantOf():
                return self._variant
            case InventoryLevel():
                return self._level
            case Order():
                return self._order
        return None

    def removed(self, gone: Removed, found: Compared) -> None:
        """What the platform says is gone counts as drift where it is still here."""
        found.changes.append(gone)
        if gone.kind in _REMOVABLE:
            thing, table = _REMOVABLE[gone.kind]
            rows: Iterable[Row[Any]] = self._rows(table, "external_id", [gone.external_id])
        elif gone.kind is RecordKind.INVENTORY_LEVEL:
            levels = self._rows(LEVEL, "inventory_item", [gone.external_id])
            thing, rows = STOCK, (each for each in levels if each.location == gone.location)
        else:
            return
        if any(each.removed_at is None and each.source_version <= gone.version for each in rows):
            found.drift[f"{thing} {GONE}"] += 1

    def _product(self, change: Current, found: Compared) -> None:
        record = change.record
        assert isinstance(record, Product)
        row = self._products.get(record.external_id)
        if row is None or not row.known or row.removed_at is not None:
            if row is None or row.source_version <= change.version:
                found.differs(PRODUCTS, MISSING, change)
            elif row.source_version < self._before:
                found.differs(PRODUCTS, MISSING, _forced(change, row.source_version))
            return
        forms = self._forms.get(row.id, [])
        if not self._same_product(change, row, {each.external_id: each for each in forms}):
            told = [row] if "variants.details" in change.untold else [row, *forms]
            newest = max(each.source_version for each in told)
            if newest <= change.version:
                found.differs(PRODUCTS, STALE, change)
            elif newest < self._before:
                found.differs(PRODUCTS, STALE, _forced(change, newest))
            return
        found.agrees(PRODUCT, row, change.version)
        if "variants.details" not in change.untold:
            own = {each.external_id: each.version for each in record.variants}
            for each in forms:
                if each.external_id in own:
                    found.agrees(VARIANT, each, own[each.external_id] or change.version)

    def _same_product(self, change: Current, row: Row[Any], forms: Mapping[str, Row[Any]]) -> bool:
        assert isinstance(change.record, Product)
        told = product_row(self._shop_id, change.record, change.version, 0)
        return _same(told, row, _PRODUCT_TOLD - change.untold) and self._same_forms(change, forms)

    def _same_forms(self, change: Current, forms: Mapping[str, Row[Any]]) -> bool:
        record, untold = change.record, change.untold
        assert isinstance(record, Product)
        named = {each.external_id for each in record.variants}
        here = {own for own, row in forms.items() if row.removed_at is None}
        if "variants" not in untold and here - named:
            return False
        if "variants.details" in untold:
            return True
        return named <= here and all(
            self._same_variant(variant_row(self._shop_id, 0, each, change.version), forms[each.external_id], untold)
            for each in record.variants
        )

    def _same_variant(self, told: dict[str, Any], row: Row[Any], untold: frozenset[str]) -> bool:
        if "variants.currency" in untold:
            told["currency"], untold = self._shop_currency, untold - {"variants.currency"}
        return _same(told, row, {name for name in _VARIANT_TOLD if f"variants.{name}" not in untold})

    def _variant(self, change: Current, found: Compared) -> None:
        record = change.record
        assert isinstance(record, VariantOf)
        row = self._variants.get(record.external_id)
        version = record.variant.version or change.version
        if row is None or row.removed_at is not None:
            if row is None or row.source_version <= version:
                found.differs(VARIANTS, MISSING, change)
            return
        told = variant_row(self._shop_id, 0, record.variant, version)
        # Alone it says its place in another way than among its product's others.
        if self._same_variant(told, row, change.untold | {"variants.position"}):
            found.agrees(VARIANT, row, version)
        elif row.source_version <= version:
            found.differs(VARIANTS, STALE, change)
        elif row.source_version < self._before:
            variant = replace(record.variant, version=row.source_version)
            found.differs(VARIANTS, STALE, replace(change, record=replace(record, variant=variant)))

    def _level(self, change: Current, found: Compared) -> None:
        record = change.record
        assert isinstance(record, InventoryLevel)
        row = self._levels.get((record.inventory_item, record.location))
        if row is None:
            found.differs(STOCK, MISSING, change)
        elif row.removed_at is None and row.available == record.available:
            found.agrees(LEVEL, row, change.version)
        elif row.source_version < change.version:
            found.differs(STOCK, STALE, change)
        elif row.source_version < self._before:
            found.differs(STOCK, STALE, replace(change, version=row.source_version + _AFTER))
        elif row.source_version == change.version:
            found.changes.append(change)

    def _order(self, change: Current, found: Compared) -> None:
        record = change.record
        assert isinstance(record, Order)
        row = self._orders.get(record.external_id)
        if row is None:
            found.drift[f"{ORDERS} {MISSING}"] += 1
        elif row.source_version.replace(microsecond=0) + _SAME <= change.version:
            found.drift[f"{ORDERS} {STALE}"] += 1
        # With its lines and refunds it is written either way: which of them differ is the writing's own business.
        found.changes.append(change)

    def _variants_of(self, records: Sequence[Any]) -> dict[str, Row[Any]]:
        lone = (each.external_id for each in records if isinstance(each, VariantOf))
        rows = list(self._rows(VARIANT, "external_id", lone))
        rows += self._rows(VARIANT, "product_id", (each.id for each in self._products.values()))
        return {row.external_id: row for row in rows}

    def _rows(
        self, table: Table, key: str, values: Iterable[Any], columns: Sequence[Any] | None = None
    ) -> Iterator[Row[Any]]:
        for chunk in chunks(values):
            here = (table.c.shop_id == self._shop_id, table.c[key].in_(chunk))
            yield from self._connection.execute(select(*(columns or (table,))).where(*here))


def _same(told: Mapping[str, Any], row: Row[Any], names: Iterable[str]) -> bool:
    stored = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return all(told[name] == stored[name] for name in names)


def _forced(change: Current, version: datetime) -> Current:
    """The same state, as of a time that overrules what is stored."""
    record = change.record
    assert isinstance(record, Product)
    variants = tuple(replace(each, version=None) for each in record.variants)
    return replace(change, record=replace(record, variants=variants), version=version)
