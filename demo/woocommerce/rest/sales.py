"""Orders, refunds and customers."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from demo.woocommerce.bodies.orders import order_body, refund_body
from demo.woocommerce.bodies.people import customer_body
from demo.woocommerce.rest.calls import answer, asked, given, listed, missing, shop
from demo.woocommerce.rest.collections import PEOPLE, Dated, RestError, bad_parameter
from demo.woocommerce.things import Customer, Order, Refund
from demo.woocommerce.trade import NotEnough, Wanted, change_status, delete_order, place_order, trash_order

bp = Blueprint("sales", __name__, url_prefix="/wp-json/wc/v3")
ORDERS: Dated[Order] = Dated(lambda each: each.id, lambda each: each.created, lambda each: each.modified)
REFUNDS: Dated[Refund] = Dated(lambda each: each.id, lambda each: each.at, lambda each: each.at)
CUSTOMERS: Dated[Customer] = Dated(
    lambda each: each.id,
    lambda each: each.created,
    lambda each: each.modified,
    PEOPLE,
    down=False,
    timed=False,
    name=lambda each: f"buyer{each.id}",
)
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")


@bp.get("/orders")
def orders() -> ResponseReturnValue:
    """Orders; those in the trash only where they are asked for."""
    return listed("orders", _orders, order_body, ORDERS)


@bp.post("/orders")
def create() -> ResponseReturnValue:
    """An order as a till or an import makes one."""
    body = given()
    wanted = [
        Wanted(int(each.get("variation_id") or each["product_id"]), int(each.get("quantity", 1)))
        for each in body.get("line_items", [])
    ]
    if any(each.id not in shop().products for each in wanted):
        raise RestError("woocommerce_rest_required_product_reference", "Product ID or SKU is required.", 400)
    status = body.get("status") or ("processing" if body.get("set_paid") else "pending")
    try:
        made = place_order(
            shop(),
            wanted,
            customer_id=int(body.get("customer_id", 0)),
            country=body.get("billing", {}).get("country", ""),
            status=status,
            created_via="rest-api",
        )
    except NotEnough as error:
        raise RestError("woocommerce_rest_product_out_of_stock", str(error), 400) from None
    return answer(order_body(shop(), made), 201)


@bp.get("/orders/<int:number>")
def order(number: int) -> ResponseReturnValue:
    """One order."""
    with shop().lock:
        return answer(order_body(shop(), _found(number)))


@bp.put("/orders/<int:number>")
@bp.post("/orders/<int:number>")
def change(number: int) -> ResponseReturnValue:
    """Give an order another status."""
    _found(number)
    status = given().get("status", "")
    if status not in STATUSES:
        raise bad_parameter("status", f"status is not one of {', '.join(STATUSES)}.", "rest_not_in_enum")
    return answer(order_body(shop(), change_status(shop(), number, status)))


@bp.delete("/orders/<int:number>")
def delete(number: int) -> ResponseReturnValue:
    """Trash an order, or (force) delete it for good."""
    found = _found(number)
    body = order_body(shop(), found)
    if asked().given.get("force", "").lower() in {"1", "true"}:
        delete_order(shop(), number)
    elif found.status == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The shop_order has already been deleted.", 410)
    else:
        trash_order(shop(), number)
    return answer(body)


@bp.get("/orders/<int:number>/refunds")
def refunds_of(number: int) -> ResponseReturnValue:
    """The refunds of one order."""
    found = _found(number)
    return listed(f"refunds of {number}", lambda: list(found.refunds), refund_body, REFUNDS)


@bp.get("/refunds")
def refunds() -> ResponseReturnValue:
    """The refunds of all orders."""
    return listed(
        "refunds",
        lambda: list(shop().refunds.values()),
        lambda home, each: refund_body(home, each, with_parent=True),
        REFUNDS,
    )


@bp.get("/customers")
def customers() -> ResponseReturnValue:
    """People with an account: those who are customers, unless another role is asked for. Times narrow nothing here."""
    role = asked().given.get("role", "customer")
    return listed(
        "customers",
        lambda: [each for each in shop().customers.values() if role in {"all", each.role}],
        customer_body,
        CUSTOMERS,
    )


@bp.get("/customers/<int:number>")
def customer(number: int) -> ResponseReturnValue:
    """One customer."""
    found = shop().customers.get(number)
    if found is None:
        raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
    return answer(customer_body(shop(), found))


def _found(number: int) -> Order:
    found = shop().orders.get(number)
    if found is None:
        raise missing("shop_order")
    return found


def _orders() -> list[Order]:
    wanted = asked().words("status") or ["any"]
    for each in wanted:
        if each not in {"any", "trash", *STATUSES}:
            choices = ", ".join(("any", "trash", *STATUSES))
            raise bad_parameter("status", f"status[0] is not one of {choices}.", "rest_not_in_enum")
    found = shop().orders.values()
    kept = [each for each in found if each.status in wanted or ("any" in wanted and each.status != "trash")]
    if buyer := asked().given.get("customer"):
        kept = [each for each in kept if str(each.customer_id) == buyer]
    if products := asked().ids("product"):
        kept = [each for each in kept if any(line.product_id in products for line in each.lines)]
    return kept
