"""Webhooks' bodies: shaped like the REST resources of old, as Shopify still sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from demo.shopify.bulk import BulkOperation
from demo.shopify.state import PlayedShop, gid
from demo.shopify.things import Collection, Customer, Happening, Line, Location, Order, Product, Refund, Variant

# Of a product with more variants, webhooks hold only so many.
MOST_VARIANTS = 100
Body = dict[str, Any]


def body_of(shop: PlayedShop, happened: Happening) -> Body:
    """The body of a topic's webhook, before `include_fields` cut it."""
    writer = WRITERS.get(happened.topic)
    return writer(shop, happened) if writer else {"id": getattr(happened.thing, "id", shop.id)}


def when(shop: PlayedShop, at: datetime | None) -> str | None:
    """A time as these bodies write it: in the shop's own time zone, to the second."""
    return None if at is None else at.astimezone(ZoneInfo(shop.timezone)).isoformat(timespec="seconds")


def product(shop: PlayedShop, thing: Product) -> Body:
    """products/create and products/update."""
    gids = [
        {"admin_graphql_api_id": gid("ProductVariant", each.id), "updated_at": when(shop, each.updated_at)}
        for each in thing.variants
    ]
    source = shop.address + thing.picture
    image = {"id": thing.id, "product_id": thing.id, "src": source, "alt": thing.title} if thing.picture else None
    return {
        "admin_graphql_api_id": gid("Product", thing.id),
        "body_html": thing.description,
        "created_at": when(shop, thing.created_at),
        "handle": thing.handle,
        "id": thing.id,
        "product_type": thing.product_type,
        "published_at": when(shop, thing.published.get(shop.online_store)),
        "template_suffix": None,
        "title": thing.title,
        "updated_at": when(shop, thing.updated_at),
        "vendor": thing.vendor,
        "status": thing.status.lower(),
        "published_scope": "web",
        "tags": ", ".join(thing.tags),
        "variants": [variant(shop, each) for each in thing.variants[:MOST_VARIANTS]],
        "options": [
            {"name": name, "position": place, "values": list(values), "product_id": thing.id}
            for place, (name, values) in enumerate(thing.options, start=1)
        ],
        "images": [image] if image else [],
        "image": image,
        "media": [],
        "variant_gids": gids,
        "has_variants_that_requires_components": False,
        "category": _category(thing),
    }


def _category(thing: Product) -> Body | None:
    if thing.category is None:
        return None
    number, full = thing.category
    return {
        "admin_graphql_api_id": gid("TaxonomyCategory", number),
        "name": full.rpartition("> ")[2],
        "full_name": full,
    }


def variant(shop: PlayedShop, thing: Variant) -> Body:
    """A product's variant, and the body of variants/in_stock and variants/out_of_stock."""
    chosen = [value for _, value in thing.options] + [None] * 3
    before = thing.compare_at_price
    return {
        "admin_graphql_api_id": gid("ProductVariant", thing.id),
        "barcode": None,
        "compare_at_price": None if before is None else f"{before:.2f}",
        "created_at": when(shop, thing.created_at),
        "id": thing.id,
        "inventory_policy": thing.policy.lower(),
        "position": thing.position,
        "price": f"{thing.price:.2f}",
        "product_id": thing.product_id,
        "sku": thing.sku,
        "taxable": True,
        "title": thing.title,
        "updated_at": when(shop, thing.updated_at),
        "option1": chosen[0],
        "option2": chosen[1],
        "option3": chosen[2],
        "image_id": None,
        "inventory_item_id": thing.item_id,
        "inventory_quantity": thing.total,
        "old_inventory_quantity": thing.total,
    }


def money_set(shop: PlayedShop, amount: Decimal) -> Body:
    """An amount in the shop's currency and in the buyer's, which are the same here."""
    value = {"amount": f"{amount:.2f}", "currency_code": shop.currency}
    return {"shop_money": value, "presentment_money": value}


def line(shop: PlayedShop, thing: Line) -> Body:
    """A line of an order."""
    there = shop.products.get(thing.product_id or 0)
    return {
        "id": thing.id,
        "admin_graphql_api_id": gid("LineItem", thing.id),
        "current_quantity": thing.current,
        "fulfillable_quantity": thing.current,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": False,
        "grams": 100,
        "name": f"{thing.title} - {thing.variant_title}" if thing.variant_title else thing.title,
        "price": f"{thing.price:.2f}",
        "price_set": money_set(shop, thing.price),
        "product_exists": there is not None,
        "product_id": thing.product_id,
        "properties": [{"name": name, "value": value} for name, value in thing.properties.items()],
        "quantity": thing.quantity,
        "requires_shipping": True,
        "sku": thing.sku,
        "taxable": True,
        "title": thing.title,
        "total_discount": f"{thing.discount:.2f}",
        "total_discount_set": money_set(shop, thing.discount),
        "variant_id": thing.variant_id,
        "variant_inventory_management": "shopify",
        "variant_title": thing.variant_title or None,
        "vendor": there.vendor if there else None,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }


