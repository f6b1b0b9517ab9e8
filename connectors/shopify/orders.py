"""Orders and refunds as the Admin API tells them. Of the buyer there is the customer's number, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from connectors.records import Current, Order, OrderLine, Refund, RefundLine
from connectors.shopify.deliveries.body import text
from connectors.shopify.gids import bare
from connectors.shopify.paging import PageInfo
from connectors.shopify.products import MoneyNode
from connectors.shopify.stock import Thing
from connectors.shopify.versions import settled

# A hidden line property says which slate a line came from; a cart attribute says whose browser, with consent.
SLATE_PROPERTY = "_shelfwise"
VISITOR_ATTRIBUTE = "_shelfwise_visitor"
LONGEST_VALUE = 64

# Whose words for a channel differ from ours; https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
CHANNELS: Mapping[str, str] = {"web": "online", "": "online"}


class AttributeNode(msgspec.Struct, frozen=True):
    """Something that a cart or a line carries."""

    key: str
    value: str | None = None


class MoneyBagNode(msgspec.Struct, frozen=True, rename="camel"):
    """An amount in the shop's currency."""

    shop_money: MoneyNode


class LineNode(msgspec.Struct, frozen=True, rename="camel", tag_field="__typename", tag="LineItem"):
    """One line of an order. product, variant: None for a custom item, a tip, and what was deleted since."""

    id: str
    title: str
    quantity: int
    current_quantity: int
    unit_price: MoneyBagNode = msgspec.field(name="discountedUnitPriceAfterAllDiscountsSet")
    product: Thing | None = None
    variant: Thing | None = None
    custom_attributes: tuple[AttributeNode, ...] = ()
    parent: str = msgspec.field(default="", name="__parentId")


class Lines(msgspec.Struct, frozen=True, rename="camel"):
    """A page of lines."""

    page_info: PageInfo
    nodes: tuple[LineNode, ...]


class OrderNode(msgspec.Struct, frozen=True, rename="camel", tag_field="__typename", tag="Order"):
    """An order. line_items: None in bulk."""

    id: str
    processed_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    test: bool = False
    source_name: str | None = None
    subtotal_line_items_quantity: int = 0
    customer: Thing | None = None
    custom_attributes: tuple[AttributeNode, ...] = ()
    refunds: tuple[Thing, ...] = ()
    line_items: Lines | None = None


class RefundLineNode(msgspec.Struct, frozen=True, rename="camel"):
    """Pieces of an order line that were given back."""

    class Line(msgspec.Struct, frozen=True):
        """The order line."""

        id: str
        product: Thing | None = None
        variant: Thing | None = None

    quantity: int
    line_item: Line
    subtotal_set: MoneyBagNode


class RefundLines(msgspec.Struct, frozen=True, rename="camel"):
    """A page of a refund's lines."""

    page_info: PageInfo
    nodes: tuple[RefundLineNode, ...]


class RefundNode(msgspec.Struct, frozen=True, rename="camel"):
    """A refund."""

    id: str
    processed_at: datetime
    updated_at: datetime
    order: Thing
    refund_line_items: RefundLines
    created_at: datetime | None = None


def is_whole(node: OrderNode, lines: Sequence[LineNode]) -> bool:
    """Whether lines were told as far as the order says that there are some."""
    return bool(lines) or node.subtotal_line_items_quantity == 0


def order_change(
    node: OrderNode, lines: Sequence[LineNode], refunds: Sequence[RefundNode], asked_at: datetime
) -> Current:
    """An order with all its lines. refunds: all that were made of it, each with all of its lines.

    A line's pieces are those that were bought: what an edit of the order took off is not among them, and what was
    given back is, since the refund says so itself.
    """
    returned: dict[str, int] = {}
    for refund in refunds:
        for given_back in refund.refund_line_items.nodes:
            name = given_back.line_item.id
            returned[name] = returned.get(name, 0) + given_back.quantity
    record = Order(
        external_id=bare(node.id),
        ordered_at=node.processed_at,
        lines=tuple(_line(each, returned.get(each.id, 0)) for each in lines),
        currency=lines[0].unit_price.shop_money.currency_code if lines else "",
        customer=bare(node.customer.id) if node.customer else "",
        visitor=_value(node.custom_attributes, VISITOR_ATTRIBUTE),
        channel=channel_of(node.source_name),
        cancelled_at=node.cancelled_at,
        is_test=node.test,
    )
    return Current(record, settled(node.updated_at, asked_at))


def refund_change(node: RefundNode, customer: str, asked_at: datetime) -> Current:
    """A refund. customer: the number of its order's customer, "" for a guest."""
    lines = tuple(
        RefundLine(
            product=bare(each.line_item.product.id) if each.line_item.product else "",
            variant=bare(each.line_item.variant.id) if each.line_item.variant else "",
            quantity=each.quantity,
            amount=each.subtotal_set.shop_money.money,
        )
        for each in node.refund_line_items.nodes
    )
    at = node.created_at or node.processed_at
    return Current(
        Refund(bare(node.id), at, lines, order=bare(node.order.id), customer=customer),
        settled(node.updated_at, asked_at),
    )


def channel_of(source_name: str | None) -> str:
    """Where an order was made: "online", "pos", or what else Shopify calls it."""
    name = text(source_name, 32).lower()
    return CHANNELS.get(name, name)


def _line(node: LineNode, returned: int) -> OrderLine:
    said = _value(node.custom_attributes, SLATE_PROPERTY)
    return OrderLine(
        external_id=bare(node.id),
        product=bare(node.product.id) if node.product else "",
        variant=bare(node.variant.id) if node.variant else "",
        quantity=max(0, min(node.quantity, node.current_quantity + returned)),
        unit_price=node.unit_price.shop_money.money,
        title=text(node.title, 1000),
        properties={SLATE_PROPERTY: said} if said else {},
    )


def _value(attributes: Sequence[AttributeNode], key: str) -> str:
    """The value under a key; "" where there is none, or one that can't be ours."""
    found = next((each.value for each in attributes if each.key == key), None) or ""
    return text(found) if len(found) <= LONGEST_VALUE else ""
