"""The demo shop's cart: a few lines in a cookie of its own."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence

from demo.catalogue import ShopWindow
from demo.orders import CartLine

COOKIE = "demo_cart"
MOST_LINES = 20
MOST_PIECES = 99

# (product, variant) by external id -> pieces
Cart = Mapping[tuple[str, str], int]


def read_cart(cookie: str) -> dict[tuple[str, str], int]:
    """The cart of a cookie; an empty one where the cookie is none of ours."""
    try:
        lines = json.loads(urlsafe_b64decode(cookie.encode()))
        return {
            (str(product), str(variant)): min(int(quantity), MOST_PIECES)
            for product, variant, quantity in lines[:MOST_LINES]
            if int(quantity) > 0
        }
    except (ValueError, TypeError, KeyError):
        return {}


def write_cart(cart: Cart) -> str:
    """The cart as a cookie's value."""
    lines = [[product, variant, quantity] for (product, variant), quantity in cart.items()]
    return urlsafe_b64encode(json.dumps(lines[:MOST_LINES], separators=(",", ":")).encode()).decode()


def cart_lines(cart: Cart, window: ShopWindow) -> Sequence[CartLine]:
    """The cart's lines as the shop now knows them; what is no longer sold is left out."""
    products = {product.external_id: product for product in window.products([product for product, _ in cart])}
    return [
        CartLine(products[product], variant, quantity)
        for (product, wanted), quantity in cart.items()
        if product in products
        for variant in products[product].variants
        if variant.external_id == wanted
    ]
