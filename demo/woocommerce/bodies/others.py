"""What is told beside products, orders and people: terms, coupons, webhooks, settings, the state of the system."""

from __future__ import annotations

from collections.abc import Mapping

from demo.woocommerce.bodies.common import ENTITIES, SYMBOLS, Body, amount, dates, links, rest
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Coupon, Term, Webhook

HOOKS: Mapping[str, tuple[str, ...]] = {
    "coupon.created": ("woocommerce_new_coupon",),
    "coupon.updated": ("woocommerce_update_coupon",),
    "coupon.deleted": ("wp_trash_post",),
    "coupon.restored": ("untrashed_post",),
    "customer.created": ("user_register", "woocommerce_created_customer", "woocommerce_new_customer"),
    "customer.updated": ("profile_update", "woocommerce_update_customer"),
    "customer.deleted": ("delete_user",),
    "order.created": ("woocommerce_new_order",),
    "order.updated": ("woocommerce_update_order", "woocommerce_order_refunded"),
    "order.deleted": ("wp_trash_post", "woocommerce_trash_order"),
    "order.restored": ("untrashed_post", "woocommerce_untrash_order"),
    "product.created": ("woocommerce_new_product", "woocommerce_new_product_variation"),
    "product.updated": ("woocommerce_update_product", "woocommerce_update_product_variation"),
    "product.deleted": ("wp_trash_post",),
    "product.restored": ("untrashed_post",),
    "product.published": ("woocommerce_product_published",),
}
SETTINGS: tuple[tuple[str, str, str, str], ...] = (
    ("woocommerce_store_address", "Address line 1", "text", "1 Mill Lane"),
    ("woocommerce_store_address_2", "Address line 2", "text", ""),
    ("woocommerce_store_city", "City", "text", "Fernhollow"),
    ("woocommerce_default_country", "Country / State", "select", "GB"),
    ("woocommerce_store_postcode", "Postcode / ZIP", "text", "ZZ1 1ZZ"),
    ("woocommerce_allowed_countries", "Selling location(s)", "select", "all"),
    ("woocommerce_all_except_countries", "Sell to all countries, except for&hellip;", "multiselect", ""),
    ("woocommerce_specific_allowed_countries", "Sell to specific countries", "multiselect", ""),
    ("woocommerce_ship_to_countries", "Shipping location(s)", "select", ""),
    ("woocommerce_specific_ship_to_countries", "Ship to specific countries", "multiselect", ""),
    ("woocommerce_default_customer_address", "Default customer location", "select", "base"),
    ("woocommerce_address_autocomplete_enabled", "", "checkbox", "no"),
)
COUNTRIES = {"FR": "France", "GB": "United Kingdom (UK)", "US": "United States (US)"}


def term_body(shop: PlayedShop, collection: str, term: Term, count: int) -> Body:
    """A category, tag or brand."""
    path = f"products/{collection}"
    found: Body = {"id": term.id, "name": term.name, "slug": term.slug}
    if collection == "tags":
        found.update(description=term.description, count=count)
    else:
        found.update(parent=term.parent, description=term.description, display="default", image=None)
        found.update(menu_order=0, count=count)
    found["_links"] = links(shop, path, term.id, up=f"{path}/{term.parent}" if term.parent else "")
    return found


def attribute_body(shop: PlayedShop, term: Term) -> Body:
    """An attribute of the whole shop."""
    return {
        "id": term.id,
        "name": term.name,
        "slug": term.slug,
        "type": "select",
        "order_by": "menu_order",
        "has_archives": False,
        "_links": links(shop, "products/attributes", term.id),
    }


def coupon_body(shop: PlayedShop, coupon: Coupon) -> Body:
    """A coupon."""
    return {
        "id": coupon.id,
        "code": coupon.code,
        "amount": amount(coupon.amount),
        "status": coupon.status,
        **dates(shop, coupon.created, coupon.modified),
        "discount_type": "percent",
        "description": "",
        "date_expires": None,
        "date_expires_gmt": None,
        "usage_count": 0,
        "individual_use": False,
        "product_ids": [],
        "excluded_product_ids": [],
        "usage_limit": None,
        "usage_limit_per_user": None,
        "limit_usage_to_x_items": None,
        "free_shipping": False,
        "product_categories": [],
        "excluded_product_categories": [],
        "exclude_sale_items": False,
        "minimum_amount": "0.00",
        "maximum_amount": "0.00",
        "email_restrictions": [],
        "used_by": [],
        "meta_data": [],
        "_links": links(shop, "coupons", coupon.id),
    }


def webhook_body(shop: PlayedShop, webhook: Webhook) -> Body:
    """A webhook; its secret is never told."""
    resource, _, event = webhook.topic.partition(".")
    return {
        "id": webhook.id,
        "name": webhook.name,
        "status": webhook.status,
        "topic": webhook.topic,
        "resource": resource,
        "event": event,
        "hooks": list(HOOKS.get(webhook.topic, (event,))),
        "delivery_url": webhook.delivery_url,
        **dates(shop, webhook.created, webhook.modified),
        "_links": links(shop, "webhooks", webhook.id),
    }


def settings_body(shop: PlayedShop) -> list[Body]:
    """The general settings, those that were recorded: the currency is not among them."""
    return [_setting(shop, *each) for each in SETTINGS]


def _setting(shop: PlayedShop, name: str, label: str, kind: str, value: str) -> Body:
    address = shop.country if name == "woocommerce_default_country" else value
    default = {"woocommerce_default_country": "US:CA", "woocommerce_allowed_countries": "all"}.get(name, "")
    found: Body = {"id": name, "label": label, "description": "", "type": kind, "default": default}
    if kind in {"select", "multiselect"}:
        found["options"] = COUNTRIES
    # Of these three the recorded shop said no tip.
    if kind != "multiselect":
        found["tip"] = ""
    return {**found, "value": address, "_links": links(shop, "settings/general", name)}


def currency_body(shop: PlayedShop) -> Body:
    """The shop's currency, of `data/currencies/current`."""
    path = f"data/currencies/{shop.currency}"
    return {
        "code": shop.currency,
        "name": {"GBP": "Pound sterling", "EUR": "Euro", "USD": "United States (US) dollar"}.get(shop.currency, ""),
        "symbol": ENTITIES.get(shop.currency, shop.currency),
        "_links": {"self": [{"href": rest(shop, path)}], "collection": [{"href": rest(shop, "data/currencies")}]},
    }


def symbol(shop: PlayedShop) -> str:
    """The sign of the shop's currency."""
    return SYMBOLS.get(shop.currency, shop.currency)
