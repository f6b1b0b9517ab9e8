"""Bodies of `orders/*` and `refunds/create`. Of the buyer there is a number, of what a line carries only our marks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

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
from connectors.shopify.deliveries.body import (
    Amount,
    Body,
    Id,
    Moment,
    Quantity,
    amount,
    currency_code,
    in_utc,
    number,
    number_or_none,
    version_of,
)
from connectors.shopify.orders import SLATE_PROPERTY, VISITOR_ATTRIBUTE, channel_of

# What we write there ourselves, and nothing that a buyer could have typed.
OURS: Mapping[str, re.Pattern[str]] = {
    SLATE_PROPERTY: re.compile(r"[0-9a-f]{32}:[0-9]{1,3}", re.ASCII),
    VISITOR_ATTRIBUTE: re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII),
}
_A_LITTLE = timedelta(microseconds=1)
_PLACES = Decimal("0.000001")


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a cart or a line carries."""

    name: str | None = None
    value: object = None

    @property
    def is_ours(self) -> bool:
        """Whether we wrote it."""
        pattern = OURS.get(self.name or "")
        return pattern is not None and isinstance(self.value, str) and pattern.fullmatch(self.value) is not None


Marks = list[Mark] | None


class Allocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A discount's part in a line."""

    amount: Amount


class LineBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an order. product_id, variant_id: none of a custom item, a tip, and what was deleted since."""

    id: Id
    quantity: Quantity
    product_id: Id | None = None
    variant_id: Id | None = None
    current_quantity: Quantity | None = None
    price: Amount | None = None
    total_discount: Amount | None = None
    discount_allocations: list[Allocation] | None = None
    properties: Marks = None

    def kept(self) -> Self:
        """Without what others wrote on it."""
        return msgspec.structs.replace(self, properties=_ours(self.properties))

    def record(self, currency: str, returned: int) -> OrderLine:
        """As a record: the pieces that were bought, without those that an edit took off, with those given back."""
        current = self.quantity if self.current_quantity is None else self.current_quantity
        return OrderLine(
            external_id=number(self.id),
            product=number_or_none(self.product_id),
            variant=number_or_none(self.variant_id),
            quantity=min(self.quantity, current + returned),
            unit_price=Money(self._unit_price(), currency),
            properties={mark.name: str(mark.value) for mark in _ours(self.properties) if mark.name == SLATE_PROPERTY},
        )

    def _unit_price(self) -> Decimal:
        price = amount(self.price or Decimal(0))
        parts = [amount(each.amount) for each in self.discount_allocations or ()] or [
            amount(self.total_discount or Decimal(0))
        ]
        off = sum(parts, Decimal(0)) / max(self.quantity, 1)
        return max(price - off, Decimal(0)).quantize(_PLACES).normalize() + Decimal(0)


class RefundedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The order line that pieces were given back of, as the refund tells it."""

    product_id: Id | None = None
    variant_id: Id | None = None


class RefundLineBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Pieces that were given back. subtotal: a number, where all other money is text."""

    quantity: Quantity
    line_item_id: Id | None = None
    subtotal: Amount | None = None
    line_item: RefundedLine | None = None

    def record(self, currency: str) -> RefundLine:
        """As a record."""
        line = self.line_item or RefundedLine()
        paid = None if self.subtotal is None or not currency else Money(amount(self.subtotal), currency)
        return RefundLine(number_or_none(line.product_id), number_or_none(line.variant_id), self.quantity, paid)


class RefundBody(Body, frozen=True, kw_only=True):
    """`refunds/create`; also a part of an order's body."""

    id: Id
    order_id: Id | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    refund_line_items: list[RefundLineBody] | None = None

    @property
    def aggregate(self) -> str:
        """The order that it belongs to."""
        return f"order/{number(self.order_id)}" if self.order_id else f"refund/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The order has to be asked for: its amounts come without their currency, its buyer not at all.

        What was given back is noted at once where the order's products are told.
        """
        order = number_or_none(self.order_id)
        asked = (Refetch(RecordKind.ORDER, order),) if order else ()
        # An order's own body tells more of the same refund, so that one wins.
        return (*(replace(each, version=each.version - _A_LITTLE) for each in self.told(at, order, "", "")), *asked)

    def told(self, at: datetime, order: str, customer: str, currency: str) -> tuple[Current, ...]:
        """The refund; nothing where it doesn't say of what."""
        lines = self.refund_line_items or []
        if any(each.line_item is None for each in lines):
            return ()
        moment = self.created_at or self.processed_at
        refunded_at = at if moment is None else in_utc(moment)
        told = tuple(each.record(currency) for each in lines if each.quantity)
        return (Current(Refund(number(self.id), refunded_at, told, order, customer), refunded_at),)


