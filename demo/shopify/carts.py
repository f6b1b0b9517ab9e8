"""Shoppers' carts, by the token in their cookie, and how the storefront's scripts read them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from secrets import token_hex
from typing import Any

from demo.shopify.state import PlayedShop
from demo.shopify.things import Product, Variant
from demo.shopify.trade import NotEnough

COOKIE = "cart"
MOST_CARTS = 10_000
MOST_LINES = 100
MOST_PIECES = 1000


class CantAdd(Exception):
    """What is asked of the cart can't be. The message is the shopper's."""


@dataclass(frozen=True, slots=True)
class CartLine:
    """Pieces of a variant in a cart. Lines of one variant with other properties are other lines."""

    key: str
    variant_id: int
    quantity: int
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Cart:
    """A shopper's cart."""

    token: str = ""
    lines: list[CartLine] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def count(self) -> int:
        """Pieces in it."""
        return sum(each.quantity for each in self.lines)


class Carts:
    """All carts of a shop; the oldest is given up when there are too many."""

    def __init__(self, shop: PlayedShop) -> None:
        self._shop = shop
        self._lock = threading.Lock()
        self._carts: dict[str, Cart] = {}

    def of(self, token: str) -> Cart:
        """The cart of a cookie; a new one where that is unknown."""
        with self._lock:
            found = self._carts.get(token)
            if found is None:
                found = Cart(token_hex(16))
                self._carts[found.token] = found
                if len(self._carts) > MOST_CARTS:
                    del self._carts[next(iter(self._carts))]
            return found

    def add(self, cart: Cart, variant_id: int, quantity: int, properties: Mapping[str, str]) -> CartLine:
        """Put pieces in. Raises CantAdd, and then changes nothing."""
        with self._lock:
            key = line_key(variant_id, properties)
            there = next((each for each in cart.lines if each.key == key), None)
            wanted = quantity + (there.quantity if there else 0)
            self._need(cart, variant_id, quantity)
            line = CartLine(key, variant_id, wanted, dict(properties))
            if there is None:
                if len(cart.lines) >= MOST_LINES:
                    raise CantAdd("The cart is full.")
                cart.lines.insert(0, line)
            else:
                cart.lines[cart.lines.index(there)] = line
            return line

    def change(self, cart: Cart, key: str, quantity: int) -> None:
        """Set the pieces of a line, named by its key or its variant; none takes it out. Raises CantAdd."""
        with self._lock:
            line = next((each for each in cart.lines if key in {each.key, str(each.variant_id)}), None)
            if line is None:
                raise CantAdd("no valid id or line parameter")
            if quantity > line.quantity:
                self._need(cart, line.variant_id, quantity - line.quantity)
            place = cart.lines.index(line)
            cart.lines[place : place + 1] = [replace(line, quantity=quantity)] if quantity > 0 else []

    def _need(self, cart: Cart, variant_id: int, more: int) -> None:
        variant = self._shop.variants.get(variant_id)
        if variant is None or not self._shop.on_sale(self._shop.products[variant.product_id]):
            raise CantAdd("Cannot find variant")
        held = sum(each.quantity for each in cart.lines if each.variant_id == variant_id)
        left = self._shop.sellable(variant)
        title = self._shop.products[variant.product_id].title
        if not 0 < more <= MOST_PIECES:
            raise CantAdd("Quantity must be more than 0 and at most 1000.")
        if variant.tracked and variant.policy == "DENY" and held + more > left:
            raise CantAdd(f"The product '{title}' is already sold out." if left <= 0 else f"You can only add {left}.")


def line_key(variant_id: int, properties: Mapping[str, str]) -> str:
    """A line's own name."""
    mark = f"{hash(tuple(sorted(properties.items()))) & 0xFFFFFFFF:08x}" if properties else "0"
    return f"{variant_id}:{mark}"


def sold_out(error: NotEnough) -> CantAdd:
    """What a shopper is told at the checkout when somebody was quicker."""
    return CantAdd(f"Somebody was quicker: there are {error.left} left.")


def cart_json(shop: PlayedShop, cart: Cart, root: str) -> dict[str, Any]:
    """As /cart.js gives it. root: the path of the shop on this server."""
    items = [line_json(shop, each, root) for each in cart.lines]
    total = sum(each["final_line_price"] for each in items)
    return {
        "token": cart.token,
        "note": cart.note,
        "attributes": cart.attributes,
        "original_total_price": total,
        "total_price": total,
        "total_discount": 0,
        "item_count": cart.count,
        "items": items,
        "requires_shipping": bool(items),
        "currency": shop.currency,
        "items_subtotal_price": total,
        "cart_level_discount_applications": [],
    }


def line_json(shop: PlayedShop, line: CartLine, root: str) -> dict[str, Any]:
    """A line as the cart's JSON holds it."""
    variant = shop.variants[line.variant_id]
    product = shop.products[variant.product_id]
    price = cents(variant.price)
    default = variant.title == "Default Title"
    return {
        "id": variant.id,
        "key": line.key,
        "variant_id": variant.id,
        "product_id": product.id,
        "quantity": line.quantity,
        "properties": dict(line.properties),
        "title": product.title if default else f"{product.title} - {variant.title}",
        "product_title": product.title,
        "variant_title": None if default else variant.title,
        "handle": product.handle,
        "url": f"{root}/products/{product.handle}?variant={variant.id}",
        "image": root + product.picture,
        "sku": variant.sku,
        "vendor": product.vendor,
        "product_type": product.product_type,
        "gift_card": product.gift_card,
        "price": price,
        "final_price": price,
        "original_price": price,
        "line_price": price * line.quantity,
        "final_line_price": price * line.quantity,
        "options_with_values": [{"name": name, "value": value} for name, value in variant.options],
    }


def product_json(shop: PlayedShop, product: Product, root: str) -> dict[str, Any]:
    """A product as /products/HANDLE.js and the recommendations give it."""
    prices = sorted(cents(each.price) for each in product.variants)
    return {
        "id": product.id,
        "title": product.title,
        "handle": product.handle,
        "description": product.description,
        "vendor": product.vendor,
        "type": product.product_type,
        "tags": list(product.tags),
        "price": prices[0],
        "price_min": prices[0],
        "price_max": prices[-1],
        "price_varies": prices[0] != prices[-1],
        "available": shop.product_available(product),
        "compare_at_price": max((cents(each.compare_at_price) for each in product.variants), default=0) or None,
        "variants": [_variant_json(shop, each) for each in product.variants],
        "images": [root + product.picture],
        "featured_image": root + product.picture,
        "url": f"{root}/products/{product.handle}",
        "options": [
            {"name": name, "position": place, "values": list(values)}
            for place, (name, values) in enumerate(product.options, start=1)
        ],
    }


def _variant_json(shop: PlayedShop, variant: Variant) -> dict[str, Any]:
    chosen = [value for _, value in variant.options]
    return {
        "id": variant.id,
        "title": variant.title,
        "sku": variant.sku,
        "price": cents(variant.price),
        "compare_at_price": cents(variant.compare_at_price) or None,
        "available": shop.available(variant),
        "options": chosen,
        **{f"option{place}": (chosen + [None] * 3)[place - 1] for place in (1, 2, 3)},
    }


def cents(amount: Decimal | None) -> int:
    """An amount as storefronts count it."""
    return int((amount or Decimal(0)) * 100)
