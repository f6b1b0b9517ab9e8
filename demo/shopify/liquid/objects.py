"""Products and what belongs to them, as templates see them: with the stock, price and place of this very moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from demo.shopify.liquid import money
from demo.shopify.liquid.drops import Drop, Listing, Lookup
from demo.shopify.liquid.page import Page
from demo.shopify.state import gid, number_of
from demo.shopify.things import Collection, Metafield, Product, Variant

PICTURE_SIZE = 800
DEFAULT_VARIANT = "Default Title"


def product_drop(page: Page, product: Product) -> Drop:
    """A product. What Shopify works out from its variants is worked out here in the same way."""
    shop = page.shop
    values: dict[str, Any] = {
        **_offered(page, product),
        "id": product.id,
        "title": product.title,
        "handle": product.handle,
        "vendor": product.vendor,
        "type": product.product_type,
        "tags": list(product.tags),
        "description": product.description,
        "object_type": "product",
        "url": f"{page.root}/products/{product.handle}",
        "available": lambda: shop.product_available(product),
        "featured_image": picture_drop(page, product),
        "has_only_default_variant": [each.title for each in product.variants] == [DEFAULT_VARIANT],
        "options_with_values": [
            Drop("product_option", {"name": name, "values": list(each), "position": number})
            for number, (name, each) in enumerate(product.options, 1)
        ],
        "requires_selling_plan": False,
        "gift_card?": product.gift_card,
        "metafields": metafields_of(page, "PRODUCT", gid("Product", product.id)),
        "collections": lambda: Listing([collection_drop(page, each) for each in shop.collections_of(product.id)]),
        # Not a product's: Shopify answers nil, which tells a product from a line of the cart or a variant.
        "product": None,
    }
    return Drop("product", values)


def _offered(page: Page, product: Product) -> dict[str, Any]:
    variants = Listing([variant_drop(page, product, each) for each in product.variants])
    prices = [each["price"] for each in variants.whole]
    before = [each["compare_at_price"] for each in variants.whole if each["compare_at_price"] is not None]
    picked = _picked(page, product, variants)
    first = next((each for each in variants.whole if each["available"]), None)
    return {
        "price": min(prices, default=0),
        "price_min": min(prices, default=0),
        "price_max": max(prices, default=0),
        "price_varies": len(set(prices)) > 1,
        "compare_at_price": min(before, default=None),
        "compare_at_price_max": max(before, default=None),
        "variants": variants,
        "variants_count": len(variants.whole),
        "selected_variant": picked,
        "first_available_variant": first,
        "selected_or_first_available_variant": picked or first or next(iter(variants.whole), None),
    }


def _picked(page: Page, product: Product, variants: Listing) -> Drop | None:
    asked = page.query.get("variant", "")
    shown = page.kind == "product" and page.path.endswith(f"/products/{product.handle}")
    return next((each for each in variants.whole if shown and str(each["id"]) == asked), None)


def variant_drop(page: Page, product: Product, variant: Variant) -> Drop:
    """One of a product's forms, with its price in the shopper's market."""
    amount, _ = page.shop.price_in(variant, page.country)
    before = variant.compare_at_price
    rate = amount / variant.price if variant.price else 1
    return Drop(
        "variant",
        {
            "id": variant.id,
            "title": variant.title,
            "sku": variant.sku,
            "price": money.cents(amount),
            "compare_at_price": None if before is None else money.cents(before * rate),
            "available": lambda: page.shop.available(variant),
            "options": [value for _, value in variant.options],
            "url": f"{page.root}/products/{product.handle}?variant={variant.id}",
            "inventory_quantity": lambda: page.shop.sellable(variant),
            "inventory_policy": variant.policy.lower(),
            "unit_price": None,
            "unit_price_measurement": None,
            "quantity_rule": Drop("quantity_rule", {"min": 1, "max": None, "increment": 1}),
            "requires_selling_plan": False,
            "product": lambda: product_drop(page, product),
        },
    )


def picture_drop(page: Page, product: Product) -> Drop | None:
    """A product's picture; nil where it has none."""
    if not product.picture:
        return None
    address, title = page.root * product.picture.startswith("/") + product.picture, product.title
    size = {"width": PICTURE_SIZE, "height": PICTURE_SIZE, "aspect_ratio": 1.0}
    return Drop("image", {"src": address, "alt": title, **size}, text=address)


def collection_drop(page: Page, collection: Collection) -> Drop:
    """A collection with those of its products that the shopper's country sees."""
    found = [page.shop.products[each] for each in collection.products if each in page.shop.products]
    return _collection(page, collection.id, collection.title, collection.handle, found, collection.description)


def everything(page: Page) -> Drop:
    """The collection "all", which every shop has: its listed products by title."""
    listed = sorted(
        (each for each in page.shop.products.values() if each.status == "ACTIVE"), key=lambda each: each.title
    )
    return _collection(page, 0, "Products", "all", listed)


def _collection(page: Page, number: int, title: str, handle: str, found: list[Product], about: str = "") -> Drop:
    shown = [each for each in found if page.shop.on_sale(each, page.country)]
    return Drop(
        "collection",
        {
            "id": number,
            "title": title,
            "handle": handle,
            "description": about,
            "url": f"{page.root}/collections/{handle}",
            "products": lambda: Listing([product_drop(page, each) for each in shown]),
            "products_count": len(shown),
            "all_products_count": len(shown),
            "metafields": metafields_of(page, "COLLECTION", gid("Collection", number)),
            "product": None,
        },
    )


def metafields_of(page: Page, kind: str, owner: str) -> Lookup:
    """What hangs on something: `metafields[namespace][key]`, with "$app" for the app's own.

    An app's own are seen by Liquid only where their definition lets the storefront read them.
    """

    def seen(namespace: str, key: str) -> Any:
        found = page.shop.metafield(owner, namespace, key)
        full = page.shop.namespace(namespace)
        definition = page.shop.definitions.get((kind, full, key))
        if found is None or (
            full.startswith("app--") and (definition is None or definition.storefront != "PUBLIC_READ")
        ):
            return None
        return _metafield(page, found)

    return Lookup(lambda namespace: Lookup(lambda key: seen(namespace, key)))


def app_drop(page: Page) -> Drop:
    """The app itself, with what it keeps on its installation: nobody else sees or changes that."""
    installed = page.shop.installation

    def seen(namespace: str, key: str) -> Any:
        owner = gid("AppInstallation", installed.id) if installed else ""
        found = page.shop.metafield(owner, namespace, key)
        return _metafield(page, found) if found else None

    return Drop("app", {"metafields": Lookup(lambda namespace: Lookup(lambda key: seen(namespace, key)))})


def _metafield(page: Page, found: Metafield) -> Drop:
    read: Callable[[], Any] = lambda: _value(page, found)  # noqa: E731
    return Drop("metafield", {"value": read, "type": found.type, "list?": found.type.startswith("list.")})


def _value(page: Page, found: Metafield) -> Any:
    if found.type == "list.product_reference":
        numbers = [number_of(each) for each in json.loads(found.value)]
        products = [page.shop.products[each] for each in numbers if each in page.shop.products]
        return Listing([product_drop(page, each) for each in products if page.shop.on_sale(each, page.country)])
    if found.type == "boolean":
        return found.value == "true"
    return json.loads(found.value) if found.type.startswith(("list.", "json", "number_")) else found.value
