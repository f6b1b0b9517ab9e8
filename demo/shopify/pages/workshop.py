"""The merchant's and the tester's work in the played admin: goods, stock, orders, the theme, and what webhooks did."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from itertools import islice
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from demo.shopify.pages.admin import show
from demo.shopify.state import PlayedShop
from demo.shopify.things import Order, Product
from demo.shopify.trade import NotEnough, Wanted, cancel_order, place_order, refund_order
from demo.shopify.web import platform, shop_of

bp = Blueprint("workshop", __name__)

SHOWN = 60
STATUSES = ("ACTIVE", "DRAFT", "ARCHIVED", "UNLISTED")


@bp.get("/<shop>/admin/products")
def products(shop: str) -> ResponseReturnValue:
    """Goods, searched by their title."""
    played, words = shop_of(shop), request.args.get("q", "").strip().lower()
    found = [each for each in played.products.values() if words in each.title.lower()]
    left = {each.id: _left(played, each) for each in found[:SHOWN]}
    return show("products.html", played, products=found[:SHOWN], left=left, total=len(found), words=words)


def _left(shop: PlayedShop, found: Product) -> str:
    counted = [each for each in found.variants if each.tracked]
    return str(sum(shop.sellable(each) for each in counted)) if counted else "not counted"


@bp.get("/<shop>/admin/products/<int:number>")
def product(shop: str, number: int) -> ResponseReturnValue:
    """One product, with its stock at every place."""
    played = shop_of(shop)
    return show("product.html", played, product=_product(played, number), said=request.args.get("said", ""))


@bp.post("/<shop>/admin/products/<int:number>")
def change(shop: str, number: int) -> ResponseReturnValue:
    """Do to a product what the button says."""
    played = shop_of(shop)
    found = _product(played, number)
    name, _, more = request.form.get("deed", "").partition("-")
    deed = _DEEDS.get(name)
    if deed is None:
        abort(400)
    try:
        said = deed(played, found, more)
    except (NotEnough, ValueError, InvalidOperation) as problem:
        said = f"That can't be done: {problem}"
    there = f"/{shop}/admin/products" + (f"/{number}" if number in played.products else "")
    return redirect(f"{there}?{urlencode({'said': said})}", 303)


def _product(shop: PlayedShop, number: int) -> Product:
    found = shop.products.get(number)
    if found is None:
        abort(404)
    return found


def _stock(shop: PlayedShop, found: Product, _more: str) -> str:
    for variant in found.variants:
        for place in shop.locations:
            text = request.form.get(f"stock-{variant.item_id}-{place}", "").strip()
            level = variant.levels.get(place)
            if text and (level is None or level.available != int(text)):
                shop.set_stock(variant.item_id, place, int(text))
    return "The stock is counted."


def _empty(shop: PlayedShop, found: Product, _more: str) -> str:
    if not any(each.levels for each in found.variants):
        return "Its stock is not counted: it never runs out."
    with shop.deed():
        for variant in found.variants:
            for place in list(variant.levels):
                shop.set_stock(variant.item_id, place, 0)
    return "The shelf is empty."


def _sell(shop: PlayedShop, found: Product, more: str) -> str:
    variant = next((each for each in found.variants if str(each.id) == more), None)
    if variant is None:
        abort(404)
    order = place_order(shop, [Wanted(variant.id)])
    return f"Sold: order #{order.number}."


def _publish(shop: PlayedShop, found: Product, _more: str) -> str:
    shown = shop.online_store in found.published
    shop.publish(found.id, shown=not shown)
    return "Taken out of the online store." if shown else "Shown in the online store."


def _status(shop: PlayedShop, found: Product, _more: str) -> str:
    status = request.form.get("status", "")
    if status not in STATUSES:
        abort(400)
    shop.change_product(found.id, status=status)
    return f"The product is {status.lower()}."


def _price(shop: PlayedShop, found: Product, _more: str) -> str:
    price = Decimal(request.form.get("price", "")).quantize(Decimal("0.01"))
    if not Decimal(0) <= price < Decimal(1_000_000):
        raise ValueError("a price is between 0 and a million")
    with shop.deed():
        for variant in found.variants:
            shop.change_variant(variant.id, price=price)
    return "The price is changed."


def _delete(shop: PlayedShop, found: Product, _more: str) -> str:
    shop.delete_product(found.id)
    return "The product is deleted."


_DEEDS: Mapping[str, Callable[[PlayedShop, Product, str], str]] = {
    "stock": _stock,
    "empty": _empty,
    "sell": _sell,
    "publish": _publish,
    "status": _status,
    "price": _price,
    "delete": _delete,
}


@bp.get("/<shop>/admin/orders")
def orders(shop: str) -> ResponseReturnValue:
    """The newest orders."""
    played = shop_of(shop)
    newest = sorted(played.orders.values(), key=lambda each: each.created_at, reverse=True)[:SHOWN]
    return show("orders.html", played, orders=newest, total=len(played.orders))


@bp.post("/<shop>/admin/orders/<int:number>")
def trade(shop: str, number: int) -> ResponseReturnValue:
    """Refund an order, or cancel it."""
    played = shop_of(shop)
    order = played.orders.get(number)
    if order is None:
        abort(404)
    if request.form.get("deed") == "cancel" and order.cancelled_at is None:
        cancel_order(played, number)
    elif request.form.get("deed") == "refund" and (pieces := _refundable(order)):
        refund_order(played, number, pieces)
    return redirect(f"/{shop}/admin/orders", 303)


def _refundable(order: Order) -> dict[int, int]:
    return {each.id: each.current for each in order.lines if each.current > 0}


@bp.get("/<shop>/admin/webhooks")
def webhooks(shop: str) -> ResponseReturnValue:
    """What was sent, and how it was answered."""
    played = shop_of(shop)
    sent = [each for each in reversed(platform().webhooks.sent) if each.shop == played.domain][:SHOWN]
    customers = list(islice(played.customers, SHOWN))
    return show("webhooks.html", played, sent=sent, switches=platform().webhooks, customers=customers)


@bp.post("/<shop>/admin/webhooks")
def switch(shop: str) -> ResponseReturnValue:
    """Make the delivery worse, or better again; or send one of the duties to customers."""
    played, switches = shop_of(shop), platform().webhooks
    for name in ("held", "double", "disorder"):
        if request.form.get("switch") == name:
            setattr(switches, name, not getattr(switches, name))
    if not switches.held:
        switches.release()
    duty = request.form.get("duty", "")
    if duty:
        _send_duty(played, duty)
    return redirect(f"/{shop}/admin/webhooks", 303)


def _send_duty(shop: PlayedShop, duty: str) -> None:
    buyer = shop.customers.get(request.form.get("customer", 0, type=int))
    if duty == "shop/redact":
        shop.tell(duty, shop)
    elif duty in {"customers/data_request", "customers/redact"} and buyer is not None:
        shop.tell(duty, buyer)
    else:
        abort(404)


@bp.get("/<shop>/admin/themes/current/editor")
def editor(shop: str) -> ResponseReturnValue:
    """The theme editor, as far as a link of the app asks for it: a block is put on the theme, and saved."""
    played = shop_of(shop)
    block = (request.args.get("addAppBlockId") or request.args.get("activateAppId") or "").rpartition("/")[2]
    template = request.args.get("template", "index")
    if not block.replace("-", "").isalnum() or not template.replace("-", "").isalnum():
        abort(404)
    embedded = "activateAppId" in request.args
    name = "config/settings_data.json" if embedded else f"templates/{template}.json"
    place_block(played, name, platform().handle, block, embedded=embedded)
    return show("editor.html", played, block=block, on_template=template, embedded=embedded)


def place_block(shop: PlayedShop, file: str, handle: str, block: str, *, embedded: bool) -> None:
    """Put a block of the app into a file of the theme, and tell everybody as after Save."""
    placed = {"type": f"shopify://apps/{handle}/blocks/{block}/{shop.app_id}", "disabled": False, "settings": {}}
    with shop.deed():
        whole = json.loads(shop.theme_files.get(file) or ('{"current": {}}' if embedded else '{"sections": {}}'))
        if embedded:
            whole["current"].setdefault("blocks", {})[block] = placed
        else:
            apps = whole["sections"].setdefault("apps", {"type": "apps", "blocks": {}})
            apps["blocks"][block] = placed
        shop.theme_files[file] = json.dumps(whole)
        shop.tell("themes/update", shop)
