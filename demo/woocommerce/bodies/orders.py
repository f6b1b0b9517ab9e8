"""Orders and refunds."""

from __future__ import annotations

from hashlib import sha256

from demo.woocommerce.bodies.common import SYMBOLS, Body, amount, links, local, number, rest, utc
from demo.woocommerce.bodies.people import address
from demo.woocommerce.bodies.products import slug_of
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Line, Order, Refund, RefundLine

PAYABLE = frozenset({"pending", "failed"})


def order_body(shop: PlayedShop, order: Order) -> Body:
    """An order as REST and webhooks tell it."""
    key = f"wc_order_{sha256(str(order.id).encode()).hexdigest()[:13]}"
    pay = f"{shop.address}/checkout/order-pay/{order.id}/?pay_for_order=true&key={key}"
    return {
        "id": order.id,
        "parent_id": 0,
        "status": order.status,
        "currency": order.currency,
        "version": shop.version,
        "prices_include_tax": False,
        "date_created": local(shop, order.created),
        "date_modified": local(shop, order.modified),
        **dict.fromkeys(("discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax"), "0.00"),
        "total": amount(order.total),
        "total_tax": "0.00",
        "customer_id": order.customer_id,
        "order_key": key,
        "billing": address(order.customer_id or order.id, order.country),
        "shipping": {name: "" for name in address(0, "") if name != "email"},
        **_paid(order),
        "date_completed": local(shop, order.completed),
        "date_paid": local(shop, order.paid),
        "cart_hash": "",
        "number": str(order.id),
        "meta_data": _meta(order.id * 100, order.meta),
        "line_items": [_line(order, each) for each in order.lines],
        **{name: [] for name in ("tax_lines", "shipping_lines", "fee_lines", "coupon_lines")},
        "refunds": [_refund_of_order(each) for each in order.refunds],
        "payment_url": pay,
        "is_editable": order.status in {"pending", "on-hold", "auto-draft"},
        "needs_payment": order.status in PAYABLE,
        "needs_processing": True,
        "date_created_gmt": utc(order.created),
        "date_modified_gmt": utc(order.modified),
        "date_completed_gmt": utc(order.completed),
        "date_paid_gmt": utc(order.paid),
        "currency_symbol": SYMBOLS.get(order.currency, order.currency),
        "_links": _links(shop, order),
    }


def refund_body(shop: PlayedShop, refund: Refund, *, with_parent: bool = False) -> Body:
    """A refund as its routes tell it."""
    collection = f"orders/{refund.order_id}/refunds"
    return {
        "id": refund.id,
        **({"parent_id": refund.order_id} if with_parent else {}),
        "date_created": local(shop, refund.at),
        "date_created_gmt": utc(refund.at),
        "amount": amount(refund.amount),
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": [_refunded_line(shop, each) for each in refund.lines],
        **{name: [] for name in ("shipping_lines", "tax_lines", "fee_lines")},
        "_links": links(shop, collection, refund.id, up=f"orders/{refund.order_id}"),
    }


def _paid(order: Order) -> Body:
    """How it was paid, and from where: what the app has no business with."""
    return {
        "payment_method": "cod",
        "payment_method_title": "Cash on delivery",
        "transaction_id": "",
        "customer_ip_address": "192.0.2.7",
        "customer_user_agent": "A browser",
        "created_via": order.created_via,
        "customer_note": "",
    }


def _links(shop: PlayedShop, order: Order) -> Body:
    templates = {"embeddable": True, "href": rest(shop, f"orders/{order.id}/actions/email_templates")}
    found = links(shop, "orders", order.id, email_templates=[templates])
    if order.customer_id:
        found["customer"] = [{"href": rest(shop, f"customers/{order.customer_id}")}]
    return found


def _refund_of_order(refund: Refund) -> Body:
    return {"id": refund.id, "reason": refund.reason, "total": f"-{amount(refund.amount)}", "total_tax": "0.00"}


def _line(order: Order, line: Line) -> Body:
    picks = {slug_of(name): value for name, value in line.picks.items()}
    own = {**picks, **line.meta, **({"_reduced_stock": str(line.quantity)} if order.stock_taken else {})}
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": amount(line.subtotal),
        "subtotal_tax": "0.00",
        "total": amount(line.total),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [
            {**each, "display_key": each["key"], "display_value": each["value"]} for each in _meta(line.id * 100, own)
        ],
        "sku": line.sku,
        "global_unique_id": "",
        "price": number(line.total / line.quantity) if line.quantity else 0,
        "image": {"id": 0 if line.variation_id else "", "src": ""},
        "parent_name": line.parent_name or None,
    }


def _refunded_line(shop: PlayedShop, line: RefundLine) -> Body:
    sold = shop.products.get(line.variation_id or line.product_id)
    back = {"id": line.id * 100, "key": "_refunded_item_id", "value": str(line.line_id)}
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": -line.quantity,
        "tax_class": "",
        "subtotal": f"-{amount(line.amount)}",
        "subtotal_tax": "0.00",
        "total": f"-{amount(line.amount)}",
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [{**back, "display_key": back["key"], "display_value": back["value"]}],
        "sku": sold.sku if sold else "",
        "global_unique_id": "",
        "price": number(line.amount / line.quantity) if line.quantity else 0,
        "image": {"id": 0 if line.variation_id else "", "src": ""},
        "parent_name": None,
    }


def _meta(first: int, values: dict[str, str]) -> list[Body]:
    return [{"id": first + place, "key": key, "value": value} for place, (key, value) in enumerate(values.items())]
