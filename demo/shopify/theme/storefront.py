"""The pages that shoppers see of a played shop, under /{shop}/."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request, send_from_directory
from flask.typing import ResponseReturnValue

from demo.shopify.carts import COOKIE
from demo.shopify.liquid.drops import Drop, Listing
from demo.shopify.liquid.extension import Extension
from demo.shopify.liquid.objects import collection_drop, everything, product_drop
from demo.shopify.liquid.page import Page
from demo.shopify.state import PlayedShop
from demo.shopify.theme.renderer import Theme
from demo.shopify.things import Product

if TYPE_CHECKING:
    from demo.shopify.platform import Platform

HERE = Path(__file__).parent
EXTENSION = Path(str(files("templates"))) / "shopify" / "extensions" / "shelfwise-theme"
LANGUAGES = frozenset({"en", "de", "fr", "es", "it", "nl", "pt-BR", "ja", "pl", "sv", "ar"})
COUNTRY = re.compile(r"[A-Z]{2}")
CHOICE_SECONDS = 86_400 * 180
MOST_FOUND = 60
# Strict: nothing from elsewhere, and neither scripts nor styles inside a page.
CONTENT_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"


def blueprint(platform: Platform) -> Blueprint:
    """The storefronts of all shops of a platform."""
    pages = Storefront(platform)
    bp = Blueprint("storefront", __name__)
    for rule, page in (
        ("/<shop>/", pages.home),
        ("/<shop>/collections/<handle>", pages.collection),
        ("/<shop>/products/<handle>", pages.product),
        ("/<shop>/search", pages.search),
        ("/<shop>/cart", pages.cart),
        ("/<shop>/orders/<int:number>", pages.order),
        ("/<shop>/cdn/<folder>/<name>", pages.file),
        ("/<shop>/<path:rest>", pages.not_found),
    ):
        bp.add_url_rule(rule, page.__name__, page)
    platform.render_liquid = pages.proxied
    return bp


class Storefront:
    """The pages. with_blocks: whether our extension is installed, or the theme stands alone."""

    def __init__(self, platform: Platform, *, with_blocks: bool = True) -> None:
        self._platform = platform
        self._with_blocks = with_blocks
        self._themes: dict[str, Theme] = {}

    def home(self, shop: str) -> ResponseReturnValue:
        """The first page."""
        return self._page(shop, "index", {})

    def collection(self, shop: str, handle: str) -> ResponseReturnValue:
        """The products of a collection."""
        page = self._asked(shop, "collection")
        found = next(
            (each for each in page.shop.collections.values() if each.handle == handle and each.published), None
        )
        if found is None and handle != "all":
            return self.not_found(shop)
        return self._page(
            shop, "collection", {"collection": collection_drop(page, found) if found else everything(page)}
        )

    def product(self, shop: str, handle: str) -> ResponseReturnValue:
        """One product."""
        page = self._asked(shop, "product")
        found = page.shop.by_handle(handle)
        if found is None or not page.shop.on_sale(found, page.country):
            return self.not_found(shop)
        return self._page(shop, "product", {"product": product_drop(page, found)})

    def search(self, shop: str) -> ResponseReturnValue:
        """What was found for words."""
        page = self._asked(shop, "search")
        terms = request.args.get("q", "").strip()[:200]
        found = [product_drop(page, each) for each in _matches(page, terms)[:MOST_FOUND]]
        values = {"terms": terms, "performed": bool(terms), "results": Listing(found), "results_count": len(found)}
        return self._page(shop, "search", {"search": Drop("search", values)})

    def cart(self, shop: str) -> ResponseReturnValue:
        """What lies in the cart."""
        return self._page(shop, "cart", {})

    def order(self, shop: str, number: int) -> ResponseReturnValue:
        """Thanks for an order. At Shopify this belongs to the checkout: themes and their blocks have no part in it."""
        found = self._shop(shop).orders.get(number)
        if found is None:
            return self.not_found(shop)
        lines = "".join(f"<li>{escape(str(each.quantity))} &times; {escape(each.title)}</li>" for each in found.lines)
        text = f"<h1>Thank you</h1><p>Order {found.number} is confirmed.</p><ul>{lines}</ul>"
        back = f'<p><a href="/{escape(shop)}/">Back to the shop</a></p>'
        return self._answer(f'<!doctype html><html lang="en"><title>Thank you</title><main>{text}{back}</main></html>')

    def file(self, shop: str, folder: str, name: str) -> ResponseReturnValue:
        """A file of the theme, of the extension, or of the platform's own."""
        self._shop(shop)
        folders = {"theme": HERE / "files" / "assets", "extension": EXTENSION / "assets", "platform": HERE / "platform"}
        if folder not in folders:
            abort(404)
        return send_from_directory(folders[folder], name, max_age=0)

    def not_found(self, shop: str, rest: str = "") -> ResponseReturnValue:
        """A page for what is not there."""
        if rest.startswith("admin/"):
            abort(404)
        return self._page(shop, "404", {}), 404

    def proxied(self, shop: PlayedShop, text: str) -> str:
        """Liquid that the app answered with, rendered in the shop's theme; without the theme around it."""
        page = self._asked(shop.domain, "page")
        return self._theme(shop.domain).render_text(page, text)

    def _shop(self, domain: str) -> PlayedShop:
        found = self._platform.shops.get(domain.lower())
        if found is None:
            abort(404)
        return found

    def _theme(self, domain: str) -> Theme:
        if domain not in self._themes:
            extension = Extension(EXTENSION, f"/{domain}/cdn/extension") if self._with_blocks else None
            self._themes[domain] = Theme(HERE / "files", extension)
        return self._themes[domain]

    def _asked(self, domain: str, kind: str) -> Page:
        shop, theme = self._shop(domain), self._theme(domain)
        country = request.args.get("country") or request.cookies.get("localization", "")
        language = request.args.get("locale") or request.cookies.get("language", "")
        return Page(
            shop=shop,
            root=f"/{domain}",
            kind=kind,
            words=theme.words,
            assets=theme.assets,
            assets_address=f"/{domain}/cdn/theme",
            path=request.path,
            query=dict(request.args.items()),
            country=country if COUNTRY.fullmatch(country) else shop.country,
            locale=language if language in LANGUAGES else shop.locale,
            cart=self._platform.carts(domain).of(request.cookies.get(COOKIE, "")),
            design_mode=request.args.get("design_mode") == "1",
        )

    def _page(self, domain: str, kind: str, objects: Mapping[str, Any]) -> Response:
        page = self._asked(domain, kind)
        with page.shop.lock:
            html = self._theme(domain).render(page, kind, objects, _header(page))
        return self._answer(html)

    def _answer(self, html: str) -> Response:
        answer = Response(html, headers={"Content-Security-Policy": CONTENT_POLICY, "Cache-Control": "no-store"})
        for name, cookie in (("country", "localization"), ("locale", "language")):
            if request.args.get(name):
                answer.set_cookie(cookie, request.args[name][:5], max_age=CHOICE_SECONDS, samesite="Lax")
        return answer


def _header(page: Page) -> str:
    """What Shopify itself puts into every page's head: its script, told of the shop."""
    told = {
        "shop": page.shop.domain,
        "locale": page.locale,
        "country": page.country,
        "currency": {"active": page.currency, "rate": "1.0"},
        "routes": {"root": f"{page.root}/"},
        "banner": page.shop.consent_banner,
    }
    data = json.dumps(told).replace("<", "\\u003c")
    own = f"{page.root}/cdn/platform"
    return (
        f'<link rel="stylesheet" href="{escape(own)}/shopify.css">'
        f'<script type="application/json" id="shopify-told">{data}</script>'
        f'<script src="{escape(own)}/shopify.js"></script>'
    )


def _matches(page: Page, terms: str) -> list[Product]:
    words = terms.casefold().split()
    listed = [
        each
        for each in page.shop.products.values()
        if each.status == "ACTIVE" and page.shop.on_sale(each, page.country)
    ]
    texts = {each.id: f"{each.title} {each.product_type} {' '.join(each.tags)}".casefold() for each in listed}
    return [each for each in listed if words and all(word in texts[each.id] for word in words)]
