"""Orders and refunds as the REST API writes them, in its answers and in the bodies of webhooks alike.

Of the buyer there is a number and a country, of what plugins wrote on an order only our own marks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from connectors.records import (
    Change,
    Current,
    Money,
    Order,
    OrderLine,
    RecordKind,
    Refetch,
    Refund,
    RefundLine,
    Removed,
)
from connectors.woocommerce.body import (
    MOST_PLACES,
    Body,
    Listed,
    Scalar,
    country,
    currency_code,
    decimal,
    is_yes,
    items,
    moment,
    number,
    number_or_none,
    plain,
    read_version,
    text,
    version_of,
)

SLATE_META = "_shelfwise"
VISITOR_META = "_shelfwise_visitor"
# What we write there ourselves, and nothing that a buyer could have typed.
OURS: Mapping[str, re.Pattern[str]] = {
    SLATE_META: re.compile(r"[0-9a-f]{32}:[0-9]{1,3}", re.ASCII),
    VISITOR_META: re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII),
}
# Nobody has bought yet (WooCommerce makes these while a checkout is open), or the order lies in the trash.
NO_ORDER = frozenset({"checkout-draft", "auto-draft", "draft", "trash"})
# Not paid, or paid back in full: it counts for nothing, as long as it is so.
UNDONE = frozenset({"pending", "failed", "cancelled", "refunded"})
ONLINE = frozenset({"checkout", "store-api", "rest-api", ""})
MOST_PIECES = 1_000_000


class Meta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a plugin wrote on an order or on a line of it."""

    key: Scalar = None
    value: object = None

    @property
    def is_ours(self) -> bool:
        """Whether we wrote it."""
        pattern = OURS.get(self.key) if isinstance(self.key, str) else None
        return pattern is not None and isinstance(self.value, str) and pattern.fullmatch(self.value) is not None


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An address, of which only the country is read."""

    country: Scalar = None


class LineBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an order, or of a refund, where quantity and total are negative."""

    id: Scalar
    name: Scalar = None
    product_id: Scalar = None
    variation_id: Scalar = None
    quantity: Scalar = None
    total: Scalar = None
    total_tax: Scalar = None
    meta_data: Listed[Meta] = None

    def kept(self) -> LineBody:
        """Without what others wrote on it."""
        return msgspec.structs.replace(self, meta_data=_ours(self.meta_data))

    @property
    def variant(self) -> str:
        """What was bought: a variation, or a product that has none."""
        return number_or_none(self.variation_id) or number_or_none(self.product_id)

    @property
    def whole_pieces(self) -> int:
        """Pieces as a whole number: of what is sold by weight or length at least one. Negative in a refund."""
        given = decimal(self.quantity) or Decimal(0)
        whole = min(max(round(abs(given)), 1), MOST_PIECES)
        return 0 if not given else whole if given > 0 else -whole

    def record(self, currency: str, *, with_tax: bool) -> OrderLine:
        """As a record."""
        bought = max(self.whole_pieces, 0)
        paid = max(self.paid(with_tax=with_tax), Decimal(0)) / max(bought, 1)
        return OrderLine(
            external_id=number(self.id),
            product=number_or_none(self.product_id),
            variant=self.variant,
            quantity=bought,
            unit_price=Money(paid.quantize(MOST_PLACES).normalize() + 0, currency),
            title=plain(self.name, 1000),
            properties=dict(_marks(self.meta_data, SLATE_META)[:1]),
        )

    def paid(self, *, with_tax: bool) -> Decimal:
        """What was paid for all of it, after discounts; with tax where the shop's prices are told with it."""
        tax = decimal(self.total_tax) if with_tax else None
        return (decimal(self.total) or Decimal(0)) + (tax or Decimal(0))


class RefundBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refund. An order's own body has no more of it than its number; see `order_refunds`."""

    id: Scalar
    date_created_gmt: Scalar = None
    line_items: Listed[LineBody] = None


