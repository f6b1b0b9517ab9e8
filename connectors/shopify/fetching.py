"""Single products, stocks and orders, asked for by their ids, as they now are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from connectors.records import Change, RecordKind, Refetch, Removed
from connectors.shopify.gids import bare, gid
from connectors.shopify.graphql.client import Admin
from connectors.shopify.orders import (
    LineNode,
    Lines,
    OrderNode,
    RefundLines,
    RefundNode,
    order_change,
    refund_change,
)
from connectors.shopify.paging import PageInfo
from connectors.shopify.products import (
    Abroad,
    Asked,
    CollectionNode,
    Collections,
    PriceNode,
    ProductNode,
    VariantNode,
    Variants,
    product_change,
)
from connectors.shopify.stock import LevelNode, Thing, absent
from connectors.shopify.terms import ShopTerms

N = TypeVar("N")

# So many at once cost no more than a call may (1,000 points); what does not fit into a first page is asked for behind.
PRODUCTS, FIRST_VARIANTS, FIRST_COLLECTIONS = 6, 12, 12
ORDERS, FIRST_LINES = 8, 12
REFUNDS, FIRST_REFUND_LINES = 15, 10
ITEMS, FIRST_LEVELS = 15, 10
OWNERS = 40
NEXT_PAGE = 100
# Shopify's clock and ours may differ by so much: a state counts as asked for that much earlier.
CLOCKS_DIFFER = timedelta(minutes=1)


class _Nodes(msgspec.Struct, Generic[N], frozen=True):
    nodes: tuple[N | None, ...]


class _PricedVariant(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    contextual_pricing: PriceNode


class _PricedVariants(msgspec.Struct, frozen=True, rename="camel"):
    page_info: PageInfo
    nodes: tuple[_PricedVariant, ...]


class _Abroad(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    published_in_context: bool
    variants: _PricedVariants


class _Levels(msgspec.Struct, frozen=True, rename="camel"):
    page_info: PageInfo
    nodes: tuple[LevelNode, ...]


class _Item(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    inventory_levels: _Levels


class _Owned(msgspec.Struct, frozen=True):
    product: Thing | None = None


class _OwnedList(msgspec.Struct, frozen=True):
    nodes: tuple[_Owned, ...] = ()


class _Owner(msgspec.Struct, frozen=True):
    id: str
    product: Thing | None = None
    variants: _OwnedList | None = None

    @property
    def products(self) -> Iterator[str]:
        """The products that a variant or an inventory item belongs to."""
        owned = [_Owned(self.product), *(self.variants.nodes if self.variants else ())]
        return (each.product.id for each in owned if each.product is not None)


class _Things(msgspec.Struct, frozen=True, rename="camel"):
    page_info: PageInfo
    nodes: tuple[Thing, ...]


class Fetching:
    """Asks for single things of one shop."""

    def __init__(self, admin: Admin, terms: ShopTerms) -> None:
        self._admin, self._terms = admin, terms

    def products(self, ids: Sequence[str]) -> list[Change]:
        """Products with all that belongs to them. ids: bare numbers; what is gone is told as removed."""
        changes: list[Change] = []
        for some in _chunks(ids, PRODUCTS):
            asked_at = asked_now()
            terms = self._terms.terms
            asked = Asked(terms.currency, asked_at, terms.alike, terms.costs)
            nodes = self._product_nodes(some)
            abroad = self._abroad([node.id for node in nodes], asked)
            for node in nodes:
                variants, collections = self._variants(node), self._collections(node)
                changes.append(product_change(node, variants, collections, abroad[node.id], asked))
            changes += _gone(RecordKind.PRODUCT, some, nodes)
        return changes

    def stocks(self, items: Sequence[str]) -> list[Change]:
        """The levels of inventory items, at every location. items: bare numbers."""
        sells = {bare(each.id): each.sells_online for each in self._terms.locations}
        changes: list[Change] = []
        for some in _chunks(items, ITEMS):
            asked_at = asked_now()
            nodes = self._nodes("items_by_id", "InventoryItem", some, _Item, {"levels": FIRST_LEVELS})
            for node in nodes:
                item = bare(node.id)
                levels = self._rest("item_levels", "inventory_item", "inventory_levels", node.id, node.inventory_levels)
                told: list[Change] = [each.change(item, sells, asked_at) for each in levels]
                changes += told
                changes += absent(item, told, list(sells), asked_at)
            changes += _gone(RecordKind.INVENTORY_ITEM, some, nodes)
        return changes

    def orders(self, ids: Sequence[str]) -> list[Change]:
        """Orders with their lines and refunds. ids: bare numbers; what is gone is told as removed."""
        changes: list[Change] = []
        for some in _chunks(ids, ORDERS):
            asked_at = asked_now()
            nodes = self._nodes("orders_by_id", "Order", some, OrderNode, {"lines": FIRST_LINES})
            lines = {node.id: self._lines(node) for node in nodes}
            changes += self.with_refunds([(node, lines[node.id]) for node in nodes], asked_at)
            changes += _gone(RecordKind.ORDER, some, nodes)
        return changes

    def with_refunds(self, orders: Sequence[tuple[OrderNode, Sequence[LineNode]]], asked_at: datetime) -> list[Change]:
        """Orders, each followed by its refunds, which are asked for here."""
        wanted = [bare(refund.id) for node, _ in orders for refund in node.refunds]
        refunds = {each.id: each for each in self._refunds(wanted)}
        changes: list[Change] = []
        for node, lines in orders:
            own = [refunds[each.id] for each in node.refunds if each.id in refunds]
            customer = bare(node.customer.id) if node.customer else ""
            changes.append(order_change(node, lines, own, asked_at))
            changes += [refund_change(each, customer, asked_at) for each in own]
        return changes

    def owners(self, kind: RecordKind, ids: Sequence[str]) -> list[str]:
        """The products that variants or inventory items belong to, as bare numbers, each once."""
        type_name = "ProductVariant" if kind is RecordKind.VARIANT else "InventoryItem"
        nodes = (self._nodes("owners", type_name, some, _Owner, {}) for some in _chunks(ids, OWNERS))
        return list(dict.fromkeys(bare(each) for page in nodes for node in page for each in node.products))

    def in_collection(self, collection: str) -> list[Change]:
        """That the products of a collection have to be asked for again. Nothing, where it is gone."""
        start = _Things(PageInfo(has_next_page=True), ())
        things = self._rest("collection_products", "collection", "products", gid("Collection", collection), start)
        return [Refetch(RecordKind.PRODUCT, bare(each.id)) for each in things]

    def _refunds(self, ids: Sequence[str]) -> Iterator[RefundNode]:
        for some in _chunks(ids, REFUNDS):
            for node in self._nodes("refunds_by_id", "Refund", some, RefundNode, {"lines": FIRST_REFUND_LINES}):
                lines = self._rest("refund_lines", "refund", "refund_line_items", node.id, node.refund_line_items)
                all_lines = RefundLines(PageInfo(has_next_page=False), tuple(lines))
                yield msgspec.structs.replace(node, refund_line_items=all_lines)

    def _product_nodes(self, ids: Sequence[str]) -> list[ProductNode]:
        publication = self._terms.publication
        variables = {
            "variants": FIRST_VARIANTS,
            "collections": FIRST_COLLECTIONS,
            "publication": publication or gid("Publication", "0"),
            "publications": bool(publication),
            "costs": self._terms.terms.costs,
        }
        return self._nodes("products_by_id", "Product", ids, ProductNode, variables)

    def _variants(self, node: ProductNode) -> list[VariantNode]:
        assert isinstance(node.variants, Variants)
        costs = {"costs": self._terms.terms.costs}
        return self._rest("product_variants", "product", "variants", node.id, node.variants, costs)

    def _collections(self, node: ProductNode) -> list[CollectionNode]:
        assert isinstance(node.collections, Collections)
        return self._rest("product_collections", "product", "collections", node.id, node.collections)

    def _lines(self, node: OrderNode) -> list[LineNode]:
        assert isinstance(node.line_items, Lines)
        return self._rest("order_lines", "order", "line_items", node.id, node.line_items)

    def _abroad(self, ids: Sequence[str], asked: Asked) -> Mapping[str, Abroad]:
        """How products stand in each country that is asked, by global id."""
        published: dict[str, dict[str, bool]] = {each: {} for each in ids}
        prices: dict[str, dict[str, dict[str, Any]]] = {each: {} for each in ids}
        for country in filter(None, asked.alike or ()) if ids else ():
            variables = {"ids": list(ids), "country": country, "variants": FIRST_VARIANTS}
            for node in self._admin.run("products_in_market", variables, _Nodes[_Abroad]).nodes:
                if node is None:
                    continue
                published[node.id][country] = node.published_in_context
                more = {"country": country}
                for variant in self._rest(
                    "product_variants_in_market", "product", "variants", node.id, node.variants, more
                ):
                    there = prices[node.id].setdefault(variant.id, {})
                    there[country] = variant.contextual_pricing.price.money
        return {each: Abroad(published[each], prices[each]) for each in ids}

    def _nodes(
        self, operation: str, kind: str, ids: Sequence[str], node: type[N], variables: Mapping[str, Any]
    ) -> list[N]:
        asked = {"ids": [gid(kind, each) for each in ids], **variables}
        shape: Any = _Nodes[node]  # type: ignore[valid-type]
        return [each for each in self._admin.run(operation, asked, shape).nodes if each is not None]

    def _rest(
        self, operation: str, owner: str, field: str, owner_id: str, first: Any, more: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """All nodes of a connection of which the first page is there."""
        nodes, page = list(first.nodes), first
        shape: Any = dict[str, dict[str, type(first)] | None]  # type: ignore[misc]
        while page.page_info.has_next_page:
            variables = {"id": owner_id, "first": NEXT_PAGE, "after": page.page_info.end_cursor, **(more or {})}
            found = self._admin.run(operation, variables, shape)[_camel(owner)]
            if found is None:
                break
            page = found[_camel(field)]
            nodes += page.nodes
        return nodes


def _gone(kind: RecordKind, ids: Iterable[str], nodes: Iterable[Any]) -> list[Removed]:
    """What no node came of is gone for good: Shopify gives no number twice."""
    gone_at = datetime.now(UTC)
    there = {bare(node.id) for node in nodes}
    return [Removed(kind, each, gone_at) for each in ids if each not in there]


def asked_now() -> datetime:
    """When something is asked now, at the latest, by Shopify's clock."""
    return datetime.now(UTC) - CLOCKS_DIFFER


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[begin : begin + size] for begin in range(0, len(ids), size))
