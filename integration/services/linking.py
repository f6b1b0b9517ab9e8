"""Order files name products by code or title; catalogues by their own ids. Here the two are brought together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, select

from connectors.records import Change, Current, Order, OrderLine, Product, RecordKind, Refund, RefundLine, Removed
from connectors.versions import is_hearsay
from integration.storage.catalogue import Product as ProductRow
from integration.storage.catalogue import Variant as VariantRow
from integration.storage.upsert import table_of

PRODUCT = table_of(ProductRow)
VARIANT = table_of(VariantRow)

L = TypeVar("L", OrderLine, RefundLine)


class Target(NamedTuple):
    """A product of the shop, and the variant that is meant where that is certain."""

    product: str
    variant: str


class CatalogueLinks:
    """Finds the product that a code in an order file means.

    In this order: a product's own id, a variant's SKU, a product's id in another case, a title; and only then what
    was itself inferred from order lines. A SKU or title that several products share means none of them.
    """

    def __init__(self, connection: Connection, shop_id: int) -> None:
        self._ids: dict[str, Target] = {}
        self._inferred: dict[str, Target] = {}
        names: list[dict[str, Target | None]] = [{}, {}, {}]
        for target, version, sku, title, variant_title in _catalogue(connection, shop_id):
            if is_hearsay(version):
                self._inferred[target.product] = target
                continue
            several = target.product in self._ids
            self._ids[target.product] = target._replace(variant="") if several else target
            _offer(names[0], sku, target)
            _offer(names[1], target.product, self._ids[target.product])
            _offer(names[2], title, self._ids[target.product])
            _offer(names[2], f"{title} - {variant_title}", target)
        again: dict[str, Target | None] = {}
        for target in self._inferred.values():
            _offer(again, target.product, target)
        self._names = [*names, again]

    def find(self, code: str) -> Target | None:
        """The product that the code means; None where the catalogue has none."""
        if code in self._ids:
            return self._ids[code]
        folded = code.casefold()
        return next((target for names in self._names if (target := names.get(folded)) is not None), None)

    def linked(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The changes, with the catalogue's own ids in orders and refunds.

        A product that was only inferred from order lines gives way to the one in the catalogue that it is.
        """
        if not self._ids and not self._inferred:
            yield from changes
            return
        for change in changes:
            record = change.record if isinstance(change, Current) else None
            if isinstance(change, Current) and isinstance(record, Product) and is_hearsay(change.version):
                target = self.find(record.external_id)
                if target is None or target.product == record.external_id:
                    yield change
                elif record.external_id in self._inferred:
                    yield Removed(RecordKind.PRODUCT, record.external_id, change.version)
            elif isinstance(change, Current) and isinstance(record, Order | Refund):
                yield replace(change, record=self._relinked(record))
            else:
                yield change

    def _relinked(self, record: Order | Refund) -> Order | Refund:
        if isinstance(record, Order):
            return replace(record, lines=self._lines(record.lines))
        return replace(record, lines=self._lines(record.lines))

    def _lines(self, lines: tuple[L, ...]) -> tuple[L, ...]:
        return tuple(self._line(line) for line in lines)

    def _line(self, line: L) -> L:
        target = self.find(line.product)
        if target is None or (target.product == line.product and target.variant in {"", line.variant}):
            return line
        return replace(line, product=target.product, variant=target.variant)


def _offer(names: dict[str, Target | None], name: str, target: Target) -> None:
    folded = name.casefold()
    if not folded:
        return
    taken = names.setdefault(folded, target)
    if taken is not None and taken.product != target.product:
        names[folded] = None
    elif taken is not None and taken != target:
        names[folded] = taken._replace(variant="")


def _catalogue(connection: Connection, shop_id: int) -> Iterator[tuple[Target, datetime, str, str, str]]:
    says = (PRODUCT.c.source_version, VARIANT.c.sku, PRODUCT.c.title, VARIANT.c.title)
    rows = connection.execute(
        select(PRODUCT.c.external_id, VARIANT.c.external_id, *says)
        .join(VARIANT, VARIANT.c.product_id == PRODUCT.c.id)
        .where(PRODUCT.c.shop_id == shop_id, VARIANT.c.shop_id == shop_id)
        .where(PRODUCT.c.known, PRODUCT.c.removed_at.is_(None), VARIANT.c.removed_at.is_(None))
    )
    for product, variant, version, sku, title, variant_title in rows:
        yield Target(product, variant), version, sku, title, variant_title
