"""The pages that shoppers see. Our slates stand in them as the plugin puts them there: by the server, or not at all."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import requests
from flask import Blueprint, Response, abort, make_response, redirect, request
from flask.typing import ResponseReturnValue

from demo.pictures import draw
from demo.woocommerce.bodies.common import SYMBOLS
from demo.woocommerce.bodies.products import prices_of
from demo.woocommerce.carts import COOKIE, Cart
from demo.woocommerce.pages import FOLDER, TEMPLATES, show
from demo.woocommerce.rest.calls import played, shop
from demo.woocommerce.things import Product
from demo.woocommerce.trade import NotEnough

bp = Blueprint("storefront", __name__, template_folder=TEMPLATES)
# As the plugin: a slow or dead app costs the page this much, and no more.
SLATE_SECONDS = 0.3
SLATE_ITEMS = 4
PAGE_SIZE = 24
MARK = re.compile(r"[A-Za-z0-9-]{1,80}:\d{1,3}")
VISITOR = re.compile(r"[A-Za-z0-9_-]{8,64}")
CONSENT, VISITOR_COOKIE = "played_consent", "shelfwise_visitor"


@bp.get("/")
def home() -> ResponseReturnValue:
    """The first page."""
    return _page("front.html", products=_listed()[:8], slate=_slate("home"))


@bp.get("/shop/")
def listing() -> ResponseReturnValue:
    """All that is sold, or what was searched for."""
    words = request.args.get("s", "").strip()[:200].lower()
    found = [each for each in _listed() if all(word in each.name.lower() for word in words.split())]
    number = max(request.args.get("paged", 1, type=int), 1)
    part = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    slate = _slate("search", q=words) if words else _slate("collection")
    return _page("listing.html", products=part, total=len(found), number=number, words=words, slate=slate)


@bp.get("/product-category/<slug>/")
def category(slug: str) -> ResponseReturnValue:
    """The products of a category."""
    term = next((each for each in list(shop().categories.values()) if each.slug == slug), None)
    if term is None:
        abort(404)
    found = [each for each in _listed() if term.id in each.categories]
    return _page("listing.html", products=found, total=len(found), number=1, words="", term=term)


@bp.get("/product/<slug>/")
def product(slug: str) -> ResponseReturnValue:
    """One product. A link from a slate says which one, and the cart remembers it."""
    found = shop().by_slug(slug)
    if found is None:
        abort(404)
    cart = _cart()
    if mark := _mark(request.args.get("shelfwise", "")):
        played().carts.remember(cart, found.id, mark)
    forms = [each for each in shop().variations(found.id) if each.status == "publish"] or [found]
    slate = _slate("product", product=found.id)
    return _with_cart(_page("product.html", product=found, forms=forms, slate=slate), cart)


@bp.get("/cart/")
def cart() -> ResponseReturnValue:
    """What lies in the cart."""
    return _cart_page("")


@bp.post("/cart/")
def change_cart() -> ResponseReturnValue:
    """Put something into the cart, or change how much of it there is."""
    found, carts = _cart(), played().carts
    number = request.form.get("add-to-cart", type=int) or request.form.get("product", 0, type=int)
    sold = shop().products.get(number)
    if sold is None:
        abort(404)
    if mark := _mark(request.form.get("shelfwise", "")):
        carts.remember(found, sold.parent_id or sold.id, mark)
    try:
        if "add-to-cart" in request.form:
            carts.add(found, number, request.form.get("quantity", 1, type=int))
        else:
            carts.set(found, number, request.form.get("quantity", 0, type=int))
    except (NotEnough, KeyError) as problem:
        return _cart_page(f"That can't be put into the cart: {problem}"), 409
    return _with_cart(make_response(redirect("/cart/", 303)), found)


@bp.post("/checkout/")
def checkout() -> ResponseReturnValue:
    """Buy the cart. Nothing is charged and nothing is sent."""
    found = _cart()
    if not found.pieces:
        return redirect("/cart/", 303)
    consented = request.cookies.get(CONSENT) == "yes"
    visitor = request.cookies.get(VISITOR_COOKIE, "") if consented else ""
    try:
        order = played().carts.sell(found, visitor=visitor if VISITOR.fullmatch(visitor) else "")
    except NotEnough as gone:
        return _cart_page(f"Somebody was quicker: {gone}."), 409
    return redirect(f"/checkout/order-received/{order.id}/", 303)


@bp.get("/checkout/order-received/<int:number>/")
def received(number: int) -> ResponseReturnValue:
    """Thanks for an order."""
    order = shop().orders.get(number)
    if order is None:
        abort(404)
    return _page("received.html", order=order, slate=_slate("post_purchase", product=order.lines[0].product_id))


@bp.get("/pictures/<slug>.svg")
def picture(slug: str) -> ResponseReturnValue:
    """A product's picture, drawn."""
    found = shop().by_slug(slug)
    return Response(draw(found.name if found else slug.replace("-", " ")[:200], ""), mimetype="image/svg+xml")


@bp.get("/wp-content/played.css")
def style() -> ResponseReturnValue:
    """How these pages look."""
    return Response(FOLDER.joinpath("played.css").read_text("utf-8"), content_type="text/css; charset=utf-8")


def _listed() -> list[Product]:
    home = shop()
    with home.lock:
        found = [
            each
            for each in home.products.values()
            if each.type != "variation" and each.status == "publish" and each.visibility != "hidden"
        ]
    return sorted(found, key=lambda each: (each.created, each.id), reverse=True)


def _cart() -> Cart:
    return played().carts.of(request.cookies.get(COOKIE, ""))


def _mark(text: str) -> str:
    return text if MARK.fullmatch(text) else ""


def _slate(placement: str, **more: Any) -> Any:
    """What the app recommends here, asked for by the server; None where there is no app, or none in time."""
    home = shop()
    if home.link is None or not home.plugin:
        return None
    in_cart = sorted({home.products[each].parent_id or each for each in _cart().pieces})
    asked = {"shop": home.link["shop"], "placement": placement, "count": SLATE_ITEMS, "cart": in_cart, **more}
    try:
        found = requests.get(f"{home.link['api'].rstrip('/')}/v1/slates", params=asked, timeout=SLATE_SECONDS)
        return found.json() if found.ok else None
    except (requests.RequestException, ValueError):
        return None


def _cart_page(problem: str) -> Response:
    lines = [(shop().products[number], pieces) for number, pieces in _cart().pieces.items()]
    return _page("cart.html", lines=lines, problem=problem, slate=_slate("cart"))


def _page(template: str, **values: Any) -> Response:
    home = shop()
    symbol = SYMBOLS.get(home.currency, "")

    def money(amount: Decimal | str) -> str:
        return f"{symbol}{Decimal(amount):.2f}"

    def price(thing: Product) -> str:
        found = prices_of(home, thing)
        return f"{'from ' if found[0] != found[-1] else ''}{money(found[0])}" if found else ""

    values = {"price": price, "money": money, "in_cart": _cart().count(), "slate": None, "term": None, **values}
    return make_response(show(template, **values), 200, {"Cache-Control": "no-store"})


def _with_cart(answer: Response, cart: Cart) -> Response:
    answer.set_cookie(COOKIE, cart.key, httponly=True, samesite="Lax")
    return answer
