"""Selling in a played shop, and what becomes of orders: each deed takes the stock that it should and is told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from demo.shopify.state import PlayedShop
from demo.shopify.things import Customer, Line, Order, Refund, RefundLine, Variant


class NotEnough(Exception):
    """The online shop cannot sell so many pieces of a variant. left: how many it can."""

    def __init__(self, variant: Variant, left: int) -> None:
        super().__init__(f"there are {left} left of {variant.sku or variant.id}")
        self.variant, self.left = variant, left


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a shopper wants of a variant. properties: of the cart's line."""

    variant_id: int
    quantity: int = 1
    properties: Mapping[str, str] = field(default_factory=dict)


def place_order(
    shop: PlayedShop,
    wanted: Sequence[Wanted],
    *,
    customer_id: int | None = None,
    country: str = "",
    attributes: Mapping[str, str] | None = None,
    source: str = "web",
    test: bool = False,
) -> Order:
    """Sell, and take the pieces from the locations that sell online. Raises NotEnough, and then sells nothing."""
    with shop.deed():
        for each in wanted:
            _need(shop, each)
        at = shop.clock()
        order = Order(
            id=shop.new_id(),
            number=1001 + len(shop.orders),
            created_at=at,
            updated_at=at,
            lines=[_line(shop, each) for each in wanted],
            customer_id=customer_id,
            country=country or shop.country,
            source=source,
            test=test,
            attributes=dict(attributes or {}),
        )
        shop.orders[order.id] = order
        _count(shop, customer_id, order)
        shop.tell("orders/create", order)
        for each in wanted:
            take(shop, shop.variants[each.variant_id], each.quantity)
    return order


def take(shop: PlayedShop, variant: Variant, pieces: int) -> None:
    """Take pieces from the locations that sell online, the fullest first; what is missing is owed by the first."""
    places = [place for place in variant.levels if shop.locations[place].fulfills_online]
    for place in sorted(places, key=lambda each: -variant.levels[each].available):
        had = variant.levels[place].available
        taken = min(had, pieces) if place != places[-1] else pieces
        if taken > 0:
            shop.move_stock(variant.item_id, place, -taken)
            pieces -= taken


def cancel_order(shop: PlayedShop, order_id: int, *, restock: bool = True) -> Order:
    """Cancel an order; its pieces go back to the shelf."""
    with shop.deed():
        order = shop.orders[order_id]
        order.cancelled_at = order.updated_at = shop.clock()
        for line in order.lines:
            if restock and line.current:
                _put_back(shop, line, line.current)
            line.current = 0
        shop.tell("orders/cancelled", order)
        shop.tell("orders/updated", order)
    return order


def edit_order(shop: PlayedShop, order_id: int, line_id: int, quantity: int) -> Order:
    """Change how many pieces of a line the buyer gets."""
    with shop.deed():
        order = shop.orders[order_id]
        line = next(each for each in order.lines if each.id == line_id)
        delta, line.current, order.updated_at = quantity - line.current, quantity, shop.clock()
        shop.tell("orders/edited", order, line=line_id, delta=delta)
        shop.tell("orders/updated", order)
    return order


def refund_order(shop: PlayedShop, order_id: int, pieces: Mapping[int, int], *, restock: bool = True) -> Refund:
    """Give money back for pieces of lines (by line id)."""
    with shop.deed():
        order, at = shop.orders[order_id], shop.clock()
        lines = [_refunded(shop, order, line_id, quantity, restock) for line_id, quantity in pieces.items()]
        refund = Refund(shop.new_id(), order_id, at, lines)
        order.refunds.append(refund)
        order.updated_at = at
        shop.tell("refunds/create", order, refund=refund)
        shop.tell("orders/updated", order)
    return refund


def delete_order(shop: PlayedShop, order_id: int) -> None:
    """Delete an order for good."""
    with shop.deed():
        shop.tell("orders/delete", shop.orders.pop(order_id))


def add_customer(shop: PlayedShop, *, country: str = "GB") -> Customer:
    """Somebody makes an account."""
    with shop.deed():
        at = shop.clock()
        customer = Customer(shop.new_id(), at, at, country=country)
        shop.customers[customer.id] = customer
        shop.tell("customers/create", customer)
    return customer


def _need(shop: PlayedShop, wanted: Wanted) -> None:
    variant = shop.variants[wanted.variant_id]
    left = shop.sellable(variant)
    if variant.tracked and variant.policy == "DENY" and left < wanted.quantity:
        raise NotEnough(variant, left)


def _line(shop: PlayedShop, wanted: Wanted) -> Line:
    variant = shop.variants[wanted.variant_id]
    return Line(
        id=shop.new_id(),
        product_id=variant.product_id,
        variant_id=variant.id,
        title=shop.products[variant.product_id].title,
        quantity=wanted.quantity,
        current=wanted.quantity,
        price=variant.price,
        variant_title=variant.title,
        sku=variant.sku,
        properties=dict(wanted.properties),
    )


def _count(shop: PlayedShop, customer_id: int | None, order: Order) -> None:
    customer = shop.customers.get(customer_id or 0)
    if customer is not None:
        customer.orders += 1
        customer.spent += order.subtotal
        customer.updated_at = order.created_at
        shop.tell("customers/update", customer)


def _refunded(shop: PlayedShop, order: Order, line_id: int, quantity: int, restock: bool) -> RefundLine:
    line = next(each for each in order.lines if each.id == line_id)
    line.current -= quantity
    place = _put_back(shop, line, quantity) if restock else None
    each = line.price - line.discount / line.quantity
    paid = (each * quantity).quantize(Decimal("0.01"))
    return RefundLine(shop.new_id(), line_id, quantity, paid, "RETURN" if place else "NO_RESTOCK", place)


def _put_back(shop: PlayedShop, line: Line, quantity: int) -> int | None:
    variant = shop.variants.get(line.variant_id or 0)
    place = next(iter(variant.levels), None) if variant else None
    if variant is not None and place is not None:
        shop.move_stock(variant.item_id, place, quantity)
    return place
