"""What can be asked of the shop as a whole: single things by id, and lists that are searched, ordered and paged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from demo.shopify.graphql.connections import Connection, page
from demo.shopify.graphql.context import As, Context, field_of
from demo.shopify.graphql.goods_fields import level_of
from demo.shopify.graphql.order_fields import seen
from demo.shopify.graphql.schema import VERSIONS
from demo.shopify.graphql.search import Fields, matcher
from demo.shopify.graphql.shop_fields import consent_policies, privacy_settings
from demo.shopify.state import number_of
from demo.shopify.things import Order, Product

Args = Mapping[str, Any]

_TIMES: Fields = {"created_at": lambda each: each.created_at, "updated_at": lambda each: each.updated_at}
PRODUCT_FIELDS: Fields = {
    **_TIMES,
    "id": lambda each: each.id,
    "title": lambda each: each.title,
    "handle": lambda each: each.handle,
    "status": lambda each: each.status.lower(),
    "vendor": lambda each: each.vendor,
    "product_type": lambda each: each.product_type,
    "tag": lambda each: frozenset(tag.lower() for tag in each.tags),
    "gift_card": lambda each: each.gift_card,
    "published_at": lambda each: min(each.published.values(), default=None),
    "inventory_total": lambda each: sum(variant.total for variant in each.variants),
}
ORDER_FIELDS: Fields = {
    **_TIMES,
    "id": lambda each: each.id,
    "name": lambda each: f"#{each.number}",
    "processed_at": lambda each: each.created_at,
    "test": lambda each: each.test,
    "status": lambda each: "cancelled" if each.cancelled_at else "open",
    "source_name": lambda each: each.source,
    "customer_id": lambda each: each.customer_id or 0,
}
VARIANT_FIELDS: Fields = {
    **_TIMES,
    "id": lambda each: each.id,
    "title": lambda each: each.title,
    "sku": lambda each: each.sku,
    "product_id": lambda each: each.product_id,
}
ITEM_FIELDS: Fields = {
    "id": lambda each: each.item_id,
    "sku": lambda each: each.sku,
    "created_at": lambda each: each.created_at,
    "updated_at": lambda each: each.item_updated_at or each.created_at,
}
OTHER_FIELDS: Fields = {**_TIMES, "id": lambda each: each.id, "title": lambda each: getattr(each, "title", "")}
OWN_ORDER: Mapping[str, Callable[[Any], Any]] = {
    "TITLE": lambda each: each.title,
    "CREATED_AT": lambda each: _micros(each.created_at),
    "PROCESSED_AT": lambda each: _micros(each.created_at),
    "PUBLISHED_AT": lambda each: _micros(min(each.published.values(), default=None)),
    "UPDATED_AT": lambda each: _micros(each.updated_at),
    "VENDOR": lambda each: each.vendor,
    "PRODUCT_TYPE": lambda each: each.product_type,
    "NAME": lambda each: getattr(each, "name", ""),
    "SKU": lambda each: each.sku,
}


def _micros(at: datetime | None) -> int:
    return int(at.timestamp() * 1_000_000) if at else 0


def _listed(context: Context, things: Iterable[Any], fields: Fields, args: Args) -> Connection:
    """Search, order and page. A bulk operation keeps the order of ids, which is that of the state."""
    found = list(filter(matcher(args.get("query"), fields), things))
    own = OWN_ORDER.get(args.get("sortKey", "ID"))
    return page(
        found,
        args,
        key=(lambda each: (own(each), each.id)) if own else (lambda each: (each.id,)),
        everything=context.everything,
    )


@field_of("QueryRoot.shop")
def _shop(context: Context, _root: Any, _args: Args) -> Any:
    return context.shop


@field_of("QueryRoot.currentAppInstallation", "QueryRoot.appInstallation")
def _installation(context: Context, _root: Any, _args: Args) -> Any:
    return context.shop.installation


@field_of("QueryRoot.products")
def _products(context: Context, _root: Any, args: Args) -> Connection:
    return _listed(context, context.shop.products.values(), PRODUCT_FIELDS, args)


@field_of("QueryRoot.productsCount")
def _products_count(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    return _count(filter(matcher(args.get("query"), PRODUCT_FIELDS), context.shop.products.values()))


@field_of("QueryRoot.productVariants")
def _variants(context: Context, _root: Any, args: Args) -> Connection:
    return _listed(context, context.shop.variants.values(), VARIANT_FIELDS, args)


@field_of("QueryRoot.inventoryItems")
def _items(context: Context, _root: Any, args: Args) -> Connection:
    found = filter(matcher(args.get("query"), ITEM_FIELDS), context.shop.items.values())
    return page(
        [As("InventoryItem", each) for each in found],
        args,
        key=lambda each: (each.thing.item_id,),
        everything=context.everything,
    )


@field_of("QueryRoot.collections")
def _collections(context: Context, _root: Any, args: Args) -> Connection:
    return _listed(context, context.shop.collections.values(), OTHER_FIELDS, args)


@field_of("QueryRoot.customers")
def _customers(context: Context, _root: Any, args: Args) -> Connection:
    return _listed(context, context.shop.customers.values(), OTHER_FIELDS, args)


@field_of("QueryRoot.customersCount")
def _customers_count(context: Context, _root: Any, _args: Args) -> dict[str, Any]:
    return _count(context.shop.customers.values())


def _visible(context: Context) -> Iterable[Order]:
    return (each for each in context.shop.orders.values() if seen(context, each))


@field_of("QueryRoot.orders")
def _orders(context: Context, _root: Any, args: Args) -> Connection:
    return _listed(context, _visible(context), ORDER_FIELDS, args)


@field_of("QueryRoot.ordersCount")
def _orders_count(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    return _count(filter(matcher(args.get("query"), ORDER_FIELDS), _visible(context)))


@field_of("QueryRoot.locations")
def _locations(context: Context, _root: Any, args: Args) -> Connection:
    found = [each for each in context.shop.locations.values() if each.active or args.get("includeInactive")]
    return _listed(context, found, OTHER_FIELDS, args)


@field_of("QueryRoot.publications")
def _publications(context: Context, _root: Any, args: Args) -> Connection:
    return page(list(context.shop.publications.values()), args, everything=context.everything)


@field_of("QueryRoot.markets")
def _markets(context: Context, _root: Any, args: Args) -> Connection:
    return _listed(context, context.shop.markets.values(), OTHER_FIELDS, args)


@field_of("QueryRoot.webhookSubscriptions")
def _subscriptions(context: Context, _root: Any, args: Args) -> Connection:
    own = [each for each in context.shop.subscriptions.values() if each.own]
    return page(own, args, everything=context.everything)


@field_of("QueryRoot.privacySettings")
def _privacy(context: Context, _root: Any, _args: Args) -> dict[str, Any]:
    return privacy_settings(context.shop)


@field_of("QueryRoot.consentPolicy")
def _consent(context: Context, _root: Any, args: Args) -> list[dict[str, Any]]:
    wanted = {name: value for name, value in args.items() if value is not None}
    return [each for each in consent_policies(context.shop) if all(each[name] == wanted[name] for name in wanted)]


@field_of("QueryRoot.publicApiVersions")
def _versions(_context: Context, _root: Any, _args: Args) -> list[dict[str, Any]]:
    return [{"handle": each, "displayName": each, "supported": True} for each in VERSIONS]


@field_of("QueryRoot.productByIdentifier")
def _by_identifier(context: Context, _root: Any, args: Args) -> Product | None:
    wanted = args["identifier"]
    if "handle" in wanted:
        return context.shop.by_handle(wanted["handle"])
    return context.shop.products.get(number_of(wanted.get("id", "")))


def thing_of(context: Context, global_id: str) -> Any:
    """What a global id names; None where there is no such thing, or none that the app may see."""
    shop, number = context.shop, number_of(global_id)
    kind = global_id.removeprefix("gid://shopify/").partition("/")[0]
    if kind == "InventoryItem":
        return As("InventoryItem", shop.items[number]) if number in shop.items else None
    if kind == "InventoryLevel":
        variant = shop.items.get(number_of("/" + global_id.rpartition("inventory_item_id=")[2]))
        return level_of(context, variant, number) if variant else None
    if kind in {"BulkOperation", "Shop", "AppInstallation"}:
        operation = context.platform.bulk.find(shop, global_id)
        return {"BulkOperation": operation, "Shop": shop, "AppInstallation": shop.installation}[kind]
    shelves: Mapping[str, Mapping[int, Any]] = {
        "Product": shop.products,
        "ProductVariant": shop.variants,
        "Collection": shop.collections,
        "Location": shop.locations,
        "Publication": shop.publications,
        "Market": shop.markets,
        "Customer": shop.customers,
        "Order": shop.orders,
        "WebhookSubscription": shop.subscriptions,
        "Metafield": {each.id: each for each in shop.metafields.values()} if kind == "Metafield" else {},
        "Refund": {ref.id: ref for each in shop.orders.values() for ref in each.refunds} if kind == "Refund" else {},
    }
    found = shelves.get(kind, {}).get(number)
    return None if isinstance(found, Order) and not seen(context, found) else found


@field_of("QueryRoot.node")
@field_of("QueryRoot.product", "QueryRoot.productVariant", "QueryRoot.inventoryItem", "QueryRoot.inventoryLevel")
@field_of("QueryRoot.order", "QueryRoot.customer", "QueryRoot.collection", "QueryRoot.refund", "QueryRoot.market")
@field_of("QueryRoot.location", "QueryRoot.publication", "QueryRoot.webhookSubscription")
def _node(context: Context, _root: Any, args: Args) -> Any:
    return thing_of(context, args.get("id") or "")


@field_of("QueryRoot.nodes")
def _nodes(context: Context, _root: Any, args: Args) -> Sequence[Any]:
    return [thing_of(context, each) for each in args["ids"]]


def _count(things: Iterable[Any]) -> dict[str, Any]:
    return {"count": sum(1 for _ in things), "precision": "EXACT"}
