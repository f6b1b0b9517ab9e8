"""Selling in a played shop, and what becomes of orders: each deed takes the stock that it should and is told of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Line, Order, Product, Refund, RefundLine

# Statuses in which the pieces are the buyer's.
HELD = frozenset({"processing", "completed", "on-hold"})


class NotEnough(Exception):
    """The shop cannot sell so many pieces. left: how many it has."""

    def __init__(self, product: Product, left: int) -> None:
        super().__init__(f"there are {left} left of {product.name}")
        self.product, self.left = product, left


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a shopper wants. id: of the simple product or of the variation. meta: of the order's line."""

    id: int
    quantity: int = 1
    meta: Mapping[str, str] = field(default_factory=dict)


def place_order(
    shop: PlayedShop,
    wanted: Sequence[Wanted],
    *,
    customer_id: int = 0,
    country: str = "",
    status: str = "processing",
    created_via: str = "checkout",
    meta: Mapping[str, str] | None = None,
) -> Order:
    """Sell. Raises NotEnough, and then sells nothing. An order of the Store API tells of its update first."""
    with shop.lock:
        for each in wanted:
            _need(shop, each)
        at = shop.clock()
        order = Order(
            id=shop.new_id(),
            created=at,
            modified=at,
            lines=[line_of(shop, each) for each in wanted],
            status=status,
            customer_id=customer_id,
            country=country or shop.country,
            currency=shop.currency,
            paid=at if status in {"processing", "completed"} else None,
            completed=at if status == "completed" else None,
            created_via=created_via,
            meta=dict(meta or {}),
            stock_taken=status in HELD,
        )
        shop.orders[order.id] = order
        shop.changed()
        topics = ("order.created", "order.updated")
        for topic in topics[::-1] if created_via == "store-api" else topics:
            shop.tell(topic, order.id)
        if order.stock_taken:
            shop.take_stock(_pieces(order))
    return order


def change_status(shop: PlayedShop, order_id: int, status: str) -> Order:
    """Another status: pieces are taken or put back as it asks."""
    with shop.lock:
        order, at = shop.orders[order_id], shop.clock()
        order.status, order.modified = status, at
        if status in {"processing", "completed"}:
            order.paid = order.paid or at
        order.completed = at if status == "completed" else order.completed
        _settle(shop, order)
        shop.changed()
        shop.tell("order.updated", order_id)
    return order


def cancel_order(shop: PlayedShop, order_id: int) -> Order:
    """Cancel an order; its pieces go back to the shelf."""
    return change_status(shop, order_id, "cancelled")


def refund_order(
    shop: PlayedShop,
    order_id: int,
    pieces: Mapping[int, int] | None = None,
    *,
    amount: Decimal | None = None,
    restock: bool = True,
) -> Refund:
    """Give money back for pieces of lines (by line id), or an amount alone. All of it makes the order refunded."""
    with shop.lock:
        order, at = shop.orders[order_id], shop.clock()
        lines = tuple(_refunded(shop, order, each, quantity) for each, quantity in (pieces or {}).items())
        given = amount if amount is not None else sum((each.amount for each in lines), Decimal(0))
        refund = Refund(shop.new_id(), order_id, at, given, "", lines)
        order.refunds.append(refund)
        shop.refunds[refund.id] = refund
        order.modified = at
        if sum((each.amount for each in order.refunds), Decimal(0)) >= order.total:
            order.status = "refunded"
        shop.changed()
        if restock and order.stock_taken and lines:
            back = Counter({each.variation_id or each.product_id: -each.quantity for each in lines})
            shop.take_stock(dict(back))
        shop.tell("order.updated", order_id)
    return refund


def trash_order(shop: PlayedShop, order_id: int) -> None:
    """Move an order to the trash."""
    with shop.lock:
        order = shop.orders[order_id]
        order.status_before, order.status, order.modified = order.status, "trash", shop.clock()
        shop.changed()
        shop.tell("order.deleted", order_id)


def restore_order(shop: PlayedShop, order_id: int) -> None:
    """Take an order out of the trash."""
    with shop.lock:
        order = shop.orders[order_id]
        order.status, order.modified = order.status_before or "pending", shop.clock()
        shop.changed()
        shop.tell("order.restored", order_id)
        shop.tell("order.updated", order_id)


def delete_order(shop: PlayedShop, order_id: int) -> None:
    """Delete an order for good: nobody is told."""
    with shop.lock:
        for refund in shop.orders.pop(order_id).refunds:
            shop.refunds.pop(refund.id, None)
        shop.changed()


def line_of(shop: PlayedShop, wanted: Wanted) -> Line:
    """The order's line for what is wanted, at today's price."""
    sold = shop.products[wanted.id]
    parent = shop.products.get(sold.parent_id)
    total = (sold.price or Decimal(0)) * wanted.quantity
    return Line(
        id=shop.new_id(),
        product_id=parent.id if parent else sold.id,
        variation_id=sold.id if parent else 0,
        name=sold.name,
        quantity=wanted.quantity,
        subtotal=total,
        total=total,
        sku=sold.sku,
        picks=sold.picks,
        meta=dict(wanted.meta),
        parent_name=parent.name if parent else "",
    )


def _need(shop: PlayedShop, wanted: Wanted) -> None:
    product = shop.products[wanted.id]
    if not shop.can_sell(product, wanted.quantity):
        counting = shop.counted_by(product)
        raise NotEnough(product, max(counting.stock or 0, 0) if counting else 0)


def _pieces(order: Order) -> dict[int, int]:
    found: Counter[int] = Counter()
    for line in order.lines:
        found[line.sold] += line.quantity
    return dict(found)


def _settle(shop: PlayedShop, order: Order) -> None:
    """Take an order's pieces, or put them back, if its status asks for what was not done yet."""
    wanted = order.status in HELD
    if wanted != order.stock_taken and order.status != "refunded":
        order.stock_taken = wanted
        shop.take_stock({number: pieces if wanted else -pieces for number, pieces in _pieces(order).items()})


def _refunded(shop: PlayedShop, order: Order, line_id: int, quantity: int) -> RefundLine:
    line = next(each for each in order.lines if each.id == line_id)
    amount = (line.total * quantity / line.quantity).quantize(Decimal("0.01"))
    return RefundLine(shop.new_id(), line_id, line.product_id, line.variation_id, line.name, quantity, amount)
