"""The JSON bodies of our own format, checked as they are read, and the records they become."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from connectors.records import (
    Change,
    Current,
    EraseCustomer,
    InventoryLevel,
    InventoryPolicy,
    Money,
    Order,
    OrderLine,
    Product,
    ProductStatus,
    RecordKind,
    Refund,
    RefundLine,
    Removed,
    Variant,
)

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
LongText = Annotated[str, msgspec.Meta(max_length=100_000)]
Address = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^(https?://|/[^/]|$)")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
Market = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")]
Price = Annotated[Decimal, msgspec.Meta(description="a decimal, as text")]
Pieces = Annotated[int, msgspec.Meta(ge=-1_000_000_000, le=1_000_000_000)]
Sold = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
# Years outside of this range are a mistake of the sender, and would overflow when shifted to UTC.
FIRST_YEAR, LAST_YEAR = 1970, 2200
MAX_AMOUNT = Decimal(10) ** 12
MOST_PLACES = 6


def in_utc(moment: datetime) -> datetime:
    """The same time in UTC. Raises ValueError on a naive one, or one outside of 1970 to 2200."""
    if moment.tzinfo is None or not FIRST_YEAR < moment.year < LAST_YEAR:
        raise ValueError("a time needs its offset, and a year between 1970 and 2200")
    return moment.astimezone(UTC)


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """A body that can say what changed."""

    @property
    def aggregate(self) -> str:
        """What must be applied in order."""
        raise TypeError(f"{type(self).__name__} names no aggregate")

    def changes(self) -> tuple[Change, ...]:
        """The changes that it tells of."""
        raise TypeError(f"{type(self).__name__} tells of no change")


class MarketPrice(msgspec.Struct, frozen=True):
    """What a variant costs in one market."""

    amount: Price
    currency: Currency


class VariantPayload(msgspec.Struct, frozen=True, kw_only=True):
    """One buyable form of a product. `price` is in the payload's currency."""

    id: Key
    title: Text = ""
    sku: Annotated[str, msgspec.Meta(max_length=255)] = ""
    price: Price | None = None
    compare_at_price: Price | None = None
    prices: dict[Market, MarketPrice] = {}
    options: dict[Text, Text] = {}
    inventory_item: Annotated[str, msgspec.Meta(max_length=255)] = ""
    tracked: bool = False
    continue_selling: bool = False
    unit_cost: Price | None = None

    def record(self, currency: str, position: int) -> Variant:
        """As a record."""
        return Variant(
            external_id=self.id,
            title=self.title,
            sku=self.sku,
            price=_money(self.price, currency),
            compare_at_price=_money(self.compare_at_price, currency),
            prices={market: _checked(price.amount, price.currency) for market, price in self.prices.items()},
            options=self.options,
            inventory_item=self.inventory_item or self.id,
            tracked=self.tracked,
            policy=InventoryPolicy.CONTINUE if self.continue_selling else InventoryPolicy.DENY,
            unit_cost=_money(self.unit_cost, currency),
            position=position,
        )


class ProductPayload(Payload, frozen=True, kw_only=True):
    """`product.updated`: a product as it now is, with all its variants."""

    id: Key
    updated_at: Moment
    title: Text
    currency: Currency
    handle: Annotated[str, msgspec.Meta(max_length=255)] = ""
    description: LongText = ""
    vendor: Annotated[str, msgspec.Meta(max_length=255)] = ""
    product_type: Annotated[str, msgspec.Meta(max_length=255)] = ""
    tags: tuple[Text, ...] = ()
    url: Address = ""
    image_url: Address = ""
    status: ProductStatus = ProductStatus.ACTIVE
    published: bool = True
    published_at: Moment | None = None
    markets: tuple[Market, ...] | None = None
    variants: tuple[VariantPayload, ...] = ()

    @property
    def aggregate(self) -> str:
        """The product."""
        return f"product/{self.id}"

    def changes(self) -> tuple[Change, ...]:
        """The product as it now is."""
        record = Product(
            external_id=self.id,
            title=self.title,
            handle=self.handle,
            description=self.description,
            vendor=self.vendor,
            product_type=self.product_type,
            tags=self.tags,
            url=self.url,
            image_url=self.image_url,
            status=self.status,
            published=self.published,
            published_at=None if self.published_at is None else in_utc(self.published_at),
            markets=self.markets,
            variants=tuple(each.record(self.currency, place) for place, each in enumerate(self.variants)),
        )
        return (Current(record, in_utc(self.updated_at)),)


class ProductRemoved(Payload, frozen=True, kw_only=True):
    """`product.removed`."""

    id: Key
    updated_at: Moment

    @property
    def aggregate(self) -> str:
        """The product."""
        return f"product/{self.id}"

    def changes(self) -> tuple[Change, ...]:
        """The product is gone."""
        return (Removed(RecordKind.PRODUCT, self.id, in_utc(self.updated_at)),)