class OrderBody(Body, frozen=True, kw_only=True):
    """An order as it is now, with all its lines."""

    id: Scalar
    status: Scalar = None
    currency: Scalar = None
    prices_include_tax: Scalar = None
    customer_id: Scalar = None
    created_via: Scalar = None
    date_created_gmt: Scalar = None
    date_modified_gmt: Scalar = None
    billing: Place | list[Scalar] | None = None
    shipping: Place | list[Scalar] | None = None
    meta_data: Listed[Meta] = None
    line_items: Listed[LineBody] = None
    refunds: Listed[RefundBody] = None

    @property
    def aggregate(self) -> str:
        """The order."""
        return f"order/{number(self.id)}"

    def kept(self) -> OrderBody:
        """Without what others wrote on it."""
        lines = None if self.line_items is None else [each.kept() for each in items(self.line_items)]
        return msgspec.structs.replace(self, meta_data=_ours(self.meta_data), line_items=lines)

    def changes(self, at: datetime) -> Sequence[Change]:
        """What a webhook of it says."""
        return self.told(self.version(at))

    def version(self, at: datetime) -> datetime:
        """The version of what a webhook says."""
        return version_of(moment(self.date_modified_gmt), at)

    def told(self, version: datetime) -> list[Change]:
        """The order as of `version`. What was given back, and whatever else is missing, has to be asked for."""
        external_id = number(self.id)
        if text(self.status) in NO_ORDER:
            return [Removed(RecordKind.ORDER, external_id, version)]
        asked = [Refetch(RecordKind.ORDER, external_id)]
        if self.line_items is None:
            return [*asked]
        return [Current(self._record(version), version), *(asked if items(self.refunds) else ())]

    def _record(self, version: datetime) -> Order:
        currency, with_tax = currency_code(self.currency), is_yes(self.prices_include_tax)
        via = text(self.created_via, 32).lower()
        return Order(
            external_id=number(self.id),
            ordered_at=moment(self.date_created_gmt) or version,
            lines=tuple(each.record(currency, with_tax=with_tax) for each in items(self.line_items)),
            currency=currency,
            customer=number_or_none(self.customer_id),
            visitor=dict(_marks(self.meta_data, VISITOR_META)[:1]).get(VISITOR_META, ""),
            country=_country(self.billing) or _country(self.shipping),
            channel="online" if via in ONLINE else via,
            cancelled_at=version if text(self.status) in UNDONE else None,
        )


def read(body: OrderBody, refunds: Sequence[RefundBody] | None, asked: datetime) -> list[Change]:
    """An order that was read when the shop's clock said `asked`: Removed where it lies in the trash.

    refunds: all that it has, with their lines; None where they were not asked for, and have to be if there are any.
    """
    version = read_version(moment(body.date_modified_gmt), asked)
    told = body.told(version)
    if refunds is None:
        return told
    return [*(each for each in told if not isinstance(each, Refetch)), *order_refunds(body, refunds, version)]


def order_refunds(body: OrderBody, refunds: Sequence[RefundBody], version: datetime) -> list[Change]:
    """The refunds of an order. One that gave only money back has no lines."""
    with_tax, currency = is_yes(body.prices_include_tax), currency_code(body.currency)
    return [
        Current(
            Refund(
                external_id=number(each.id),
                refunded_at=moment(each.date_created_gmt) or version,
                lines=tuple(_given_back(line, currency, with_tax=with_tax) for line in items(each.line_items)),
                order=number(body.id),
                customer=number_or_none(body.customer_id),
            ),
            version,
        )
        for each in refunds
    ]


def _given_back(line: LineBody, currency: str, *, with_tax: bool) -> RefundLine:
    paid = abs(line.paid(with_tax=with_tax))
    return RefundLine(
        product=number_or_none(line.product_id),
        variant=line.variant,
        quantity=abs(line.whole_pieces),
        amount=Money(paid, currency) if currency else None,
    )


def _country(place: Place | list[Scalar] | None) -> str:
    return country(place.country) if isinstance(place, Place) else ""


def _ours(meta: Listed[Meta]) -> list[Meta]:
    return [each for each in items(meta) if each.is_ours]


def _marks(meta: Listed[Meta], key: str) -> list[tuple[str, str]]:
    return [(key, str(each.value)) for each in _ours(meta) if each.key == key]
