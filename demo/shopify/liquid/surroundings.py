"""What every template may ask for besides its own object: cart, routes, shop, language and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.shopify.carts import CartLine
from demo.shopify.liquid.drops import Drop, Listing, Lookup
from demo.shopify.liquid.objects import app_drop, collection_drop, everything, metafields_of, product_drop, variant_drop
from demo.shopify.liquid.page import Page
from demo.shopify.state import gid

ROUTES: Mapping[str, str] = {
    "account_login_url": "/account/login",
    "account_url": "/account",
    "all_products_collection_url": "/collections/all",
    "cart_add_url": "/cart/add",
    "cart_change_url": "/cart/change",
    "cart_update_url": "/cart/update",
    "cart_url": "/cart",
    "collections_url": "/collections",
    "product_recommendations_url": "/recommendations/products",
    "search_url": "/search",
}


def surroundings(page: Page) -> dict[str, Any]:
    """The global objects of a page."""
    return {
        "app": app_drop(page),
        "cart": cart_drop(page),
        "collections": Lookup(lambda handle: _collection(page, handle)),
        "all_products": Lookup(lambda handle: _by_handle(page, handle)),
        "customer": None,
        "localization": _localization(page),
        "request": _request(page),
        "routes": Drop("routes", {"root_url": page.root or "/"} | {k: page.root + v for k, v in ROUTES.items()}),
        "shop": _shop(page),
        "template": Drop("template", {"name": page.kind, "suffix": None, "directory": None}, text=page.kind),
    }


def cart_drop(page: Page) -> Drop:
    """The shopper's cart. Lines whose variant is gone are left out."""
    lines = [_line(page, each) for each in page.cart.lines if each.variant_id in page.shop.variants]
    total = sum(each["final_line_price"] for each in lines)
    return Drop(
        "cart",
        {
            "items": Listing(lines),
            "item_count": sum(each["quantity"] for each in lines),
            "total_price": total,
            "items_subtotal_price": total,
            "empty?": not lines,
            "currency": _currency(page),
            "attributes": Lookup(page.cart.attributes.get),
            "note": "",
        },
    )


def _line(page: Page, line: CartLine) -> Drop:
    variant = page.shop.variants[line.variant_id]
    product = page.shop.products[variant.product_id]
    price = variant_drop(page, product, variant)["price"]
    return Drop(
        "line_item",
        {
            "key": line.key,
            "id": variant.id,
            "variant_id": variant.id,
            "product_id": product.id,
            "product": lambda: product_drop(page, product),
            "variant": lambda: variant_drop(page, product, variant),
            "title": product.title,
            "quantity": line.quantity,
            "price": price,
            "final_price": price,
            "final_line_price": price * line.quantity,
            "properties": Listing([[name, value] for name, value in line.properties.items()]),
            "url": f"{page.root}/products/{product.handle}?variant={variant.id}",
            "image": lambda: product_drop(page, product)["featured_image"],
            "url_to_remove": f"{page.root}/cart/change?id={line.key}&quantity=0",
        },
        text=product.title,
    )


def _collection(page: Page, handle: str) -> Drop | None:
    if handle == "all":
        return everything(page)
    found = next((each for each in page.shop.collections.values() if each.handle == handle and each.published), None)
    return collection_drop(page, found) if found else None


def _by_handle(page: Page, handle: str) -> Drop | None:
    found = page.shop.by_handle(handle)
    return product_drop(page, found) if found and page.shop.on_sale(found, page.country) else None


def _currency(page: Page) -> Drop:
    return Drop(
        "currency", {"iso_code": page.currency, "name": page.currency, "symbol": page.currency}, text=page.currency
    )


def _localization(page: Page) -> Drop:
    country = Drop("country", {"iso_code": page.country, "name": page.country, "currency": _currency(page)})
    language = Drop(
        "shop_locale", {"iso_code": page.locale, "name": page.locale, "primary": page.locale == page.shop.locale}
    )
    return Drop("localization", {"country": country, "language": language})


def _request(page: Page) -> Drop:
    locale = Drop("shop_locale", {"iso_code": page.locale, "primary": page.locale == page.shop.locale})
    values = {"page_type": page.kind, "path": page.path, "locale": locale, "design_mode": page.design_mode}
    return Drop("request", {**values, "host": page.shop.domain, "origin": f"https://{page.shop.domain}"})


def _shop(page: Page) -> Drop:
    return Drop(
        "shop",
        {
            "id": page.shop.id,
            "name": page.shop.name,
            "permanent_domain": page.shop.domain,
            "domain": page.shop.domain,
            "currency": page.shop.currency,
            "url": f"https://{page.shop.domain}",
            "metafields": metafields_of(page, "SHOP", gid("Shop", page.shop.id)),
        },
        text=page.shop.name,
    )