class InventoryPayload(Payload, frozen=True, kw_only=True):
    """`inventory.updated`: pieces of an inventory item at one location, as counted at `updated_at`."""

    inventory_item: Key
    location: Key
    available: Pieces
    updated_at: Moment
    sells_online: bool = True

    @property
    def aggregate(self) -> str:
        """The inventory item."""
        return f"inventory/{self.inventory_item}"

    def changes(self) -> tuple[Change, ...]:
        """The level as it now is."""
        level = InventoryLevel(self.inventory_item, self.location, self.available, self.sells_online)
        return (Current(level, in_utc(self.updated_at)),)


class LinePayload(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order. `unit_price`: paid for one piece, after discounts."""

    id: Key
    quantity: Sold
    unit_price: Price
    product: Annotated[str, msgspec.Meta(max_length=255)] = ""
    variant: Annotated[str, msgspec.Meta(max_length=255)] = ""
    title: Text = ""
    properties: dict[Text, Text] = {}


class OrderPayload(Payload, frozen=True, kw_only=True):
    """`order.created`, `order.updated`: an order as it now is, with all its lines."""

    id: Key
    ordered_at: Moment
    updated_at: Moment
    currency: Currency
    lines: tuple[LinePayload, ...]
    customer: Annotated[str, msgspec.Meta(max_length=255)] = ""
    visitor: Annotated[str, msgspec.Meta(max_length=64)] = ""
    country: Annotated[str, msgspec.Meta(max_length=64)] = ""
    channel: Annotated[str, msgspec.Meta(max_length=32)] = "online"
    cancelled_at: Moment | None = None
    is_test: bool = False

    @property
    def aggregate(self) -> str:
        """The order."""
        return f"order/{self.id}"

    def changes(self) -> tuple[Change, ...]:
        """The order as it now is."""
        lines = tuple(
            OrderLine(
                line.id,
                line.product,
                line.variant,
                line.quantity,
                _checked(line.unit_price, self.currency),
                line.title,
                line.properties,
            )
            for line in self.lines
        )
        record = Order(
            external_id=self.id,
            ordered_at=in_utc(self.ordered_at),
            lines=lines,
            currency=self.currency,
            customer=self.customer,
            visitor=self.visitor,
            country=self.country,
            channel=self.channel,
            cancelled_at=None if self.cancelled_at is None else in_utc(self.cancelled_at),
            is_test=self.is_test,
        )
        return (Current(record, in_utc(self.updated_at)),)


class OrderRemoved(Payload, frozen=True, kw_only=True):
    """`order.removed`."""

    id: Key
    updated_at: Moment

    @property
    def aggregate(self) -> str:
        """The order."""
        return f"order/{self.id}"

    def changes(self) -> tuple[Change, ...]:
        """The order is gone."""
        return (Removed(RecordKind.ORDER, self.id, in_utc(self.updated_at)),)


class RefundLinePayload(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of a product given back."""

    product: Key
    quantity: Sold
    variant: Annotated[str, msgspec.Meta(max_length=255)] = ""
    amount: Price | None = None


class RefundPayload(Payload, frozen=True, kw_only=True):
    """`refund.created`."""

    id: Key
    refunded_at: Moment
    currency: Currency
    lines: tuple[RefundLinePayload, ...]
    order: Annotated[str, msgspec.Meta(max_length=255)] = ""
    customer: Annotated[str, msgspec.Meta(max_length=255)] = ""

    @property
    def aggregate(self) -> str:
        """The order that it belongs to, or the refund itself."""
        return f"order/{self.order}" if self.order else f"refund/{self.id}"

    def changes(self) -> tuple[Change, ...]:
        """The refund."""
        lines = tuple(
            RefundLine(line.product, line.variant, line.quantity, _money(line.amount, self.currency))
            for line in self.lines
        )
        refunded_at = in_utc(self.refunded_at)
        return (Current(Refund(self.id, refunded_at, lines, self.order, self.customer), refunded_at),)


class CustomerErased(Payload, frozen=True, kw_only=True):
    """`customer.erased`: forget this customer."""

    id: Key
    erased_at: Moment

    @property
    def aggregate(self) -> str:
        """The customer."""
        return f"customer/{self.id}"

    def changes(self) -> tuple[Change, ...]:
        """The customer to erase."""
        return (EraseCustomer(self.id, in_utc(self.erased_at)),)


def _checked(amount: Decimal, currency: str) -> Money:
    if not amount.is_finite() or abs(amount) >= MAX_AMOUNT or amount.as_tuple().exponent < -MOST_PLACES:  # type: ignore[operator]
        raise ValueError(f"an amount of money must be under {MAX_AMOUNT:,} and have {MOST_PLACES} places at most")
    return Money(amount, currency)


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else _checked(amount, currency)
