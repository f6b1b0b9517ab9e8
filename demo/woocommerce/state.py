"""The state of a played shop: what changes it goes through here, holds the lock, and is told to listeners."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from demo.woocommerce.keyring import Keyring
from demo.woocommerce.things import Coupon, Customer, Happening, Order, Product, Refund, Term, Webhook
from demo.woocommerce.troubles import Troubles

PAST = 10_000
Listener = Callable[[Happening], None]


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class PlayedShop:
    """One WordPress site with WooCommerce. `address`: the site's own ("home"), without a slash at the end.

    Dictionaries are by id. Products hold variations too, as WordPress keeps both in one table; `children` says which
    are whose. Listeners are called with the lock held: they note what happened and return. `stock_listeners` are told
    the ids of products whose stock changed: that is what a plugin inside the shop can hear.
    """

    def __init__(self, *, name: str = "Fern & Ladle", currency: str = "GBP", timezone: str = "Europe/London") -> None:
        self.address = "http://127.0.0.1:8200"
        self.name, self.currency, self.country = name, currency, "GB"
        self.zone = ZoneInfo(timezone)
        self.version, self.wordpress, self.php = "11.0.1", "7.0.4", "8.2.36"
        self.theme, self.block_theme = "Twenty Twenty-Five", True
        # Since 10.3 all variations can be asked for at once; an older shop has only those of one product.
        self.has_variations_route = True
        self.permalinks = True
        self.callback_needs_tls = True
        self.clock: Callable[[], datetime] = now
        self.lock = threading.RLock()
        self.products: dict[int, Product] = {}
        self.children: dict[int, list[int]] = {}
        self.categories: dict[int, Term] = {}
        self.tags: dict[int, Term] = {}
        self.brands: dict[int, Term] = {}
        self.attributes: dict[int, Term] = {}
        self.orders: dict[int, Order] = {}
        self.refunds: dict[int, Refund] = {}
        self.customers: dict[int, Customer] = {}
        self.coupons: dict[int, Coupon] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.keyring = Keyring()
        self.troubles = Troubles()
        self.link: dict[str, str] | None = None
        self.plugin = True
        self.store_id = secrets.token_hex(16)
        self.past: deque[Happening] = deque(maxlen=PAST)
        self.listeners: list[Listener] = []
        self.stock_listeners: list[Callable[[list[int]], None]] = []
        # Answers to lists that are asked for page by page, as long as nothing changes.
        self.listings: dict[Any, list[Any]] = {}
        self._ids = count(101)
        self._webhook_ids = count(1)

    # What is asked most often.

    def new_id(self) -> int:
        """A number that no post of this site has."""
        return next(self._ids)

    def ids_from(self, first: int) -> None:
        """Let new numbers begin here: after the shop was filled with numbers of its own."""
        self._ids = count(first)

    def local(self, at: datetime) -> datetime:
        """A time as the site's clock on the wall has it."""
        return at.astimezone(self.zone)

    def counted_by(self, product: Product) -> Product | None:
        """Who counts its stock: it, its parent, or nobody."""
        if product.managed:
            return product
        parent = self.products.get(product.parent_id)
        return parent if parent is not None and parent.managed else None

    def stock_status(self, product: Product) -> str:
        """In stock, out of stock or on backorder, as WooCommerce works it out."""
        if product.type == "variable" and not product.managed:
            states = {self.stock_status(each) for each in self.variations(product.id) if each.status == "publish"}
            return next((each for each in ("instock", "onbackorder") if each in states), "outofstock")
        counting = self.counted_by(product)
        if counting is None:
            return product.stock_status
        if (counting.stock or 0) > 0:
            return "instock"
        return "outofstock" if counting.backorders == "no" else "onbackorder"

    def can_sell(self, product: Product, pieces: int = 1) -> bool:
        """Whether a shopper can put so many pieces into the cart."""
        counting = self.counted_by(product)
        if counting is None:
            return product.stock_status != "outofstock"
        return counting.backorders != "no" or (counting.stock or 0) >= pieces

    def variations(self, product_id: int) -> list[Product]:
        """A product's forms, in their order."""
        found = [self.products[each] for each in self.children.get(product_id, ()) if each in self.products]
        return sorted(found, key=lambda each: (each.menu_order, each.id))

    def by_slug(self, slug: str) -> Product | None:
        """The published product at an address."""
        with self.lock:
            return next(
                (
                    each
                    for each in self.products.values()
                    if each.slug == slug and each.type != "variation" and each.status == "publish"
                ),
                None,
            )

    # Changes.

    def tell(self, topic: str, thing_id: int) -> None:
        """Say that something happened."""
        with self.lock:
            happened = Happening(topic, thing_id)
            self.past.append(happened)
            for listener in self.listeners:
                listener(happened)

    def changed(self) -> None:
        """Forget what was worked out of the state before."""
        self.listings.clear()

    def put(self, product: Product, *, quietly: bool = False) -> Product:
        """A new product. quietly: nobody is told (the shop is being filled)."""
        with self.lock:
            self.products[product.id] = product
            if product.type == "variation":
                self.children.setdefault(product.parent_id, []).append(product.id)
            self.changed()
            if not quietly:
                self.tell("product.created", product.id)
                if product.status == "publish":
                    self.tell("product.published", product.id)
        return product

    def change(self, product_id: int, **values: object) -> Product:
        """Give a product or variation other values of its fields, as an editor's Save."""
        with self.lock:
            product = self.products[product_id]
            stock_before = (product.stock, product.stock_status, product.backorders)
            published_before = product.status == "publish"
            for name, value in values.items():
                setattr(product, name, value)
            product.modified = self.clock()
            self.changed()
            self.tell("product.updated", product_id)
            if product.status == "publish" and not published_before:
                self.tell("product.published", product_id)
            if stock_before != (product.stock, product.stock_status, product.backorders):
                self.tell_stock([product_id])
        return product

    def set_stock(self, product_id: int, pieces: int) -> Product:
        """Count a product's pieces anew."""
        return self.change(product_id, stock=pieces)

    def take_stock(self, pieces: dict[int, int]) -> None:
        """Sell pieces, by product or variation: each that is counted is told of, and a plugin hears of all at once."""
        with self.lock:
            counting: dict[int, Product] = {}
            for number, taken in pieces.items():
                found = self.products.get(number)
                who = found and self.counted_by(found)
                if who is not None:
                    who.stock = (who.stock or 0) - taken
                    who.modified = self.clock()
                    counting[who.id] = who
            self.changed()
            for number in counting:
                self.tell("product.updated", number)
            if counting:
                self.tell_stock(list(counting))

    def tell_stock(self, ids: list[int]) -> None:
        """What `woocommerce_product_set_stock` and its kin tell inside the shop."""
        for listener in self.stock_listeners:
            listener(ids)

    def trash(self, product_id: int) -> None:
        """Move a product to the trash. A variation has none: it is gone."""
        with self.lock:
            product = self.products[product_id]
            if product.type == "variation":
                self.delete(product_id)
                return
            for each in [product, *self.variations(product_id)]:
                each.status_before, each.status, each.modified = each.status, "trash", self.clock()
            self.changed()
            # The hook is WordPress's own, and tells whoever asked for coupons too.
            self.tell("coupon.deleted", product_id)
            self.tell("product.deleted", product_id)

    def restore(self, product_id: int) -> None:
        """Take a product out of the trash."""
        with self.lock:
            for each in [self.products[product_id], *self.variations(product_id)]:
                each.status, each.modified = each.status_before or "draft", self.clock()
            self.changed()
            self.tell("coupon.restored", product_id)
            self.tell("product.restored", product_id)

    def delete(self, product_id: int) -> None:
        """Delete a product or variation for good. Nobody is told: that is how WooCommerce is."""
        with self.lock:
            gone = self.products.pop(product_id)
            if gone.parent_id:
                self.children[gone.parent_id].remove(product_id)
            for each in self.children.pop(product_id, []):
                self.products.pop(each, None)
            self.changed()

    def add_customer(self, *, country: str = "") -> Customer:
        """Somebody makes an account."""
        with self.lock:
            at = self.clock()
            made = Customer(max(self.customers, default=1) + 1, at, at, country)
            self.customers[made.id] = made
            self.changed()
            self.tell("customer.created", made.id)
        return made

    def delete_customer(self, customer_id: int) -> None:
        """Somebody's account is deleted; their orders become a guest's."""
        with self.lock:
            self.customers.pop(customer_id)
            for order in self.orders.values():
                if order.customer_id == customer_id:
                    order.customer_id = 0
            self.changed()
            self.tell("customer.deleted", customer_id)

    def add_coupon(self, code: str) -> Coupon:
        """A new coupon."""
        with self.lock:
            at = self.clock()
            made = Coupon(self.new_id(), code, at, at)
            self.coupons[made.id] = made
            self.tell("coupon.created", made.id)
        return made

    def trash_coupon(self, coupon_id: int) -> None:
        """Move a coupon to the trash: whoever listens for products is told that one of its number was deleted."""
        with self.lock:
            self.coupons[coupon_id].status = "trash"
            self.tell("coupon.deleted", coupon_id)
            self.tell("product.deleted", coupon_id)

    def restore_coupon(self, coupon_id: int) -> None:
        """Take a coupon out of the trash."""
        with self.lock:
            self.coupons[coupon_id].status = "publish"
            self.tell("coupon.restored", coupon_id)
            self.tell("product.restored", coupon_id)

    def add_webhook(self, topic: str, delivery_url: str, secret: str, *, name: str = "", status: str = "") -> Webhook:
        """A new webhook; it is the caller who pings its address."""
        with self.lock:
            at = self.clock()
            made = Webhook(next(self._webhook_ids), topic, delivery_url, secret, name or topic, at, at)
            made.status = status or "active"
            self.webhooks[made.id] = made
            self.changed()
        return made
