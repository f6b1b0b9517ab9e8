"""What themes' scripts ask a played shop: its cart, its products, Shopify's own recommendations; and the checkout."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, redirect, request
from flask.typing import ResponseReturnValue

from demo.shopify.carts import COOKIE, CantAdd, Cart, cart_json, line_json, product_json, sold_out
from demo.shopify.things import Product
from demo.shopify.trade import NotEnough, Wanted, place_order
from demo.shopify.web import platform, shop_of

bp = Blueprint("ajax", __name__)

COOKIE_SECONDS = 14 * 86_400
MOST_RECOMMENDED = 10
ITEM = re.compile(r"items\[(\d{1,3})\]\[(id|quantity|properties)\](?:\[([^\]]{1,100})\])?")


@bp.get("/<shop>/cart.js")
@bp.get("/<shop>/cart.json")
def cart(shop: str) -> ResponseReturnValue:
    """The cart as it is."""
    return _with_cart(shop, cart_of(shop))


@bp.post("/<shop>/cart/add.js")
@bp.post("/<shop>/cart/add")
def add(shop: str) -> ResponseReturnValue:
    """Put one thing or several into the cart, from a script or from a form: all of them, or none."""
    asked, held, carts = _asked(), cart_of(shop), platform().carts(shop)
    items = asked["items"] if isinstance(asked.get("items"), list) else [asked]
    before = list(held.lines)
    try:
        lines = [
            carts.add(held, _whole(each.get("id")), _whole(each.get("quantity", 1)), _properties(each))
            for each in items
        ]
    except CantAdd as refusal:
        held.lines[:] = before
        return _refused(refusal)
    if not request.path.endswith(".js"):
        return _cookie(redirect(f"/{shop}/cart", 303), held)
    shown = [line_json(shop_of(shop), each, f"/{shop}") for each in lines]
    return _cookie(_json({"items": shown} if "items" in asked else shown[0]), held)


@bp.post("/<shop>/cart/change.js")
@bp.post("/<shop>/cart/change")
def change(shop: str) -> ResponseReturnValue:
    """Set how many pieces a line has; the line is named by its key, its variant or its place."""
    asked, held = _asked(), cart_of(shop)
    place = _whole(asked.get("line", 0))
    key = held.lines[place - 1].key if 0 < place <= len(held.lines) else str(asked.get("id", ""))
    try:
        platform().carts(shop).change(held, key, _whole(asked.get("quantity", 0)))
    except CantAdd as refusal:
        return _refused(refusal)
    if not request.path.endswith(".js"):
        return _cookie(redirect(f"/{shop}/cart", 303), held)
    return _with_cart(shop, held)


@bp.post("/<shop>/cart/update.js")
def update(shop: str) -> ResponseReturnValue:
    """Set the cart's attributes, its note, and pieces by variant."""
    asked, held = _asked(), cart_of(shop)
    attributes = asked.get("attributes")
    if isinstance(attributes, dict):
        held.attributes |= {str(name): str(value) for name, value in attributes.items()}
        held.attributes = {name: value for name, value in held.attributes.items() if value}
    held.note = str(asked.get("note", held.note))
    try:
        for key, quantity in dict(asked.get("updates") or {}).items():
            platform().carts(shop).change(held, str(key), _whole(quantity))
    except CantAdd as refusal:
        return _refused(refusal)
    return _with_cart(shop, held)


@bp.post("/<shop>/cart/clear.js")
def clear(shop: str) -> ResponseReturnValue:
    """Empty the cart."""
    held = cart_of(shop)
    held.lines.clear()
    return _with_cart(shop, held)


@bp.get("/<shop>/products/<handle>.js")
def product(shop: str, handle: str) -> ResponseReturnValue:
    """A product as scripts read it."""
    return _json(product_json(shop_of(shop), _shown(shop, shop_of(shop).by_handle(handle)), f"/{shop}"))


