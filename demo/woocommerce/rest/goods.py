"""Products, their variations, and what they are sorted by."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from demo.woocommerce.bodies.others import attribute_body, term_body
from demo.woocommerce.bodies.products import product_body, variation_body
from demo.woocommerce.rest.calls import answer, asked, given, listed, missing, shop
from demo.woocommerce.rest.collections import TERMS, Dated, RestError
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Product, Term

bp = Blueprint("goods", __name__, url_prefix="/wp-json/wc/v3")
DATED: Dated[Product] = Dated(lambda each: each.id, lambda each: each.created, lambda each: each.modified)
STATUSES = ("any", "future", "trash", "draft", "pending", "private", "publish")


@bp.get("/products")
def products() -> ResponseReturnValue:
    """All products; variations are not among them."""
    return listed("products", _products, product_body, DATED)


@bp.get("/products/<int:number>")
def product(number: int) -> ResponseReturnValue:
    """One product, or one variation in a product's shape."""
    with shop().lock:
        return answer(product_body(shop(), _found(number)))


@bp.put("/products/<int:number>")
@bp.post("/products/<int:number>")
def change(number: int) -> ResponseReturnValue:
    """Change what the played shop lets a key change: stock, status, price and name."""
    home = shop()
    with home.lock:
        _found(number)
        return answer(product_body(home, home.change(number, **_values())))


@bp.delete("/products/<int:number>")
def delete(number: int) -> ResponseReturnValue:
    """Trash a product, or (force) delete it for good."""
    home = shop()
    with home.lock:
        found = _found(number)
        body = product_body(home, found)
        if str(asked().given.get("force", given().get("force", ""))).lower() in {"1", "true"}:
            home.delete(number)
        elif found.status == "trash":
            raise RestError("woocommerce_rest_already_trashed", "The product has already been deleted.", 410)
        else:
            home.trash(number)
    return answer(body)


@bp.get("/products/<int:parent>/variations")
def variations_of(parent: int) -> ResponseReturnValue:
    """The variations of one product."""
    if parent not in shop().products:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
    return listed(f"variations of {parent}", lambda: _with_status(shop().variations(parent)), variation_body, DATED)


@bp.get("/products/<int:parent>/variations/<int:number>")
def variation(parent: int, number: int) -> ResponseReturnValue:
    """One variation."""
    with shop().lock:
        found = shop().products.get(number)
        if found is None or found.parent_id != parent:
            raise missing("product_variation")
        return answer(variation_body(shop(), found))


@bp.get("/variations")
def variations() -> ResponseReturnValue:
    """The variations of all products; older shops don't know this route."""
    if not shop().has_variations_route:
        raise RestError("rest_no_route", "No route was found matching the URL and request method.", 404)
    return listed("variations", _variations, variation_body, DATED)


@bp.get("/products/categories")
@bp.get("/products/tags")
@bp.get("/products/brands")
def terms() -> ResponseReturnValue:
    """Categories, tags or brands, by name; by ids where that is asked for."""
    kind = request.path.rpartition("/")[2]
    home = shop()
    known: dict[int, Term] = getattr(home, kind)
    counts = Counter(each for product in list(home.products.values()) for each in getattr(product, kind))

    def body(_home: PlayedShop, term: Term) -> object:
        return term_body(home, kind, term, counts[term.id])

    at = home.clock()
    by_id: Dated[Term] = Dated(
        lambda each: each.id,
        lambda _each: at,
        lambda _each: at,
        TERMS,
        down=False,
        timed=False,
        name=lambda each: each.name,
    )
    return listed(kind, lambda: list(known.values()), body, by_id)


@bp.get("/products/attributes")
def attributes() -> ResponseReturnValue:
    """The attributes of the whole shop: this list knows no pages."""
    return answer([attribute_body(shop(), each) for each in shop().attributes.values()])


def _found(number: int) -> Product:
    found = shop().products.get(number)
    if found is None:
        raise missing("product")
    return found


def _products() -> list[Product]:
    wanted = asked()
    found = _with_status([each for each in shop().products.values() if each.type != "variation"])
    if kind := wanted.given.get("type"):
        found = [each for each in found if each.type == kind]
    if words := wanted.given.get("search", "").lower().split():
        found = [each for each in found if all(word in f"{each.name} {each.sku}".lower() for word in words)]
    if sku := wanted.given.get("sku"):
        # By SKU variations are found too.
        found = [each for each in shop().products.values() if each.sku in sku.split(",")]
    if category := wanted.ids("category"):
        found = [each for each in found if set(category) & set(each.categories)]
    if parents := wanted.ids("parent"):
        found = [each for each in found if each.parent_id in parents]
    if state := wanted.given.get("stock_status"):
        found = [each for each in found if shop().stock_status(each) == state]
    return found


def _variations() -> list[Product]:
    found = _with_status([each for each in shop().products.values() if each.type == "variation"])
    if parents := asked().ids("parent"):
        found = [each for each in found if each.parent_id in parents]
    return found


def _with_status(things: list[Product]) -> list[Product]:
    status = asked().one_of("status", STATUSES, "any")
    return [each for each in things if (each.status != "trash" if status == "any" else each.status == status)]


def _values() -> dict[str, object]:
    body = given()
    found: dict[str, object] = {
        name: body[name] for name in ("name", "status", "backorders", "stock_status") if name in body
    }
    for name in ("regular_price", "sale_price"):
        if name in body:
            found[name] = Decimal(str(body[name])) if body[name] else None
    if body.get("manage_stock") is False:
        found["stock"] = None
    elif "stock_quantity" in body:
        found["stock"] = int(body["stock_quantity"])
    return found
