"""Reads a connected Shopify shop: all of it in bulk, what changed since a time, or single things."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

import msgspec

from connectors.base import Access, Page
from connectors.records import Change, Current, Product, RecordKind, Refetch
from connectors.shopify import positions
from connectors.shopify.bulk.lines import Group
from connectors.shopify.bulk.queries import query_text
from connectors.shopify.bulk.reading import BulkReading, Question
from connectors.shopify.changed import MANY, Changed, filter_of
from connectors.shopify.deletions import deleted_products
from connectors.shopify.fetching import Fetching, asked_now
from connectors.shopify.gids import bare, gid
from connectors.shopify.graphql.bulk_queries import Value
from connectors.shopify.graphql.client import Admin
from connectors.shopify.markets import REST
from connectors.shopify.orders import LineNode, OrderNode
from connectors.shopify.orders import is_whole as is_whole_order
from connectors.shopify.positions import InBulk, InPages, Terms
from connectors.shopify.products import (
    Abroad,
    Asked,
    CollectionNode,
    PriceNode,
    ProductNode,
    VariantNode,
    countries_of,
    is_whole,
    product_change,
)
from connectors.shopify.stock import LevelNode
from connectors.shopify.terms import ShopTerms

STOCK, PRODUCTS, ORDERS = "stock", "products", "orders"
# Stock comes first: whatever is shown afterwards is shown with what is left of it.
KINDS = (STOCK, PRODUCTS, ORDERS)


class _ItemRow(msgspec.Struct, frozen=True, tag_field="__typename", tag="InventoryItem"):
    id: str


class ShopReader:
    """A `connectors.base.Reader` of one shop."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._admin = Admin(access)
        self._terms = ShopTerms(self._admin)
        self._fetching = Fetching(self._admin, self._terms)

    @property
    def kinds(self) -> Sequence[str]:
        """What there is to read, in order."""
        return KINDS

    def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
        """All of a kind in bulk; what changed since a time page by page, or in bulk where it is much.

        Raises PlatformError, AccessLost; ScopeMissing where the merchant has not granted this kind.
        """
        stored = positions.parse(position)
        if since is not None and stored is None and kind == PRODUCTS:
            yield Page(list(deleted_products(self._admin, since)), "", 0)
        if since is not None and not isinstance(stored, InBulk):
            changed = Changed(self._admin, self._fetching, self._terms, since)
            pages = self._changed(changed, kind, stored)
            if pages is not None:
                yield from pages
                return
        if kind == STOCK and stored is None:
            yield from self._places()
        question = self._question(kind, since)
        yield from BulkReading(self._admin, self._access, question).pages(
            stored if isinstance(stored, InBulk) else None
        )

    def fetch(self, wanted: Sequence[Refetch]) -> Sequence[Change]:
        """Single things as they now are. What can't be told of one by itself comes as another thing to fetch."""
        ids: dict[RecordKind, dict[str, None]] = {}
        for each in wanted:
            ids.setdefault(each.kind, {})[each.external_id] = None
        changes: list[Change] = []
        products = dict.fromkeys(ids.get(RecordKind.PRODUCT, ()))
        items = {**ids.get(RecordKind.INVENTORY_ITEM, {}), **ids.get(RecordKind.INVENTORY_LEVEL, {})}
        for kind, owned in ((RecordKind.VARIANT, ids.get(RecordKind.VARIANT, {})), (RecordKind.INVENTORY_ITEM, items)):
            products |= dict.fromkeys(self._fetching.owners(kind, list(owned)))
        changes += self._fetching.products(list(products))
        variants = ids.get(RecordKind.VARIANT, {})
        items |= dict.fromkeys(_items_of(changes, variants))
        changes += self._fetching.stocks(list(items))
        changes += self._fetching.orders(list(ids.get(RecordKind.ORDER, ())))
        if RecordKind.LOCATION in ids:
            changes += self._location_changes()
        for collection in ids.get(RecordKind.COLLECTION, ()):
            changes += self._fetching.in_collection(collection)
        return changes

    def _changed(self, changed: Changed, kind: str, stored: InPages | None) -> Iterator[Page] | None:
        """Pages of what changed; None where that is so much that a bulk operation is quicker."""
        if kind == STOCK:
            return changed.levels(stored or InPages())
        if stored is None:
            expected = changed.count(kind)
            if expected > MANY:
                return None
            stored = InPages(expected=expected)
        return changed.products(stored) if kind == PRODUCTS else changed.orders(stored)

    def _places(self) -> Iterator[Page]:
        yield Page(self._location_changes(), "", 0)

    def _location_changes(self) -> list[Change]:
        at = asked_now()
        return [each.change(at) for each in self._terms.locations]

    def _question(self, kind: str, since: datetime | None) -> Question:
        questions: Mapping[str, Callable[[str], Question]] = MappingProxyType(
            {STOCK: self._stock, PRODUCTS: self._products, ORDERS: self._orders}
        )
        return questions[kind](filter_of(since))

    def _stock(self, _since: str) -> Question:
        def tell(groups: Sequence[Group], position: InBulk) -> list[Change]:
            sells = {bare(each.id): each.sells_online for each in self._terms.locations}
            return [
                level.change(bare(group.id), sells, position.asked_at)
                for group in groups
                for level in cast("list[LevelNode]", group.children)
            ]

        rows = _ItemRow | LevelNode
        return Question(RecordKind.INVENTORY_ITEM, lambda: (query_text("stock", {}), None), lambda _: rows, tell)

    def _products(self, since: str) -> Question:
        def prepare() -> tuple[str, Terms]:
            terms, publication = self._terms.terms, self._terms.publication
            values: dict[str, Value] = {
                "since": since,
                "publication": publication or gid("Publication", "0"),
                "publications": bool(publication),
                "costs": terms.costs,
            }
            return query_text("products", values, _countries(terms)), terms

        return Question(RecordKind.PRODUCT, prepare, _product_rows, _tell_products)

    def _orders(self, since: str) -> Question:
        def tell(groups: Sequence[Group], position: InBulk) -> list[Change]:
            whole = [group for group in groups if is_whole_order(group.root, group.children)]
            told = [(cast("OrderNode", group.root), cast("list[LineNode]", group.children)) for group in whole]
            return self._fetching.with_refunds(told, position.asked_at) + _again(RecordKind.ORDER, groups, whole)

        rows = OrderNode | LineNode
        return Question(RecordKind.ORDER, lambda: (query_text("orders", {"since": since}), None), lambda _: rows, tell)