def order(shop: PlayedShop, thing: Order) -> Body:
    """orders/create, orders/updated, orders/cancelled. It names the buyer, as it does where an app may see that."""
    buyer = shop.customers.get(thing.customer_id or 0)
    address = {"country_code": thing.country, "city": "Testville", "address1": "1 Made-up Street"}
    return {
        "id": thing.id,
        "admin_graphql_api_id": gid("Order", thing.id),
        "cancel_reason": "customer" if thing.cancelled_at else None,
        "cancelled_at": when(shop, thing.cancelled_at),
        "contact_email": buyer.email if buyer else "guest@example.com",
        "created_at": when(shop, thing.created_at),
        "currency": shop.currency,
        "current_subtotal_price": f"{thing.current_subtotal:.2f}",
        "current_total_price": f"{thing.current_subtotal:.2f}",
        "current_total_price_set": money_set(shop, thing.current_subtotal),
        "customer_locale": shop.locale,
        "email": buyer.email if buyer else "guest@example.com",
        "financial_status": "voided" if thing.cancelled_at else "paid",
        "name": f"#{thing.number}",
        "note_attributes": [{"name": name, "value": value} for name, value in thing.attributes.items()],
        "number": thing.number - 1000,
        "order_number": thing.number,
        "presentment_currency": shop.currency,
        "processed_at": when(shop, thing.created_at),
        "source_name": thing.source,
        "subtotal_price": f"{thing.subtotal:.2f}",
        "tags": "",
        "test": thing.test,
        "total_price": f"{thing.subtotal:.2f}",
        "total_price_set": money_set(shop, thing.subtotal),
        "updated_at": when(shop, thing.updated_at),
        "billing_address": address,
        "shipping_address": address,
        "customer": customer(shop, buyer) if buyer else None,
        "line_items": [line(shop, each) for each in thing.lines],
        "refunds": [refund(shop, thing, each) for each in thing.refunds],
    }


def refund(shop: PlayedShop, whole: Order, thing: Refund) -> Body:
    """refunds/create."""
    lines = {each.id: each for each in whole.lines}
    return {
        "id": thing.id,
        "order_id": thing.order_id,
        "created_at": when(shop, thing.created_at),
        "processed_at": when(shop, thing.created_at),
        "note": None,
        "restock": any(each.restock == "RETURN" for each in thing.lines),
        "admin_graphql_api_id": gid("Refund", thing.id),
        "order_adjustments": [],
        "refund_line_items": [
            {
                "id": each.id,
                "quantity": each.quantity,
                "line_item_id": each.line_id,
                "location_id": each.location_id,
                "restock_type": each.restock.lower(),
                "subtotal": float(each.subtotal),
                "total_tax": 0.0,
                "subtotal_set": money_set(shop, each.subtotal),
                "line_item": line(shop, lines[each.line_id]),
            }
            for each in thing.lines
        ],
        "transactions": [],
    }


def customer(shop: PlayedShop, thing: Customer) -> Body:
    """customers/create and customers/update, and an order's customer."""
    return {
        "id": thing.id,
        "admin_graphql_api_id": gid("Customer", thing.id),
        "created_at": when(shop, thing.created_at),
        "updated_at": when(shop, thing.updated_at),
        "first_name": thing.name[0],
        "last_name": thing.name[1],
        "email": thing.email,
        "phone": None,
        "state": "disabled",
        "tags": ", ".join(thing.tags),
        "currency": shop.currency,
    }


def _item(shop: PlayedShop, thing: Variant) -> Body:
    return {
        "id": thing.item_id,
        "sku": thing.sku,
        "created_at": when(shop, thing.created_at),
        "updated_at": when(shop, thing.item_updated_at or thing.created_at),
        "requires_shipping": True,
        "cost": None if thing.cost is None else f"{thing.cost:.2f}",
        "tracked": thing.tracked,
        "admin_graphql_api_id": gid("InventoryItem", thing.item_id),
    }


def _level(shop: PlayedShop, happened: Happening) -> Body:
    thing, place = happened.thing, happened.more["location"]
    level = thing.levels.get(place)
    body: Body = {"inventory_item_id": thing.item_id, "location_id": place}
    if level is None:
        return body
    return {
        **body,
        "available": level.available,
        "updated_at": when(shop, level.updated_at),
        "admin_graphql_api_id": f"{gid('InventoryLevel', place)}?inventory_item_id={thing.item_id}",
    }


