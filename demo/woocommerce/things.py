"""What a played shop holds: plain records that the shop's state alone changes. Times are aware and in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(slots=True)
class Term:
    """A category, tag, brand, or one value of an attribute. parent: 0 for none."""

    id: int
    name: str
    slug: str
    parent: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """An attribute of a product. id: of the shop's attribute, 0 for the product's own; varies: makes variations."""

    id: int
    name: str
    slug: str
    options: tuple[str, ...]
    varies: bool = False


@dataclass(slots=True)
class Product:
    """A product, or (type "variation") one form of the variable product `parent_id`; its `picks` are its options.

    stock: pieces, None where it does not count its own. stock_status: what the merchant says where nothing is counted.
    status_before: what it had before it was trashed.
    """

    id: int
    name: str
    slug: str
    created: datetime
    modified: datetime
    type: str = "simple"
    status: str = "publish"
    parent_id: int = 0
    description: str = ""
    short_description: str = ""
    sku: str = ""
    regular_price: Decimal | None = None
    sale_price: Decimal | None = None
    stock: int | None = None
    stock_status: str = "instock"
    backorders: str = "no"
    categories: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    brands: tuple[int, ...] = ()
    choices: tuple[Choice, ...] = ()
    picks: Mapping[str, str] = field(default_factory=dict)
    picture: str = ""
    visibility: str = "visible"
    menu_order: int = 0
    sales: int = 0
    status_before: str = ""

    @property
    def managed(self) -> bool:
        """Whether it counts its own stock."""
        return self.stock is not None

    @property
    def price(self) -> Decimal | None:
        """What it costs now; None for a product that names no price."""
        return self.regular_price if self.sale_price is None else self.sale_price


@dataclass(slots=True)
class Line:
    """A line of an order. variation_id: 0 for a simple product. meta: such as {"_shelfwise": "..."}."""

    id: int
    product_id: int
    variation_id: int
    name: str
    quantity: int
    subtotal: Decimal
    total: Decimal
    sku: str = ""
    picks: Mapping[str, str] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    parent_name: str = ""

    @property
    def sold(self) -> int:
        """What was sold: the variation, or the product."""
        return self.variation_id or self.product_id


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Pieces of an order's line, given back."""

    id: int
    line_id: int
    product_id: int
    variation_id: int
    name: str
    quantity: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back for an order; its lines may be none."""

    id: int
    order_id: int
    at: datetime
    amount: Decimal
    reason: str = ""
    lines: tuple[RefundLine, ...] = ()


@dataclass(slots=True)
class Order:
    """An order. customer_id: 0 for a guest. status_before: what it had before it was trashed."""

    id: int
    created: datetime
    modified: datetime
    lines: list[Line]
    status: str = "processing"
    customer_id: int = 0
    country: str = ""
    currency: str = ""
    paid: datetime | None = None
    completed: datetime | None = None
    created_via: str = "checkout"
    meta: dict[str, str] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    stock_taken: bool = True
    status_before: str = ""

    @property
    def total(self) -> Decimal:
        """What was to be paid: before refunds."""
        return sum((each.total for each in self.lines), Decimal(0))


@dataclass(slots=True)
class Customer:
    """Somebody with an account; everything that names them is made up from the id."""

    id: int
    created: datetime
    modified: datetime | None = None
    country: str = ""
    role: str = "customer"
    paying: bool = False


@dataclass(slots=True)
class Coupon:
    """A coupon: here because trashing one tells of a product that was never there."""

    id: int
    code: str
    created: datetime
    modified: datetime
    amount: Decimal = Decimal(10)
    status: str = "publish"


@dataclass(slots=True)
class Webhook:
    """A webhook that somebody has made. failures: those in a row."""

    id: int
    topic: str
    delivery_url: str
    secret: str
    name: str
    created: datetime
    modified: datetime
    status: str = "active"
    failures: int = 0
    pending: bool = True


@dataclass(frozen=True, slots=True)
class Key:
    """A REST key of an administrator. permissions: "read", "write" or "read_write"."""

    id: int
    key: str
    secret: str
    permissions: str = "read_write"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a hook of WordPress tells: "product.updated" of product 35, say."""

    topic: str
    id: int
