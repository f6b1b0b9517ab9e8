"""The demo shop's pages, under /demo: what a shopper meets in any shop that has Shelfwise installed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from connectors.records import Money
from demo.assortment import department_texts
from demo.cart import COOKIE, MOST_PIECES, cart_lines, read_cart, write_cart
from demo.catalogue import DemoShop, ShopWindow, WindowProduct
from demo.goods import slug
from demo.offers import Offer, money, offers
from demo.orders import CartLine, Counter
from demo.pictures import draw
from demo.till import SoldOut, Till

CONSENT_COOKIE = "demo_consent"
COOKIE_SECONDS = 180 * 86_400
PICTURE_SECONDS = 30 * 86_400
PAGE_SIZE = 24
NEW_IN = 8
RESTOCKED_PIECES = 5
# The shopkeeper's page looks through so many of the newest products for those that are running low.
SHELF_PRODUCTS = 2000
SHELF_SHOWN = 12
EVERYTHING = "Everything"
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' https: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


class NotLoaded(Exception):
    """The shop has no goods yet: it is just being loaded."""


def blueprint(window: ShopWindow, till: Till) -> Blueprint:
    """The storefront of one shop, to be registered with any Flask app."""
    folder = files("templates")
    bp = Blueprint(
        "demo",
        __name__,
        url_prefix="/demo",
        template_folder=str(folder),
        static_folder=str(folder / "demo" / "assets"),
        static_url_path="/assets",
    )
    pages = Storefront(window, till)
    bp.add_url_rule("/", "home", pages.home)
    bp.add_url_rule("/collections/<name>", "collection", pages.collection)
    bp.add_url_rule("/products/<path:handle>", "product", pages.product)
    bp.add_url_rule("/search", "search", pages.search)
    bp.add_url_rule("/cart", "cart", pages.cart)
    bp.add_url_rule("/cart/add", "add", pages.add, methods=["POST"])
    bp.add_url_rule("/cart/change", "change", pages.change, methods=["POST"])
    bp.add_url_rule("/buy", "buy", pages.buy, methods=["POST"])
    bp.add_url_rule("/orders/<order>", "order", pages.order)
    bp.add_url_rule("/consent", "consent", pages.consent, methods=["POST"])
    bp.add_url_rule("/shelf", "shelf", pages.shelf)
    bp.add_url_rule("/shelf/<path:handle>", "fill", pages.fill, methods=["POST"])
    bp.add_url_rule("/pictures/<path:handle>.svg", "picture", pages.picture)
    bp.before_request(_same_site)
    bp.after_request(_headers)
    bp.register_error_handler(404, pages.not_found)
    bp.register_error_handler(NotLoaded, pages.loading)
    return bp


class Storefront:
    """The pages. Everything that they know comes through the shop window and the till."""

    def __init__(self, window: ShopWindow, till: Till) -> None:
        self._window = window
        self._till = till
        self._counter = Counter(till)

    def home(self) -> ResponseReturnValue:
        """The first page."""
        shop = self._shop()
        newest = self._offers(shop, self._window.collection("", offset=0, limit=NEW_IN).products)
        doors = [
            (each, self._offers(shop, self._window.collection(each.name, offset=0, limit=1).products)[0].picture)
            for each in self._window.categories()
        ]
        return self._page("home", newest=newest, doors=doors, texts=department_texts())

    def collection(self, name: str) -> ResponseReturnValue:
        """All products of a department, a page at a time."""
        names = {slug(each.name): each.name for each in self._window.categories()}
        if name not in names and name != slug(EVERYTHING):
            abort(404)
        category = names.get(name, "")
        number = max(request.args.get("page", 1, type=int), 1)
        found = self._window.collection(category, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        if number > 1 and not found.products:
            abort(404)
        return self._page(
            "collection",
            name=category or EVERYTHING,
            about=department_texts().get(category, ""),
            offers=self._offers(self._shop(), found.products),
            total=found.total,
            number=number,
            pages=-(-found.total // PAGE_SIZE),
        )

    def product(self, handle: str) -> ResponseReturnValue:
        """One product, with its choices."""
        return self._page("product", offer=self._offer(handle), restocked=RESTOCKED_PIECES)

    def search(self) -> ResponseReturnValue:
        """What was found, or a page that offers something else."""
        words = request.args.get("q", "").strip()[:200]
        number = max(request.args.get("page", 1, type=int), 1)
        found = self._window.search(words, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        return self._page(
            "search",
            words=words,
            offers=self._offers(self._shop(), found.products),
            total=found.total,
            number=number,
            pages=-(-found.total // PAGE_SIZE),
        )

    def cart(self) -> ResponseReturnValue:
        """What lies in the cart, and the way to pay."""
        return self._cart_page("")

    def add(self) -> ResponseReturnValue:
        """Put pieces into the cart: from a form, or (with JSON asked for) from the theme's script."""
        cart = read_cart(request.cookies.get(COOKIE, ""))
        key = (request.form.get("product", ""), request.form.get("variant", ""))
        wanted = cart.get(key, 0) + _pieces(request.form.get("quantity", "1"), least=1)
        lines = cart_lines({key: wanted}, self._window)
        left = self._left(lines[0]) if lines else 0
        if not lines or (left is not None and wanted > left):
            return self._not_added(lines, left or 0)
        cart[key] = min(wanted, MOST_PIECES)
        if _wants_json():
            return _with_cart(make_response({"count": sum(cart.values())}), cart)
        return _with_cart(make_response(redirect("/demo/cart", 303)), cart)

    def change(self) -> ResponseReturnValue:
        """Set how many pieces of a line the cart holds; none takes the line out."""
        cart = read_cart(request.cookies.get(COOKIE, ""))
        key = (request.form.get("product", ""), request.form.get("variant", ""))
        cart = {**cart, key: _pieces(request.form.get("quantity", "0"), least=0)}
        return _with_cart(
            make_response(redirect("/demo/cart", 303)), {each: pieces for each, pieces in cart.items() if pieces}
        )

    def buy(self) -> ResponseReturnValue:
        """Sell the cart. Nothing is charged and nothing is sent: it is a demo."""
        lines = cart_lines(read_cart(request.cookies.get(COOKIE, "")), self._window)
        if not lines:
            return redirect("/demo/cart", 303)
        consented = request.cookies.get(CONSENT_COOKIE) == "yes"
        try:
            visitor = request.form.get("visitor", "")[:64] if consented else ""
            order = self._counter.buy(self._shop(), lines, visitor=visitor)
        except SoldOut as gone:
            title = next(line.product.title for line in lines if line.variant == gone.variant)
            return self._cart_page(f"Somebody was quicker: there are {gone.left} left of {title}."), 409
        return _with_cart(make_response(redirect(f"/demo/orders/{order}", 303)), {})

    def order(self, order: str) -> ResponseReturnValue:
        """Thanks for an order."""
        body = self._till.sale(self._shop().key, order)
        if body is None:
            abort(404)
        sold = json.loads(body)
        products = self._window.products([line["product"] for line in sold["lines"]])
        by_id = {each.product.external_id: each for each in self._offers(self._shop(), products)}
        return self._page("order", order=sold, offers=by_id, untold=self._till.untold())

    def consent(self) -> ResponseReturnValue:
        """Keep what the shopper decided about recommendations that remember."""
        choice = "yes" if request.form.get("choice") == "yes" else "no"
        back = request.form.get("back", "")
        answer = make_response("", 204) if _wants_json() else make_response(redirect(_local(back), 303))
        answer.set_cookie(CONSENT_COOKIE, choice, max_age=COOKIE_SECONDS, path="/demo", samesite="Lax")
        return answer

    def shelf(self) -> ResponseReturnValue:
        """The shopkeeper's corner: what is about to run out, and what has."""
        products = self._window.collection("", offset=0, limit=SHELF_PRODUCTS).products
        counted = [each for each in self._offers(self._shop(), products) if each.left is not None]
        low = sorted((each for each in counted if each.left), key=lambda each: each.left or 0)
        gone = [each for each in counted if not each.left]
        return self._page("shelf", low=low[:SHELF_SHOWN], gone=gone[:SHELF_SHOWN], restocked=RESTOCKED_PIECES)

    def fill(self, handle: str) -> ResponseReturnValue:
        """Empty a shelf or fill it again; the webhooks are answered before this is."""
        product = self._offer(handle).product
        if request.form.get("action") == "empty":
            self._counter.empty(self._shop(), product)
        else:
            self._counter.restock(self._shop(), product, RESTOCKED_PIECES)
        return redirect(_local(request.form.get("back", "")), 303)

    def picture(self, handle: str) -> ResponseReturnValue:
        """The drawn picture of a product, or of whatever the words name."""
        product = self._window.product(handle)
        title = product.title if product else handle.replace("-", " ")
        answer = Response(draw(title[:200], request.args.get("colour", "")[:20]), mimetype="image/svg+xml")
        answer.cache_control.max_age = PICTURE_SECONDS
        answer.cache_control.public = True
        answer.add_etag()
        return answer.make_conditional(request)

    def not_found(self, _error: Exception) -> ResponseReturnValue:
        """A page for what is not there."""
        return self._page("not_found"), 404

    def loading(self, _error: Exception) -> ResponseReturnValue:
        """A page that looks again by itself."""
        return render_template("demo/loading.html"), 503, {"Retry-After": "5"}

    def _shop(self) -> DemoShop:
        shop = self._window.shop()
        if shop is None:
            raise NotLoaded
        return shop

    def _offer(self, handle: str) -> Offer:
        product = self._window.product(handle)
        if product is None:
            abort(404)
        return self._offers(self._shop(), [product])[0]

    def _offers(self, shop: DemoShop, products: Sequence[WindowProduct]) -> list[Offer]:
        return offers(self._till, shop.key, products)

    def _left(self, line: CartLine) -> int | None:
        return self._till.left(self._shop().key, [line.variant])[line.variant.external_id]

    def _not_added(self, lines: Sequence[CartLine], left: int) -> ResponseReturnValue:
        message = f"There are only {left} left of {lines[0].product.title}." if lines else "That is no longer sold."
        if lines and left == 0:
            message = f"{lines[0].product.title} has just been sold out."
        return ({"message": message}, 409) if _wants_json() else (self._cart_page(message), 409)

    def _cart_page(self, problem: str) -> str:
        lines = cart_lines(read_cart(request.cookies.get(COOKIE, "")), self._window)
        shown = {
            each.product.external_id: each for each in self._offers(self._shop(), [each.product for each in lines])
        }
        left = {line.variant.external_id: self._left(line) for line in lines}
        return self._page("cart", lines=lines, offers=shown, left=left, problem=problem)

    def _page(self, template: str, /, **values: Any) -> str:
        cart = read_cart(request.cookies.get(COOKIE, ""))
        shop = self._shop()
        return render_template(
            f"demo/{template}.html",
            shop=shop,
            categories=self._window.categories(),
            cart_count=sum(cart.values()),
            in_cart=[product for product, _ in cart],
            consent=request.cookies.get(CONSENT_COOKIE, ""),
            money=money,
            shop_money=lambda amount: money(Money(Decimal(amount), shop.currency)),
            slug=slug,
            everything=EVERYTHING,
            here=request.full_path.rstrip("?"),
            **values,
        )


def _pieces(text: str, *, least: int) -> int:
    return min(max(int(text), least), MOST_PIECES) if text.isascii() and text.isdigit() and len(text) < 6 else least


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _local(address: str) -> str:
    """An address of our own pages, whatever was asked for."""
    return address if address.startswith("/demo/") and "\\" not in address else "/demo/"


def _with_cart(answer: Response, cart: Mapping[tuple[str, str], int]) -> Response:
    answer.set_cookie(COOKIE, write_cart(cart), max_age=COOKIE_SECONDS, path="/demo", httponly=True, samesite="Lax")
    return answer


def _same_site() -> None:
    """No other site may buy here, or empty a shelf, in a visitor's name."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        abort(403)


def _headers(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = CONTENT_POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    if answer.mimetype == "text/html":
        answer.headers["Cache-Control"] = "no-store"
    return answer
