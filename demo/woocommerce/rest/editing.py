"""What a merchant's own programs do by REST: make a product, switch a way of paying on."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from demo.woocommerce.bodies.products import product_body
from demo.woocommerce.rest.calls import answer, given, played, shop
from demo.woocommerce.things import Product

bp = Blueprint("editing", __name__)


@bp.post("/wp-json/wc/v3/products")
def make() -> ResponseReturnValue:
    """A new simple product."""
    home, body = shop(), given()
    with home.lock:
        at = home.clock()
        name = str(body.get("name", "Product"))
        counted = body.get("manage_stock") in {True, "true"}
        made = Product(
            id=home.new_id(),
            name=name,
            slug=re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"),
            created=at,
            modified=at,
            status=str(body.get("status", "publish")),
            description=str(body.get("description", "")),
            sku=str(body.get("sku", "")),
            regular_price=Decimal(str(body["regular_price"])) if body.get("regular_price") else None,
            stock=int(body.get("stock_quantity") or 0) if counted else None,
            backorders=str(body.get("backorders", "no")),
        )
        return answer(product_body(home, home.put(made)), 201)


@bp.get("/wp-json/wc/v3/payment_gateways/cod")
@bp.put("/wp-json/wc/v3/payment_gateways/cod")
def pay_on_delivery() -> ResponseReturnValue:
    """The one way to pay here, which is always on."""
    body: dict[str, Any] = {"id": "cod", "title": "Cash on delivery", "enabled": True}
    return answer(body)


@bp.get("/wp-cron.php")
def cron() -> ResponseReturnValue:
    """What a visitor or the server's cron sets off: all that is due leaves."""
    played().sender.deliver()
    return "", 200