def _items_of(changes: Sequence[Change], variants: Collection[str]) -> Iterator[str]:
    """The inventory items of variants whose products were fetched."""
    for change in changes:
        if isinstance(change, Current) and isinstance(change.record, Product):
            yield from (each.inventory_item for each in change.record.variants if each.external_id in variants)


def _countries(terms: Terms | None) -> list[str]:
    return [each for each in (terms and terms.alike) or () if each != REST]


def _product_rows(terms: Terms | None) -> Any:
    """The type of a line, with a field for each alias that names a country."""
    countries = _countries(terms)
    published = [(f"in_{each}", bool | None, msgspec.field(default=None, name=f"in_{each}")) for each in countries]
    prices = [
        (f"price_{each}", PriceNode | None, msgspec.field(default=None, name=f"price_{each}")) for each in countries
    ]
    return _with(ProductNode, "Product", published) | _with(VariantNode, "ProductVariant", prices) | CollectionNode


def _with(base: type[msgspec.Struct], tag: str, fields: Any) -> Any:
    return msgspec.defstruct(
        base.__name__, fields, bases=(base,), frozen=True, rename="camel", tag_field="__typename", tag=tag
    )


def _tell_products(groups: Sequence[Group], position: InBulk) -> list[Change]:
    terms = position.terms or Terms("")
    countries = _countries(terms)
    asked = Asked(terms.currency, position.asked_at, terms.alike, terms.costs)
    changes: list[Change] = []
    whole = []
    for group in groups:
        variants = [each for each in group.children if isinstance(each, VariantNode)]
        if not is_whole(group.root, variants):
            continue
        whole.append(group)
        collections = [each for each in group.children if isinstance(each, CollectionNode)]
        abroad = _abroad(group.root, variants, countries) if countries else Abroad()
        changes.append(product_change(group.root, variants, collections, abroad, asked))
    return changes + _again(RecordKind.PRODUCT, groups, whole)


def _abroad(node: ProductNode, variants: Sequence[VariantNode], countries: Sequence[str]) -> Abroad:
    prices = {each.id: countries_of(each, "price_", countries) for each in variants}
    return Abroad(
        cast("Mapping[str, bool]", countries_of(node, "in_", countries)),
        {
            variant: {country: cast("PriceNode", price).price.money for country, price in told.items()}
            for variant, told in prices.items()
        },
    )


def _again(kind: RecordKind, groups: Sequence[Group], whole: Sequence[Group]) -> list[Change]:
    """That objects which are not whole have to be asked for by themselves."""
    there = {group.id for group in whole}
    return [Refetch(kind, bare(group.id)) for group in groups if group.id not in there]
