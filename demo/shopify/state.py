"""The state of a played shop: what its admin, API and storefront read and change. Changes are told to listeners.

Every method that changes something takes the lock; whoever reads several things that belong together holds `lock`
meanwhile. Listeners are called with the lock held: they note what happened and return.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from demo.shopify.things import (
    Collection,
    Customer,
    Definition,
    Happening,
    Installation,
    Level,
    Location,
    Market,
    Metafield,
    Order,
    Product,
    Publication,
    Subscription,
    Variant,
)

# So many of the last happenings are remembered.
PAST = 10_000
Listener = Callable[[Happening], None]


def now() -> datetime:
    """The time, in whole microseconds of UTC."""
    return datetime.now(UTC)


def gid(kind: str, number: int | str) -> str:
    """A global id, such as "gid://shopify/Product/1"."""
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str) -> int:
    """The number in a global id, 0 where there is none."""
    tail = global_id.rsplit("/", 1)[-1].split("?", maxsplit=1)[0]
    return int(tail) if tail.isascii() and tail.isdigit() else 0


class PlayedShop:
    """One shop. Dictionaries are by id and keep the order in which things came."""

    def __init__(self, domain: str, *, name: str = "Fern & Ladle", currency: str = "GBP", app_id: int = 580111) -> None:
        self.domain = domain
        # Where the platform that it is added to serves it.
        self.address = ""
        self.name = name
        self.currency = currency
        self.timezone = "Europe/London"
        self.country = "GB"
        self.locale = "en"
        self.app_id = app_id
        self.id = 50_000_000_000 + sum(domain.encode())
        self.clock: Callable[[], datetime] = now
        self.lock = threading.RLock()
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        self.items: dict[int, Variant] = {}
        self.handles: dict[str, int] = {}
        self.locations: dict[int, Location] = {}
        self.collections: dict[int, Collection] = {}
        self.publications: dict[int, Publication] = {}
        self.markets: dict[int, Market] = {}
        self.customers: dict[int, Customer] = {}
        self.orders: dict[int, Order] = {}
        self.metafields: dict[tuple[str, str, str], Metafield] = {}
        self.definitions: dict[tuple[str, str, str], Definition] = {}
        self.subscriptions: dict[int, Subscription] = {}
        self.installation: Installation | None = None
        self.theme_files: dict[str, str] = {}
        self.past: deque[Happening] = deque(maxlen=PAST)
        self.consent_banner = True
        self.listeners: list[Listener] = []
        self._numbers = count(9_000_000_000_001)
        self._action = threading.local()

    # What is asked most often.

    @property
    def online_store(self) -> int:
        """The publication that the shop's own pages show."""
        return next(iter(self.publications))

    def new_id(self) -> int:
        """A number that nothing in this shop has."""
        return next(self._numbers)

    def by_handle(self, handle: str) -> Product | None:
        """The product of a handle, whatever its status."""
        return self.products.get(self.handles.get(handle, 0))

    def on_sale(self, product: Product, country: str = "") -> bool:
        """Whether the shop's pages show it: published there, active or unlisted, and not hidden in that country."""
        at = product.published.get(self.online_store)
        shown = product.status in {"ACTIVE", "UNLISTED"} and at is not None and at <= self.clock()
        return shown and country not in product.hidden_in

    def sellable(self, variant: Variant) -> int:
        """Pieces that the online shop can sell: only from active locations that it sells from."""
        return sum(
            level.available
            for place, level in variant.levels.items()
            if level.active and self.locations[place].active and self.locations[place].fulfills_online
        )

    def available(self, variant: Variant) -> bool:
        """Whether a shopper can put it into the cart, as `variant.available` in Liquid."""
        return not variant.tracked or variant.policy == "CONTINUE" or self.sellable(variant) > 0

    def product_available(self, product: Product) -> bool:
        """Whether any of its variants is available, as `product.available` in Liquid."""
        return any(self.available(each) for each in product.variants)

    def collections_of(self, product_id: int) -> list[Collection]:
        """The collections that hold a product."""
        return [each for each in self.collections.values() if product_id in each.products]

    def market_of(self, country: str) -> Market | None:
        """The market that a country belongs to."""
        return next((each for each in self.markets.values() if country in each.countries), None)

    def price_in(self, variant: Variant, country: str) -> tuple[Decimal, str]:
        """What a variant costs in a country, and in which currency."""
        market = self.market_of(country)
        if market is None:
            return variant.price, self.currency
        return (variant.price * market.rate).quantize(Decimal("0.01")), market.currency

    # Metafields. A namespace that begins with "$app" is the app's own.

    def namespace(self, written: str | None) -> str:
        """A namespace in full: "$app:x" is the app's own x, none at all is the app's own."""
        if written is None or written == "$app":
            return f"app--{self.app_id}"
        return f"app--{self.app_id}--{written[5:]}" if written.startswith("$app:") else written

    def metafield(self, owner: str, namespace: str | None, key: str) -> Metafield | None:
        """What hangs on something under a namespace and a key; the namespace may be written with $app."""
        return self.metafields.get((owner, self.namespace(namespace), key))

    def metafields_of(self, owner: str) -> list[Metafield]:
        """All that hangs on something."""
        with self.lock:
            return [each for (whose, _, _), each in self.metafields.items() if whose == owner]

    def put_metafield(self, owner: str, namespace: str | None, key: str, kind: str, value: str) -> Metafield:
        """Hang a value on something."""
        with self.lock:
            at, full = self.clock(), self.namespace(namespace)
            found = self.metafields.get((owner, full, key))
            if found is None:
                found = Metafield(self.new_id(), owner, full, key, kind, value, at, at)
                self.metafields[owner, full, key] = found
            elif (found.type, found.value) != (kind, value):
                found.type, found.value, found.updated_at = kind, value, at
            return found

    def drop_metafield(self, owner: str, namespace: str | None, key: str) -> Metafield | None:
        """Take a value off again."""
        with self.lock:
            return self.metafields.pop((owner, self.namespace(namespace), key), None)

    # Changes.

    @contextmanager
    def deed(self) -> Iterator[str]:
        """One deed of somebody: all that happens inside shares its id (X-Shopify-Event-Id)."""
        with self.lock:
            outer = getattr(self._action, "id", "")
            self._action.id = outer or str(uuid.uuid4())
            try:
                yield self._action.id
            finally:
                self._action.id = outer

    def tell(self, topic: str, thing: Any, **more: Any) -> None:
        """Say that something happened."""
        with self.deed() as action:
            happened = Happening(topic, thing, self.clock(), action, more)
            self.past.append(happened)
            for listener in self.listeners:
                listener(happened)

    def add_product(self, product: Product, *, quietly: bool = False) -> Product:
        """Put a new product with its variants into the shop. quietly: nobody is told (the shop is being filled)."""
        with self.deed():
            self.products[product.id] = product
            self.handles[product.handle] = product.id
            for variant in product.variants:
                self.variants[variant.id] = variant
                self.items[variant.item_id] = variant
            if not quietly:
                self.tell("products/create", product)
        return product

    def change_product(self, product_id: int, **values: Any) -> Product:
        """Give a product other values of its fields."""
        with self.deed():
            product = self.products[product_id]
            if "handle" in values:
                self.handles.pop(product.handle, None)
                self.handles[values["handle"]] = product_id
            for name, value in values.items():
                setattr(product, name, value)
            self.touch(product)
        return product

    def change_variant(self, variant_id: int, **values: Any) -> Variant:
        """Give a variant other values of its fields; `tracked` and `cost` are its inventory item's."""
        with self.deed():
            variant = self.variants[variant_id]
            for name, value in values.items():
                setattr(variant, name, value)
            variant.updated_at = self.clock()
            if values.keys() & {"tracked", "cost", "sku"}:
                variant.item_updated_at = variant.updated_at
                self.tell("inventory_items/update", variant)
            self.touch(self.products[variant.product_id])
        return variant

    def delete_product(self, product_id: int) -> None:
        """Take a product out of the shop for good."""
        with self.deed():
            product = self.products.pop(product_id)
            self.handles.pop(product.handle, None)
            for each in self.collections_of(product_id):
                each.products.remove(product_id)
            for variant in product.variants:
                del self.variants[variant.id], self.items[variant.item_id]
                self.tell("inventory_items/delete", variant)
            self.tell("products/delete", product)

    def publish(self, product_id: int, *, publication: int | None = None, shown: bool = True) -> None:
        """Show a product in a sales channel (the online store where none is named), or no longer."""
        with self.deed():
            product, where = self.products[product_id], publication or self.online_store
            if shown:
                product.published.setdefault(where, self.clock())
            else:
                product.published.pop(where, None)
            self.touch(product)

    def touch(self, product: Product) -> None:
        """A product is another now, if only in its stock."""
        with self.deed():
            product.updated_at = self.clock()
            self.tell("products/update", product)

    def set_stock(self, item_id: int, location_id: int, available: int) -> Variant:
        """Count the pieces of an inventory item at a location anew."""
        with self.deed():
            variant = self.items[item_id]
            before, at = variant.total, self.clock()
            level = variant.levels.get(location_id)
            if level is None:
                variant.levels[location_id] = Level(available, at, at)
                self.tell("inventory_levels/connect", variant, location=location_id)
            else:
                level.available, level.updated_at = available, at
            self.tell("inventory_levels/update", variant, location=location_id)
            self._stock_changed(variant, before, at)
        return variant

    def move_stock(self, item_id: int, location_id: int, pieces: int) -> Variant:
        """Put pieces to those that are there; fewer than none takes them away."""
        with self.lock:
            level = self.items[item_id].levels.get(location_id)
            return self.set_stock(item_id, location_id, pieces + (level.available if level else 0))

    def disconnect(self, item_id: int, location_id: int) -> None:
        """A location no longer holds an inventory item."""
        with self.deed():
            variant = self.items[item_id]
            before = variant.total
            del variant.levels[location_id]
            self.tell("inventory_levels/disconnect", variant, location=location_id)
            self._stock_changed(variant, before, self.clock())

    def _stock_changed(self, variant: Variant, before: int, at: datetime) -> None:
        variant.updated_at = at
        if variant.tracked and before > 0 >= variant.total:
            self.tell("variants/out_of_stock", variant)
        if variant.tracked and before <= 0 < variant.total:
            self.tell("variants/in_stock", variant)
        self.touch(self.products[variant.product_id])

    def change_location(self, location_id: int, **values: Any) -> Location:
        """Give a location other values of its fields."""
        with self.deed():
            location = self.locations[location_id]
            for name, value in values.items():
                setattr(location, name, value)
            location.updated_at = self.clock()
            self.tell("locations/update", location)
        return location

    def put_collection(self, collection: Collection) -> Collection:
        """Add a collection, or say that it changed."""
        with self.deed():
            known = collection.id in self.collections
            collection.updated_at = self.clock()
            self.collections[collection.id] = collection
            self.tell("collections/update" if known else "collections/create", collection)
        return collection

    def delete_collection(self, collection_id: int) -> None:
        """Take a collection away; its products stay."""
        with self.deed():
            self.tell("collections/delete", self.collections.pop(collection_id))