def _collection(shop: PlayedShop, thing: Collection) -> Body:
    return {
        "id": thing.id,
        "handle": thing.handle,
        "title": thing.title,
        "updated_at": when(shop, thing.updated_at),
        "body_html": thing.description,
        "published_at": when(shop, thing.updated_at) if thing.published else None,
        "sort_order": "manual",
        "admin_graphql_api_id": gid("Collection", thing.id),
    }


def _location(shop: PlayedShop, thing: Location) -> Body:
    at = {"created_at": when(shop, thing.created_at), "updated_at": when(shop, thing.updated_at)}
    return {"id": thing.id, "name": thing.name, "active": thing.active, "country_code": thing.country, **at}


def _edit(shop: PlayedShop, happened: Happening) -> Body:
    delta, thing = happened.more["delta"], happened.thing
    changed = [{"id": happened.more["line"], "delta": abs(delta)}]
    return {
        "order_edit": {
            "id": shop.new_id(),
            "order_id": thing.id,
            "created_at": when(shop, thing.updated_at),
            "committed_at": when(shop, thing.updated_at),
            "notify_customer": False,
            "line_items": {"additions": changed if delta > 0 else [], "removals": changed if delta < 0 else []},
        }
    }


def _shop(shop: PlayedShop, _happened: Happening) -> Body:
    return {
        "id": shop.id,
        "name": shop.name,
        "domain": shop.domain,
        "myshopify_domain": None,
        "currency": shop.currency,
        "iana_timezone": shop.timezone,
        "country_code": shop.country,
        "updated_at": when(shop, shop.clock()),
    }


def _bulk(shop: PlayedShop, thing: BulkOperation) -> Body:
    return {
        "admin_graphql_api_id": gid("BulkOperation", thing.id),
        "completed_at": when(shop, thing.completed_at),
        "created_at": when(shop, thing.created_at),
        "error_code": thing.error_code and thing.error_code.lower(),
        "status": thing.status.lower(),
        "type": "query",
    }


def _scopes(shop: PlayedShop, happened: Happening) -> Body:
    return {
        "id": 1,
        "shop_id": gid("Shop", shop.id),
        "previous": list(happened.more["previous"]),
        "current": list(happened.thing.scopes),
        "updated_at": when(shop, happened.at),
    }


def _privacy(shop: PlayedShop, happened: Happening) -> Body:
    """The three duties: customers/data_request, customers/redact, shop/redact."""
    body: Body = {"shop_id": shop.id, "shop_domain": shop.domain}
    if happened.topic == "shop/redact":
        return body
    buyer = happened.thing
    orders = [each.id for each in shop.orders.values() if each.customer_id == buyer.id]
    body["customer"] = {"id": buyer.id, "email": buyer.email, "phone": None}
    if happened.topic == "customers/redact":
        return {**body, "orders_to_redact": orders}
    return {**body, "orders_requested": orders, "data_request": {"id": shop.new_id()}}


Writer = Callable[[PlayedShop, Happening], Body]


def _of(writer: Callable[[PlayedShop, Any], Body]) -> Writer:
    return lambda shop, happened: writer(shop, happened.thing)


WRITERS: Mapping[str, Writer] = {
    **{f"products/{each}": _of(product) for each in ("create", "update")},
    "products/delete": lambda _shop, happened: {"id": happened.thing.id},
    **{f"variants/{each}": _of(variant) for each in ("in_stock", "out_of_stock")},
    **{f"orders/{each}": _of(order) for each in ("create", "updated", "cancelled")},
    "orders/delete": lambda _shop, happened: {"id": happened.thing.id},
    "orders/edited": _edit,
    "refunds/create": lambda shop, happened: refund(shop, happened.thing, happened.more["refund"]),
    **{f"customers/{each}": _of(customer) for each in ("create", "update")},
    **{f"inventory_levels/{each}": _level for each in ("update", "connect", "disconnect")},
    "inventory_items/update": _of(_item),
    "inventory_items/delete": lambda _shop, happened: {
        "id": happened.thing.item_id,
        "admin_graphql_api_id": gid("InventoryItem", happened.thing.item_id),
    },
    **{f"collections/{each}": _of(_collection) for each in ("create", "update")},
    "collections/delete": lambda _shop, happened: {"id": happened.thing.id},
    **{f"locations/{each}": _of(_location) for each in ("create", "update")},
    "bulk_operations/finish": _of(_bulk),
    "app/scopes_update": _scopes,
    **dict.fromkeys(("app/uninstalled", "shop/update"), _shop),
    **dict.fromkeys(("customers/data_request", "customers/redact", "shop/redact"), _privacy),
}