class Buyer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who bought: a number."""

    id: Id | None = None


class OrderBody(Body, frozen=True, kw_only=True):
    """`orders/create`, `orders/updated`, `orders/cancelled`: an order as it now is, with all its lines."""

    id: Id
    created_at: Moment | None = None
    processed_at: Moment | None = None
    updated_at: Moment | None = None
    cancelled_at: Moment | None = None
    currency: str | None = None
    test: bool | None = None
    source_name: str | None = None
    customer: Buyer | None = None
    note_attributes: Marks = None
    line_items: list[LineBody] | None = None
    refunds: list[RefundBody] | None = None

    @property
    def aggregate(self) -> str:
        """The order."""
        return f"order/{number(self.id)}"

    def kept(self) -> Self:
        """Without what others wrote on it, and without lines of no product."""
        lines = None if self.line_items is None else [each.kept() for each in self.line_items if each.product_id]
        return msgspec.structs.replace(self, note_attributes=_ours(self.note_attributes), line_items=lines)

    def changes(self, at: datetime) -> Sequence[Change]:
        """The order with its refunds; one without its lines has to be asked for."""
        external_id, currency = number(self.id), currency_code(self.currency)
        if self.line_items is None:
            return (Refetch(RecordKind.ORDER, external_id),)
        customer = number_or_none(self.customer.id if self.customer else None)
        ordered = self.processed_at or self.created_at
        returned = self._returned()
        visitor = next((mark.value for mark in _ours(self.note_attributes) if mark.name == VISITOR_ATTRIBUTE), "")
        record = Order(
            external_id=external_id,
            ordered_at=at if ordered is None else in_utc(ordered),
            lines=tuple(each.record(currency, returned.get(number(each.id), 0)) for each in self.line_items),
            currency=currency,
            customer=customer,
            visitor=str(visitor),
            channel=channel_of(self.source_name),
            cancelled_at=None if self.cancelled_at is None else in_utc(self.cancelled_at),
            is_test=bool(self.test),
        )
        refunds = [change for each in self.refunds or () for change in each.told(at, external_id, customer, currency)]
        return (Current(record, version_of(self.updated_at, at)), *refunds)

    def _returned(self) -> dict[str, int]:
        pieces: dict[str, int] = {}
        for refund in self.refunds or ():
            for line in refund.refund_line_items or ():
                name = number_or_none(line.line_item_id)
                pieces[name] = pieces.get(name, 0) + line.quantity
        return pieces


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """An edit of an order."""

    order_id: Id


class OrderEdited(Body, frozen=True, kw_only=True):
    """`orders/edited`: it tells of lines by number only, so the order is asked for."""

    order_edit: Edit

    @property
    def aggregate(self) -> str:
        """The order."""
        return f"order/{number(self.order_edit.order_id)}"

    def changes(self, _at: datetime) -> Sequence[Change]:
        """To be asked again."""
        return (Refetch(RecordKind.ORDER, number(self.order_edit.order_id)),)


class OrderGone(Body, frozen=True, kw_only=True):
    """`orders/delete`."""

    id: Id

    @property
    def aggregate(self) -> str:
        """The order."""
        return f"order/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The order is gone."""
        return (Removed(RecordKind.ORDER, number(self.id), at),)


def _ours(marks: Marks) -> list[Mark]:
    return [mark for mark in marks or () if mark.is_ours]
