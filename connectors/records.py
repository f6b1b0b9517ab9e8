"""What every platform is turned into: typed, frozen records, and the few kinds of change that carry them.

Identifiers are the platform's own, as text. Times are aware and in UTC. Money is a decimal with its
currency. A record says how things are *now*; what it replaces is decided by `Current.version`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


def _nothing() -> Mapping[str, str]:
    return _NOTHING


class ProductStatus(StrEnum):
    """Whether the merchant offers the product. `UNLISTED` can be bought by link but is never recommended."""

    ACTIVE = "active"
    DRAFT = "draft"
    ARCHIVED = "archived"
    UNLISTED = "unlisted"


class InventoryPolicy(StrEnum):
    """What the shop does when a tracked variant runs out: refuse the sale, or continue selling."""

    DENY = "deny"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217, upper case)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One buyable form of a product.

    inventory_item: the key under which `InventoryLevel` speaks of it; defaults to the variant's own id.
    tracked: whether the shop counts its stock; a variant that is not tracked never runs out.
    prices: what it costs in other markets, by market code (ISO 3166 country, upper case).
    options: such as {"Size": "M"}. version: of this variant alone, where the platform keeps one; else its product's.
    """

    external_id: str
    title: str = ""
    sku: str = ""
    price: Money | None = None
    compare_at_price: Money | None = None
    prices: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))
    options: Mapping[str, str] = field(default_factory=_nothing)
    inventory_item: str = ""
    tracked: bool = False
    policy: InventoryPolicy = InventoryPolicy.DENY
    unit_cost: Money | None = None
    position: int = 0
    version: datetime | None = None


@dataclass(frozen=True, slots=True)
class VariantOf:
    """One variant alone: the others of its product are left as they are.

    product: its external id; a product of which nothing is told yet is asked for.
    """

    product: str
    variant: Variant

    @property
    def external_id(self) -> str:
        """The variant's."""
        return self.variant.external_id


@dataclass(frozen=True, slots=True)
class Product:
    """A product with all its variants: variants that are not named here no longer exist.

    category: in a taxonomy that many shops share, such as "Apparel > Clothing > Dresses"; product_type is the shop's
    own word. collections: handles of the shop's collections that hold it.
    markets: the market codes where it is sold; None means everywhere, an empty tuple nowhere.
    published_at: when it first appeared in the shop ("newest" is ordered by it).
    """

    external_id: str
    title: str
    handle: str = ""
    description: str = ""
    vendor: str = ""
    product_type: str = ""
    tags: tuple[str, ...] = ()
    url: str = ""
    image_url: str = ""
    category: str = ""
    collections: tuple[str, ...] = ()
    status: ProductStatus = ProductStatus.ACTIVE
    published: bool = True
    published_at: datetime | None = None
    markets: tuple[str, ...] | None = None
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True)
class InventoryLevel:
    """How many pieces of an inventory item can be sold from one location. `available` may be negative.

    sells_online: False for a location whose stock the online shop does not sell.
    """

    inventory_item: str
    location: str
    available: int
    sells_online: bool = True


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock. sells_online: whether the online shop sells from it."""

    external_id: str
    sells_online: bool = True


@dataclass(frozen=True, slots=True)
class Customer:
    """A buyer, known by the platform's id alone: no name, no address, no mail."""

    external_id: str
    country: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order. `unit_price` is what was paid for one piece, after discounts.

    product: the product's external id; empty where the platform names none (a custom item, a tip).
    """

    external_id: str
    product: str
    variant: str
    quantity: int
    unit_price: Money
    title: str = ""
    properties: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Order:
    """An order with all its lines. `customer` is empty for a guest. `visitor`: our own id, where consent gave one."""

    external_id: str
    ordered_at: datetime
    lines: tuple[OrderLine, ...]
    currency: str
    customer: str = ""
    visitor: str = ""
    country: str = ""
    channel: str = "online"
    cancelled_at: datetime | None = None
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Pieces of a product given back. `product` may be all that is known: not every till names the order line."""

    product: str
    variant: str
    quantity: int
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Goods or money given back. `order` is empty where the platform does not say which order it belongs to."""

    external_id: str
    refunded_at: datetime
    lines: tuple[RefundLine, ...]
    order: str = ""
    customer: str = ""


Record = Product | VariantOf | InventoryLevel | Location | Customer | Order | Refund


class RecordKind(StrEnum):
    """The kinds of record that a platform can remove, or of which it may have to be asked again."""

    PRODUCT = "product"
    VARIANT = "variant"
    INVENTORY_ITEM = "inventory_item"
    INVENTORY_LEVEL = "inventory_level"
    LOCATION = "location"
    COLLECTION = "collection"
    ORDER = "order"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Current:
    """A record as it now is. `version` is the platform's own time stamp of that state: the newest wins.

    untold: fields of the record that this source says nothing of, such as {"markets", "variants.tracked"}: what is
    stored of them stays, and a new row begins with what stands in the record. "variants.details": the variants are
    named, so that others are known to be gone, and no more is told of them.
    """

    record: Record
    version: datetime
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Removed:
    """A record that is gone since `version`.

    Of an inventory level, `external_id` is the inventory item and `location` the place. untimed: the platform doesn't
    tell when a product, a variant or an order went; `version` is early enough for sure, and whatever was told before
    goes, however new it is.
    """

    kind: RecordKind
    external_id: str
    version: datetime
    location: str = ""
    untimed: bool = False


@dataclass(frozen=True, slots=True)
class EraseCustomer:
    """A customer to forget, with everything that was learnt of them.

    external_id: "" where only orders are named. orders: those that are theirs, whoever they were placed as.
    """

    external_id: str
    version: datetime
    orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SoldOut:
    """A variant that had nothing left anywhere at `version`, whatever levels are told of before.

    product: the one that it belongs to, where that is told; it may not be known yet.
    even_untracked: it also can't be bought where nobody counts its pieces.
    """

    variant: str
    version: datetime
    product: str = ""
    even_untracked: bool = False


@dataclass(frozen=True, slots=True)
class Refetch:
    """Something that the platform spoke of but did not tell whole: it has to be asked."""

    kind: RecordKind
    external_id: str


@dataclass(frozen=True, slots=True)
class CustomerDataRequest:
    """A customer who wants to know what is kept of them. request: the platform's number of it.

    external_id: "" where only orders are named. orders: those that are theirs, whoever they were placed as.
    """

    external_id: str
    request: str
    version: datetime
    orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScopesChanged:
    """What the merchant allows the app to do, since `version`."""

    scopes: tuple[str, ...]
    version: datetime


@dataclass(frozen=True, slots=True)
class ShopTold:
    """What the shop is called and counts its money in, as of `version`; "" for what is not told."""

    name: str
    currency: str
    version: datetime


@dataclass(frozen=True, slots=True)
class ReadingReady:
    """The platform has ready what a reading waits for."""

    version: datetime


@dataclass(frozen=True, slots=True)
class ShopLeft:
    """The merchant took the app out of the shop at `version`: no call to it will be answered."""

    version: datetime


@dataclass(frozen=True, slots=True)
class EraseShop:
    """A shop to forget, with everything that was kept for it."""

    version: datetime


@dataclass(frozen=True, slots=True)
class PagesChanged:
    """The shop's pages look otherwise since `version`: what the app has on them may be gone."""

    version: datetime


Change = (
    Current
    | Removed
    | SoldOut
    | Refetch
    | EraseCustomer
    | CustomerDataRequest
    | ScopesChanged
    | ShopTold
    | ReadingReady
    | PagesChanged
    | ShopLeft
    | EraseShop
)
