"""The played admin: where a merchant installs the app and opens it, in a frame with App Bridge as the real one has."""

from __future__ import annotations

import base64
from importlib.resources import files
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from demo.shopify.app_file import optional_scopes, scopes
from demo.shopify.state import PlayedShop
from demo.shopify.web import platform, shop_of

FOLDER = files("templates") / "demo" / "shopify"
APP_PATH = "/shopify/app"
# What each scope lets the app do, in the words of a grant page.
MEANINGS = {
    "app_proxy": "answer at an address of your shop",
    "customer_events": "see what shoppers look at, with their consent",
    "customers": "customers",
    "inventory": "inventory",
    "locations": "locations",
    "markets": "markets",
    "orders": "orders of the last 60 days",
    "all_orders": "orders of any age",
    "pixels": "web pixels",
    "products": "products and collections",
    "publications": "sales channels",
    "themes": "themes",
}

bp = Blueprint("played_admin", __name__, template_folder=str(files("templates")))


@bp.before_app_request
def _same_site() -> None:
    """No other site may act in the played shop in somebody's name."""
    if request.method != "POST" or "/admin/api/" in request.path or request.path.startswith("/partners/"):
        return
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        abort(403)


def show(template: str, shop: PlayedShop, **values: object) -> str:
    """A page of the admin."""
    here = platform()
    return render_template(
        f"demo/shopify/{template}",
        shop=shop,
        handle=here.handle,
        installed=shop.installation,
        root=f"/{shop.domain}",
        **values,
    )


@bp.get("/")
def index() -> ResponseReturnValue:
    """Every shop of this server."""
    return render_template("demo/shopify/index.html", shops=platform().shops.values())


@bp.get("/played/<path:name>")
def asset(name: str) -> ResponseReturnValue:
    """A file of these pages."""
    kinds = {"played.css": "text/css", "frame.js": "text/javascript"}
    if name not in kinds:
        abort(404)
    return Response(FOLDER.joinpath("assets", name).read_text("utf-8"), content_type=f"{kinds[name]}; charset=utf-8")


@bp.get("/app-bridge.js")
def app_bridge() -> ResponseReturnValue:
    """The played App Bridge, which the app's pages load."""
    headers = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
    text = FOLDER.joinpath("assets", "app-bridge.js").read_text("utf-8")
    return Response(text, headers=headers, content_type="text/javascript; charset=utf-8")


@bp.get("/<shop>/admin")
@bp.get("/<shop>/admin/")
def home(shop: str) -> ResponseReturnValue:
    """The first page: the shop at a glance, and the app."""
    played = shop_of(shop)
    return show("home.html", played, revenue=sum(each.subtotal for each in played.orders.values()))


@bp.get("/<shop>/admin/install")
def grant_page(shop: str) -> ResponseReturnValue:
    """What the app asks for, before anything is granted."""
    asked = [_meaning(each) for each in scopes()]
    return show("grant.html", shop_of(shop), asked=asked, optional=[_meaning(each) for each in optional_scopes()])


@bp.post("/<shop>/admin/install")
def install(shop: str) -> ResponseReturnValue:
    """Grant, and open the app."""
    here = platform()
    here.install(shop_of(shop))
    if request.form.get("optional"):
        here.grant(shop_of(shop))
    return redirect(f"/{shop}/admin/apps/{here.handle}", 303)


@bp.post("/<shop>/admin/uninstall")
def uninstall(shop: str) -> ResponseReturnValue:
    """Take the app out."""
    if shop_of(shop).installation is not None:
        platform().uninstall(shop_of(shop))
    return redirect(f"/{shop}/admin", 303)


@bp.get("/<shop>/admin/apps/<handle>")
@bp.get("/<shop>/admin/apps/<handle>/<path:rest>")
def app(shop: str, handle: str, rest: str = "") -> ResponseReturnValue:
    """The app in its frame."""
    played, here = shop_of(shop), platform()
    if handle != here.handle:
        abort(404)
    if played.installation is None:
        return redirect(f"/{shop}/admin/install", 303)
    address = app_address(played, f"{APP_PATH}/{rest}".rstrip("/"), dict(request.args))
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(here.app_url))
    return show("app.html", played, address=address, app_origin=origin)


@bp.get("/<shop>/admin/apps/<handle>/id-token")
def id_token(shop: str, handle: str) -> ResponseReturnValue:
    """A fresh ID token, for the frame's own script alone: other sites can't read it."""
    played = shop_of(shop)
    if played.installation is None or handle != platform().handle:
        abort(404)
    return {"token": platform().tokens.id_token(played)}, 200, {"Cache-Control": "no-store"}


@bp.get("/<shop>/admin/apps/<handle>/open")
def opened(shop: str, handle: str) -> ResponseReturnValue:
    """The address of one of the app's pages with all that Shopify puts into it; path: the page's, with its query."""
    wanted = urlsplit(request.args.get("path", APP_PATH))
    if handle != platform().handle or not wanted.path.startswith("/"):
        abort(404)
    given = dict(pair.split("=", 1) for pair in wanted.query.split("&") if "=" in pair)
    return {"address": app_address(shop_of(shop), wanted.path, given)}, 200, {"Cache-Control": "no-store"}


@bp.post("/<shop>/admin/apps/<handle>/scopes")
def more_scopes(shop: str, handle: str) -> ResponseReturnValue:
    """Grant what the app's file calls optional and the merchant has just allowed; and say what is granted in all."""
    played, here = shop_of(shop), platform()
    if played.installation is None or handle != here.handle:
        abort(404)
    wanted = [each for each in request.form.getlist("scope") if each in optional_scopes()]
    if new := [each for each in wanted if each not in played.installation.scopes]:
        here.grant(played, *new)
    granted = list(played.installation.scopes)
    return {"granted": granted, "required": list(scopes()), "optional": list(optional_scopes()), "requested": wanted}


def app_address(shop: PlayedShop, path: str, more: dict[str, str]) -> str:
    """The address of a page of the app as the admin opens it."""
    here = platform()
    host = base64.urlsafe_b64encode(f"{urlsplit(here.url).netloc}/{shop.domain}/admin".encode()).decode().rstrip("=")
    kept = {name: value for name, value in more.items() if name not in {"id_token", "shop", "host", "embedded"}}
    own = {"embedded": "1", "host": host, "id_token": here.tokens.id_token(shop), "locale": shop.locale}
    return f"{here.app_url.rstrip('/')}{path}?{urlencode({**kept, **own, 'shop': shop.domain})}"


def _meaning(scope: str) -> str:
    verb, _, what = scope.partition("_")
    verbs = {"read": "View", "write": "View and edit"}
    return f"{verbs.get(verb, verb.title())} {MEANINGS.get(what, what.replace('_', ' '))}"
