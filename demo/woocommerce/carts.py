"""What lies in shoppers' carts, and what the plugin remembers beside it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import md5

from demo.woocommerce.bodies.common import SYMBOLS, Body
from demo.woocommerce.bodies.products import permalink
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Order, Product
from demo.woocommerce.trade import NotEnough, Wanted, place_order

COOKIE = "wp_woocommerce_session_played"
SESSION = re.compile(r"[0-9a-f]{32}")
MOST_PIECES = 9999
# The slate and the place in it that a product came from, such as "0192f...:3"; longer is nothing of ours.
LONGEST_MARK = 100


@dataclass(slots=True)
class Cart:
    """One shopper's. pieces: by simple product or variation. marks: product -> where it was found."""

    key: str
    pieces: dict[int, int] = field(default_factory=dict)
    marks: dict[int, str] = field(default_factory=dict)

    @property
    def nonce(self) -> str:
        """What a shopper's writing calls carry."""
        return md5(f"nonce {self.key}".encode(), usedforsecurity=False).hexdigest()[:10]

    def count(self) -> int:
        """All pieces."""
        return sum(self.pieces.values())


class Carts:
    """All carts of a shop."""

    def __init__(self, shop: PlayedShop) -> None:
        self._shop = shop
        self._carts: dict[str, Cart] = {}

    def of(self, key: str) -> Cart:
        """A shopper's cart; a new one for somebody new."""
        return self._carts.get(key) or Cart(key if SESSION.fullmatch(key) else secrets.token_hex(16))

    def add(self, cart: Cart, number: int, pieces: int = 1) -> Product:
        """Put pieces into a cart. Raises NotEnough, KeyError for what is not sold."""
        product = self._shop.products[number]
        if product.type == "variable" or product.status != "publish" or product.price is None:
            raise KeyError(number)
        wanted = min(cart.pieces.get(number, 0) + pieces, MOST_PIECES)
        if not self._shop.can_sell(product, wanted):
            counting = self._shop.counted_by(product)
            raise NotEnough(product, max(counting.stock or 0, 0) if counting else 0)
        cart.pieces[number] = wanted
        self._carts[cart.key] = cart
        return product

    def set(self, cart: Cart, number: int, pieces: int) -> None:
        """So many pieces of it from now on; none takes it out."""
        cart.pieces.pop(number, None)
        if pieces > 0:
            self.add(cart, number, pieces)

    def remember(self, cart: Cart, product: int, mark: str) -> None:
        """Note, as our plugin does, which slate a product was found in."""
        if 0 < len(mark) <= LONGEST_MARK:
            cart.marks[product] = mark
            self._carts[cart.key] = cart

    def sell(self, cart: Cart, *, country: str = "", visitor: str = "") -> Order:
        """Make the cart an order, as the checkout block does. Raises NotEnough, and then sells nothing."""
        wanted = []
        for number, pieces in cart.pieces.items():
            product = self._shop.products[number]
            mark = cart.marks.get(product.parent_id or number)
            wanted.append(Wanted(number, pieces, {"_shelfwise": mark} if mark else {}))
        meta = {"_shelfwise_visitor": visitor} if visitor else {}
        order = place_order(self._shop, wanted, country=country, created_via="store-api", meta=meta)
        self._carts.pop(cart.key, None)
        return order

    def body(self, cart: Cart) -> Body:
        """The cart as the Store API tells it."""
        items = [self._item(number, pieces) for number, pieces in cart.pieces.items()]
        total = sum((self._price(number) * pieces for number, pieces in cart.pieces.items()), Decimal(0))
        return {
            "items": items,
            "coupons": [],
            "fees": [],
            "totals": {"total_items": minor(total), "total_price": minor(total), **money_words(self._shop)},
            "errors": [],
            "payment_methods": ["cod"],
            "items_count": cart.count(),
            "items_weight": 0,
            "cross_sells": [],
            "needs_payment": total > 0,
            "needs_shipping": bool(items),
            "extensions": {},
        }

    def _item(self, number: int, pieces: int) -> Body:
        product = self._shop.products[number]
        price = minor(self._price(number))
        return {
            "key": md5(str(number).encode(), usedforsecurity=False).hexdigest(),
            "id": number,
            "type": product.type,
            "quantity": pieces,
            "name": product.name,
            "sku": product.sku,
            "permalink": permalink(self._shop, product),
            "variation": [{"attribute": name, "value": value} for name, value in product.picks.items()],
            "prices": {"price": price, "regular_price": price, "sale_price": price, **money_words(self._shop)},
            "extensions": {},
        }

    def _price(self, number: int) -> Decimal:
        return self._shop.products[number].price or Decimal(0)


def minor(price: Decimal) -> str:
    """A price in pence, as text."""
    return str(int(price * 100))


def money_words(shop: PlayedShop) -> Mapping[str, object]:
    """How the Store API says which money it speaks of."""
    symbol = SYMBOLS.get(shop.currency, shop.currency)
    return {
        "currency_code": shop.currency,
        "currency_symbol": symbol,
        "currency_minor_unit": 2,
        "currency_decimal_separator": ".",
        "currency_thousand_separator": ",",
        "currency_prefix": symbol,
        "currency_suffix": "",
    }
