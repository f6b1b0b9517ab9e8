"""What a played shop is made of. Ids are Shopify's numbers; times are aware and in UTC; money is in its currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any


@dataclass(slots=True)
class Location:
    """A place that holds stock. fulfills_online: whether the online shop sells from it."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    active: bool = True
    fulfills_online: bool = True
    country: str = "GB"


@dataclass(slots=True)
class Level:
    """The stock of an inventory item at one location. `available` may be negative."""

    available: int
    created_at: datetime
    updated_at: datetime
    committed: int = 0
    active: bool = True


@dataclass(slots=True)
class Variant:
    """One buyable form of a product, with its inventory item. policy: "DENY" or "CONTINUE". levels: by location id."""

    id: int
    product_id: int
    title: str
    sku: str
    price: Decimal
    created_at: datetime
    updated_at: datetime
    item_id: int
    compare_at_price: Decimal | None = None
    options: tuple[tuple[str, str], ...] = ()
    policy: str = "DENY"
    tracked: bool = True
    cost: Decimal | None = None
    position: int = 1
    levels: dict[int, Level] = field(default_factory=dict)
    item_updated_at: datetime | None = None

    @property
    def total(self) -> int:
        """Pieces that are available, over all locations."""
        return sum(each.available for each in self.levels.values() if each.active)


@dataclass(slots=True)
class Product:
    """A product. status: ACTIVE, DRAFT, ARCHIVED or UNLISTED. published: when, by publication id.

    category: of the standard taxonomy: its id ("hg-3-17") and full name. picture: an address, "" without one.
    """

    id: int
    title: str
    handle: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    vendor: str = ""
    product_type: str = ""
    tags: tuple[str, ...] = ()
    status: str = "ACTIVE"
    category: tuple[str, str] | None = None
    picture: str = ""
    gift_card: bool = False
    published: dict[int, datetime] = field(default_factory=dict)
    hidden_in: frozenset[str] = frozenset()
    variants: list[Variant] = field(default_factory=list)

    @property
    def options(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Its options in order, each with its values in order."""
        names = [name for name, _ in self.variants[0].options] if self.variants else []
        return tuple(
            (name, tuple(dict.fromkeys(dict(each.options).get(name, "") for each in self.variants))) for name in names
        )


@dataclass(slots=True)
class Collection:
    """A hand-made collection, with its products in order."""

    id: int
    title: str
    handle: str
    updated_at: datetime
    description: str = ""
    products: list[int] = field(default_factory=list)
    published: bool = True


@dataclass(slots=True)
class Publication:
    """Where products can be published: a sales channel."""

    id: int
    name: str
    channel: str


@dataclass(slots=True)
class Market:
    """Countries that are sold to alike. rate: how many of its currency are one of the shop's."""

    id: int
    name: str
    handle: str
    countries: tuple[str, ...]
    currency: str
    rate: Decimal = Decimal(1)
    status: str = "ACTIVE"


@dataclass(slots=True)
class Customer:
    """A buyer. The name and mail are made up; an app that has only level 1 of protected data never gets them."""

    id: int
    created_at: datetime
    updated_at: datetime
    country: str = "GB"
    locale: str = "en"
    tags: tuple[str, ...] = ()
    sale_opt_out: bool = False
    orders: int = 0
    spent: Decimal = Decimal(0)

    @property
    def name(self) -> tuple[str, str]:
        """First and last name."""
        firsts, lasts = ("Ada", "Bela", "Cleo", "Dov", "Esra", "Finn"), ("Ames", "Bright", "Cole", "Dyer", "Elm")
        return firsts[self.id % len(firsts)], lasts[self.id % len(lasts)]

    @property
    def email(self) -> str:
        """A mail address that nobody has."""
        return f"buyer{self.id}@example.com"


@dataclass(slots=True)
class Line:
    """A line of an order. product_id and variant_id are None for a custom item. current: after edits and refunds."""

    id: int
    product_id: int | None
    variant_id: int | None
    title: str
    quantity: int
    current: int
    price: Decimal
    variant_title: str = ""
    sku: str = ""
    discount: Decimal = Decimal(0)
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RefundLine:
    """Pieces of an order's line given back. restock: RETURN, CANCEL or NO_RESTOCK."""

    id: int
    line_id: int
    quantity: int
    subtotal: Decimal
    restock: str = "NO_RESTOCK"
    location_id: int | None = None


@dataclass(slots=True)
class Refund:
    """Goods and money given back."""

    id: int
    order_id: int
    created_at: datetime
    lines: list[RefundLine]


@dataclass(slots=True)
class Order:
    """An order. source: "web", "pos" or an app's name. attributes: the cart's."""

    id: int
    number: int
    created_at: datetime
    updated_at: datetime
    lines: list[Line]
    customer_id: int | None = None
    country: str = "GB"
    source: str = "web"
    test: bool = False
    cancelled_at: datetime | None = None
    refunds: list[Refund] = field(default_factory=list)
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def subtotal(self) -> Decimal:
        """What its lines cost when it was placed, after discounts."""
        return sum((each.price * each.quantity - each.discount for each in self.lines), Decimal(0))

    @property
    def current_subtotal(self) -> Decimal:
        """What its lines cost now, after edits and refunds."""
        return sum((each.price * each.current for each in self.lines), Decimal(0))


@dataclass(slots=True)
class Metafield:
    """A value that somebody has hung on something. owner: its gid. namespace: never with "$app" in it."""

    id: int
    owner: str
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime

    @property
    def digest(self) -> str:
        """What compare-and-set compares."""
        return sha256(self.value.encode()).hexdigest()


@dataclass(slots=True)
class Definition:
    """What a metafield of a kind of owner may hold, and who may read it. storefront: PUBLIC_READ or NONE."""

    id: int
    owner_type: str
    namespace: str
    key: str
    name: str
    type: str
    storefront: str = "NONE"
    admin: str = "MERCHANT_READ"
    description: str = ""


@dataclass(slots=True)
class Subscription:
    """Where a topic is sent. own: made through the API (deleted after eight failures), not in the app's file."""

    id: int
    topic: str
    uri: str
    include_fields: tuple[str, ...] = ()
    filter: str = ""
    name: str = ""
    own: bool = False


@dataclass(slots=True)
class Installation:
    """The app in this shop."""

    id: int
    scopes: tuple[str, ...]
    installed_at: datetime
    plan: str = ""
    pixel: Mapping[str, Any] | None = None
    pixel_id: int = 0


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a webhook topic tells.

    thing: what it happened to, as it is now. action: shared by all topics that one deed of the merchant causes.
    more: what the thing itself does not say.
    """

    topic: str
    thing: Any
    at: datetime
    action: str
    more: Mapping[str, Any] = field(default_factory=dict)