@bp.get("/<shop>/recommendations/products.json")
def recommendations(shop: str) -> ResponseReturnValue:
    """Shopify's own: of the same collection, of those that are there. "complementary" is only what somebody chose."""
    played = shop_of(shop)
    asked = _shown(shop, played.products.get(request.args.get("product_id", 0, type=int)))
    intent = request.args.get("intent", "related")
    limit = min(max(request.args.get("limit", 10, type=int), 1), MOST_RECOMMENDED)
    near = [number for each in played.collections_of(asked.id) for number in each.products if number != asked.id]
    found = [played.products[number] for number in dict.fromkeys(near)] if intent == "related" else []
    good = [
        each for each in found if played.on_sale(each) and each.status == "ACTIVE" and played.product_available(each)
    ]
    shown = [product_json(played, each, f"/{shop}") for each in good[:limit] if not each.gift_card]
    for place, each in enumerate(shown, start=1):
        each["url"] += (
            f"?pr_prod_strat=e5_desc&pr_rec_pid={each['id']}&pr_ref_pid={asked.id}&pr_seq=uniform&pos={place}"
        )
    return _json({"intent": intent, "products": shown})


@bp.post("/<shop>/checkout")
def checkout(shop: str) -> ResponseReturnValue:
    """Sell the cart. Nothing is charged and nothing is sent."""
    played, held = shop_of(shop), cart_of(shop)
    wanted = [Wanted(each.variant_id, each.quantity, each.properties) for each in held.lines]
    if not wanted:
        return redirect(f"/{shop}/cart", 303)
    buyer = request.cookies.get("played_customer", "")
    known = int(buyer) if buyer.isascii() and buyer.isdigit() and int(buyer) in played.customers else None
    try:
        order = place_order(played, wanted, customer_id=known, attributes=held.attributes)
    except NotEnough as gone:
        return _refused(sold_out(gone))
    held.lines.clear()
    held.attributes.clear()
    return redirect(f"/{shop}/orders/{order.id}", 303)


def cart_of(shop: str) -> Cart:
    """The cart of the browser that asks; 404 for an unknown shop."""
    shop_of(shop)
    return platform().carts(shop).of(request.cookies.get(COOKIE, ""))


def _shown(shop: str, found: Product | None) -> Product:
    if found is None or not shop_of(shop).on_sale(found):
        abort(404)
    return found


def _asked() -> Mapping[str, Any]:
    """What a script or a form says: JSON or fields."""
    if request.is_json:
        body = request.get_json(silent=True)
        return body if isinstance(body, dict) else {}
    return _listed(request.form.to_dict())


def _listed(form: dict[str, str]) -> dict[str, Any]:
    """A form that names several things, as `items[0][id]` and `items[0][properties][gift]`."""
    items: dict[str, dict[str, Any]] = {}
    for name, value in form.items():
        if (found := ITEM.fullmatch(name)) is not None:
            place, field, own = found.groups()
            thing = items.setdefault(place, {"properties": {}})
            place_in, key = (thing["properties"], own) if own else (thing, field)
            place_in[key] = value
    return {**form, "items": [each for each in items.values() if "id" in each]} if items else form


def _properties(asked: Any) -> dict[str, str]:
    given = asked.get("properties")
    if isinstance(given, dict):
        return {str(name): str(value) for name, value in given.items() if value not in {None, ""}}
    named = {name: value for name, value in asked.items() if name.startswith("properties[") and value}
    return {name[len("properties[") : -1]: str(value) for name, value in named.items()}


def _whole(value: Any) -> int:
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _refused(refusal: CantAdd) -> Response:
    return _json({"status": 422, "message": "Cart Error", "description": str(refusal)}, 422)


def _with_cart(shop: str, held: Cart) -> Response:
    return _cookie(_json(cart_json(shop_of(shop), held, f"/{shop}")), held)


def _cookie(response: Any, held: Cart) -> Response:
    assert isinstance(response, Response)
    response.set_cookie(COOKIE, held.token, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True)
    return response


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, {"Cache-Control": "no-store"}, content_type="application/json")
