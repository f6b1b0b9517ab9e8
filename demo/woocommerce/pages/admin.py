"""The played wp-admin: goods and stock, orders, webhooks, and the page of our plugin with its Connect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from demo.woocommerce.pages import TEMPLATES, show
from demo.woocommerce.plugin import NoAnswer
from demo.woocommerce.rest.calls import played, shop
from demo.woocommerce.things import Product
from demo.woocommerce.trade import NotEnough, Wanted, cancel_order, place_order, refund_order

bp = Blueprint("admin", __name__, url_prefix="/wp-admin", template_folder=TEMPLATES)
SHOWN = 60
STATUSES = ("publish", "draft", "private", "pending")
SWITCHES = ("maintenance", "firewall", "login_only", "notice", "strips_authorization")


@bp.get("/")
def home() -> ResponseReturnValue:
    """The shop at a glance."""
    return show("admin/home.html", revenue=sum((each.total for each in list(shop().orders.values())), Decimal(0)))


@bp.get("/admin.php")
def plugin_page() -> ResponseReturnValue:
    """WooCommerce > Shelfwise: connect, or how it is connected. And WooCommerce's own page of REST keys."""
    if request.args.get("page") == "wc-settings" and request.args.get("section") == "keys":
        return show("admin/keys.html", made=None)
    if request.args.get("page") != "shelfwise" or not shop().plugin:
        abort(404)
    state, problem = None, ""
    if shop().link is not None:
        try:
            state = played().plugin.call("GET", "state")
        except NoAnswer as error:
            problem = str(error)
    return show("admin/shelfwise.html", state=state, problem=problem)


@bp.post("/admin.php")
def plugin_deed() -> ResponseReturnValue:
    """Connect: go to the app, which comes back here; disconnect; or make a REST key."""
    if request.form.get("deed") == "add-key":
        made = shop().keyring.make(request.form.get("permissions", "read_write"), description="Made by hand")
        return show("admin/keys.html", made=made)
    here = f"{shop().address}/wp-admin/admin.php?page=shelfwise"
    if request.form.get("deed") == "connect":
        asked = urlencode({"site": shop().address, "return": here})
        return redirect(f"{played().app_url.rstrip('/')}/woocommerce/connect?{asked}", 303)
    if request.form.get("deed") == "disconnect" and shop().link is not None:
        # An app that does not answer is left all the same.
        with suppress(NoAnswer):
            played().plugin.call("POST", "disconnect", {})
        shop().link = None
    return redirect(here, 303)


@bp.get("/products")
def products() -> ResponseReturnValue:
    """Goods, searched by their name."""
    words = request.args.get("q", "").strip().lower()
    every = [each for each in list(shop().products.values()) if each.type != "variation" and words in each.name.lower()]
    return show("admin/products.html", products=every[:SHOWN], total=len(every), words=words)


@bp.get("/products/<int:number>")
def product(number: int) -> ResponseReturnValue:
    """One product, with its stock."""
    found = _found(number)
    forms = shop().variations(number) or [found]
    said = request.args.get("said", "")
    return show("admin/product.html", product=found, forms=forms, said=said, statuses=STATUSES)


@bp.post("/products/<int:number>")
def change(number: int) -> ResponseReturnValue:
    """Do to a product what the button says."""
    name, _, more = request.form.get("deed", "").partition("-")
    deed = _DEEDS.get(name)
    if deed is None:
        abort(400)
    try:
        said = deed(_found(number), more)
    except (NotEnough, ValueError, InvalidOperation) as problem:
        said = f"That can't be done: {problem}"
    there = f"/wp-admin/products/{number}" if number in shop().products else "/wp-admin/products"
    return redirect(f"{there}?{urlencode({'said': said})}", 303)


@bp.get("/orders")
def orders() -> ResponseReturnValue:
    """The newest orders."""
    newest = sorted(shop().orders.values(), key=lambda each: (each.created, each.id), reverse=True)[:SHOWN]
    return show("admin/orders.html", orders=newest, total=len(shop().orders))


@bp.post("/orders/<int:number>")
def trade(number: int) -> ResponseReturnValue:
    """Refund an order, or cancel it."""
    order = shop().orders.get(number)
    if order is None:
        abort(404)
    if request.form.get("deed") == "cancel":
        cancel_order(shop(), number)
    elif not order.refunds:
        refund_order(shop(), number, {each.id: each.quantity for each in order.lines})
    return redirect("/wp-admin/orders", 303)


@bp.get("/webhooks")
def webhooks() -> ResponseReturnValue:
    """The shop's webhooks, what was sent, and how it was answered."""
    sent = list(reversed(played().sender.sent))[:SHOWN]
    return show("admin/webhooks.html", sent=sent, troubles=shop().troubles, switches=SWITCHES)


@bp.post("/webhooks")
def switch() -> ResponseReturnValue:
    """Make trouble, or end it."""
    name = request.form.get("switch", "")
    if name not in SWITCHES:
        abort(400)
    setattr(shop().troubles, name, not getattr(shop().troubles, name))
    return redirect("/wp-admin/webhooks", 303)


def _found(number: int) -> Product:
    found = shop().products.get(number)
    if found is None:
        abort(404)
    return found


def _stock(found: Product, _more: str) -> str:
    for each in [found, *shop().variations(found.id)]:
        text = request.form.get(f"stock-{each.id}", "").strip()
        if text and each.stock != int(text):
            shop().set_stock(each.id, int(text))
    return "The stock is counted."


def _empty(found: Product, _more: str) -> str:
    counted = [each for each in [found, *shop().variations(found.id)] if each.managed]
    for each in counted:
        shop().set_stock(each.id, 0)
    return "The shelf is empty." if counted else "Its stock is not counted: it never runs out."


def _sell(_found: Product, more: str) -> str:
    order = place_order(shop(), [Wanted(int(more))])
    return f"Sold: order {order.id}."


def _status(found: Product, _more: str) -> str:
    status = request.form.get("status", "")
    if status not in STATUSES:
        abort(400)
    shop().change(found.id, status=status)
    return f"The product's status is {status}."


def _price(found: Product, _more: str) -> str:
    price = Decimal(request.form.get("price", "")).quantize(Decimal("0.01"))
    if not Decimal(0) <= price < Decimal(1_000_000):
        raise ValueError("a price is between 0 and a million")
    for each in shop().variations(found.id) or [found]:
        shop().change(each.id, regular_price=price, sale_price=None)
    return "The price is changed."


def _trash(found: Product, _more: str) -> str:
    shop().trash(found.id)
    return "The product is in the trash."


def _restore(found: Product, _more: str) -> str:
    shop().restore(found.id)
    return "The product is back from the trash."


def _delete(found: Product, _more: str) -> str:
    shop().delete(found.id)
    return "The product is deleted for good: no webhook tells of it."


_DEEDS: Mapping[str, Callable[[Product, str], str]] = {
    "stock": _stock,
    "empty": _empty,
    "sell": _sell,
    "status": _status,
    "price": _price,
    "trash": _trash,
    "restore": _restore,
    "delete": _delete,
}
