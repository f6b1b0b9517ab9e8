"""A played shop whose lists have been published, and its blocks: what tests of the theme app extension start from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demo.shopify.carts import Cart, CartLine
from demo.shopify.fill import Size, fill
from demo.shopify.liquid.extension import Extension, Placed
from demo.shopify.liquid.objects import product_drop
from demo.shopify.liquid.page import Page
from demo.shopify.liquid.words import Words
from demo.shopify.state import PlayedShop, gid
from demo.shopify.things import Definition, Installation, Product, Variant

ROOT = Path(__file__).resolve().parents[1]
EXTENSION = ROOT / "templates" / "shopify" / "extensions" / "shelfwise-theme"
NAMESPACE = "$app:shelfwise"
DOMAIN = "fern-and-ladle.myshopify.com"


def opened(products: int = 40) -> PlayedShop:
    """A shop in which the app is installed and has told its blocks that there is something to show."""
    shop = fill(PlayedShop(DOMAIN), Size(seed=20, products=products, customers=20))
    shop.installation = Installation(1, (), shop.clock())
    owner = gid("AppInstallation", 1)
    shop.put_metafield(owner, "shelfwise", "ready", "boolean", "true")
    shop.put_metafield(owner, "shelfwise", "proxy", "single_line_text_field", "apps/shelfwise")
    for number, key in enumerate(("related", "complementary")):
        place = ("PRODUCT", shop.namespace(NAMESPACE), key)
        shop.definitions[place] = Definition(number, *place, key, "list.product_reference", "PUBLIC_READ")
    return shop


def on_sale(shop: PlayedShop) -> list[Product]:
    """Products that can be bought now."""
    return [each for each in shop.products.values() if shop.on_sale(each) and shop.product_available(each)]


def publish(shop: PlayedShop, product: Product, listed: Sequence[Product], key: str = "related") -> None:
    """Put a list on a product."""
    value = json.dumps([gid("Product", each.id) for each in listed])
    shop.put_metafield(gid("Product", product.id), NAMESPACE, key, "list.product_reference", value)


def sells(shop: PlayedShop, listed: Sequence[Product], *, selling: bool = True) -> None:
    """Say what sells in the shop."""
    owner, value = gid("AppInstallation", 1), json.dumps([gid("Product", each.id) for each in listed])
    shop.put_metafield(owner, "shelfwise", "trending", "list.product_reference", value)
    shop.put_metafield(owner, "shelfwise", "selling", "boolean", str(selling).lower())


def publish_all(shop: PlayedShop) -> None:
    """Put two lists on every product, and one into the shop."""
    goods = on_sale(shop)
    sells(shop, goods[:24])
    for place, product in enumerate(goods):
        publish(shop, product, [goods[(place + step) % len(goods)] for step in range(1, 13)])
        publish(shop, product, [goods[(place + 3 * step) % len(goods)] for step in range(1, 9)], "complementary")


def sell_out(shop: PlayedShop, variants: Sequence[Variant]) -> None:
    """Leave nothing of them."""
    for variant in variants:
        shop.change_variant(variant.id, tracked=True, policy="DENY")
        for place in variant.levels:
            shop.set_stock(variant.item_id, place, 0)


def cart_of(*variants: Variant) -> Cart:
    """A cart with one of each."""
    return Cart("token", [CartLine(f"{each.id}:0", each.id, 1) for each in variants])


def page_of(shop: PlayedShop, kind: str = "product", **values: Any) -> Page:
    """A page of the shop."""
    folder = EXTENSION / "locales"
    return Page(shop, f"/{shop.domain}", kind, Words(folder), EXTENSION / "assets", "/files", country="GB", **values)


def rendered(
    block: str,
    shop: PlayedShop,
    *,
    kind: str = "product",
    product: Product | None = None,
    objects: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    **values: Any,
) -> str:
    """The HTML of one of our blocks on a page."""
    page = page_of(shop, kind, **({"path": f"/products/{product.handle}"} if product else {}), **values)
    own = {"product": product_drop(page, product)} if product else {}
    placed = Placed("one", block, settings or {})
    return Extension(EXTENSION, "/files").render(placed, page, {**own, **(objects or {})}).html
