"""The Store API: what a shopper's browser may ask without a key."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from demo.woocommerce.bodies.common import Body
from demo.woocommerce.bodies.products import permalink, prices_of
from demo.woocommerce.carts import COOKIE, Cart, minor, money_words
from demo.woocommerce.rest.calls import answer, asked, given, played, shop
from demo.woocommerce.rest.collections import RestError, paged
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Product
from demo.woocommerce.trade import NotEnough

bp = Blueprint("store", __name__, url_prefix="/wp-json/wc/store/v1")
EXPOSED = "X-WP-Total, X-WP-TotalPages, Link, Cart-Token"


@bp.get("/products")
def products() -> ResponseReturnValue:
    """What the shop shows, newest first."""
    home = shop()
    with home.lock:
        found = [each for each in home.products.values() if _shown(each)]
        found.sort(key=lambda each: (each.created, each.id), reverse=True)
        page = paged(asked(), found, f"{home.address}{request.path}")
        return answer([store_product(home, each) for each in page.things], headers=dict(page.headers))


@bp.get("/products/<int:number>")
def product(number: int) -> ResponseReturnValue:
    """One product."""
    found = shop().products.get(number)
    if found is None or found.status != "publish":
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
    return answer(store_product(shop(), found))


@bp.get("/cart")
def cart() -> ResponseReturnValue:
    """The shopper's cart, with the nonce that writing calls need."""
    return _told(_cart())


@bp.post("/cart/add-item")
def add_item() -> ResponseReturnValue:
    """Put something into the cart."""
    found, body = _allowed(), given()
    number = _chosen(int(body.get("id", 0)), body.get("variation"))
    try:
        played().carts.add(found, number, int(body.get("quantity", 1)))
    except KeyError:
        message = "This product cannot be added to the cart."
        raise RestError("woocommerce_rest_cart_invalid_product", message, 400) from None
    except NotEnough as gone:
        raise _sold_out(gone) from None
    return _told(found, 201)


@bp.post("/checkout")
def checkout() -> ResponseReturnValue:
    """Make the cart an order."""
    found, body = _allowed(), given()
    if not found.pieces:
        raise RestError("woocommerce_rest_cart_empty", "Cannot place an order, your cart is empty.", 400)
    try:
        order = played().carts.sell(found, country=body.get("billing_address", {}).get("country", ""))
    except NotEnough as gone:
        raise _sold_out(gone) from None
    return answer({"order_id": order.id, "status": order.status, "order_key": "", "customer_id": 0})


def store_product(home: PlayedShop, thing: Product) -> Body:
    """A product as the Store API tells it."""
    address, sells = permalink(home, thing), home.stock_status(thing) != "outofstock"
    return {
        "id": thing.id,
        "name": thing.name,
        "slug": thing.slug,
        "parent": thing.parent_id,
        "type": thing.type,
        "variation": ", ".join(f"{name}: {value}" for name, value in thing.picks.items()),
        "permalink": address,
        "sku": thing.sku,
        "short_description": thing.short_description,
        "description": thing.description,
        "on_sale": thing.sale_price is not None,
        "prices": _prices(home, thing),
        "price_html": "",
        "average_rating": "0",
        "review_count": 0,
        "images": [],
        "categories": _categories(home, thing),
        **{name: [] for name in ("tags", "brands", "attributes")},
        "variations": [{"id": each.id, "attributes": []} for each in home.variations(thing.id)],
        "grouped_products": [],
        "has_options": thing.type == "variable",
        "is_purchasable": bool(prices_of(home, thing)) and thing.type != "variable",
        "is_in_stock": sells,
        "is_on_backorder": home.stock_status(thing) == "onbackorder",
        "low_stock_remaining": None,
        "stock_availability": {"text": "", "class": "in-stock" if sells else "out-of-stock"},
        **_form(),
        "add_to_cart": _add_to_cart(thing, address),
        "is_password_protected": False,
        "extensions": {},
        "_links": _links(home, thing),
    }


def _prices(home: PlayedShop, thing: Product) -> Body:
    prices = prices_of(home, thing)
    low, high = (minor(prices[0]), minor(prices[-1])) if prices else ("0", "0")
    return {
        "price": low,
        "regular_price": minor(thing.regular_price) if thing.regular_price is not None else low,
        "sale_price": low,
        "price_range": None if low == high else {"min_amount": low, "max_amount": high},
        **money_words(home),
    }


def _categories(home: PlayedShop, thing: Product) -> list[Body]:
    known = [home.categories[each] for each in thing.categories if each in home.categories]
    root = f"{home.address}/product-category"
    return [{"id": each.id, "name": each.name, "slug": each.slug, "link": f"{root}/{each.slug}/"} for each in known]


def _form() -> Body:
    return {
        "sold_individually": False,
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        "formatted_weight": "N/A",
        "formatted_dimensions": "N/A",
    }


def _add_to_cart(thing: Product, address: str) -> Body:
    text = "Select options" if thing.type == "variable" else "Add to cart"
    bounds = {"minimum": 1, "maximum": 9999, "multiple_of": 1}
    return {"text": text, "description": text, "url": address, "single_text": "Add to cart", **bounds}


def _links(home: PlayedShop, thing: Product) -> Body:
    root = f"{home.address}/wp-json/wc/store/v1/products"
    return {
        "self": [{"href": f"{root}/{thing.id}", "targetHints": {"allow": ["GET"]}}],
        "collection": [{"href": root}],
        "related": [{"embeddable": True, "href": f"{root}?related={thing.id}&per_page=10"}],
    }


def _shown(thing: Product) -> bool:
    return thing.type != "variation" and thing.status == "publish" and thing.visibility in {"visible", "catalog"}


def _cart() -> Cart:
    return played().carts.of(request.headers.get("Cart-Token") or request.cookies.get(COOKIE, ""))


def _allowed() -> Cart:
    """The cart of a call that may write. Raises RestError in the Store API's words."""
    found, nonce = _cart(), request.headers.get("Nonce", "")
    if request.headers.get("Cart-Token"):
        return found
    if not nonce:
        message = "Missing the Nonce header. This endpoint requires a valid nonce."
        raise RestError("woocommerce_rest_missing_nonce", message, 401)
    if not secrets.compare_digest(nonce, found.nonce):
        raise RestError("woocommerce_rest_invalid_nonce", "Nonce is invalid.", 403)
    return found


def _chosen(number: int, variation: Any) -> int:
    """The variation that is meant, where a variable product and its options are named."""
    home = shop()
    thing = home.products.get(number)
    if thing is None or thing.type != "variable":
        return number
    wanted = {str(each.get("attribute", "")).lower(): each.get("value") for each in variation or []}
    for each in home.variations(number):
        picks = {name.lower(): value for name, value in each.picks.items()}
        if picks == wanted:
            return each.id
    raise RestError("woocommerce_rest_missing_variation_data", "Missing variation data for variable product.", 400)


def _sold_out(gone: NotEnough) -> RestError:
    message = f"You cannot add &quot;{gone.product.name}&quot; to the cart because the product is out of stock."
    return RestError("woocommerce_rest_product_out_of_stock", message, 400)


def _told(found: Cart, status: int = 200) -> Response:
    headers = {"Nonce": found.nonce, "Cart-Token": found.key, "Access-Control-Expose-Headers": EXPOSED}
    response = answer(played().carts.body(found), status, headers)
    response.set_cookie(COOKIE, found.key, httponly=True, samesite="Lax")
    return response
