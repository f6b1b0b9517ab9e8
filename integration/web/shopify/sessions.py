"""Who asks for a page of the embedded admin, or calls its API: an ID token with every request, and never a cookie.

A page comes with its token in the address; where it is missing or stale, a bounce page lets App Bridge fetch a fresh
one and reload. A call carries it in its Authorization header. As no cookie stands for anybody, no other site can make a
browser act for a merchant.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from connectors.errors import PlatformError
from connectors.shopify.api import App, is_shop
from connectors.shopify.id_tokens import BadIdToken, IdToken, bearer, check
from integration.services.shopify import app_of
from integration.services.shopify.install import Opened, open_app
from integration.web.errors import Problem
from integration.web.services import services

log = logging.getLogger(__name__)

APP_BRIDGE = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
ADMIN = "https://admin.shopify.com"
PAGES = "/shopify/app"
BOUNCE = "/shopify/app/session"
# A token that is still not right so soon after a fresh one was fetched will not be the next time either.
FRESH_SECONDS = 30
_RELOAD = re.compile(rf"{PAGES}(?:/[\w-]+)*(?:\?[\w.~%&=+*:@!$,;/-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """A member of the shop's staff with the app open. host: as App Bridge wants it back in links; "" in calls."""

    app: App
    opened: Opened
    user_id: str
    host: str = ""

    def link(self, path: str) -> str:
        """The address of another page of ours, from which a lost token can be fetched again."""
        return f"{path}?{urlencode({'shop': self.opened.domain, 'host': self.host, 'embedded': '1'})}"


def the_app() -> App:
    """The app; these routes are served only where there is one."""
    app = app_of(services().settings)
    if app is None:
        raise RuntimeError("the app's client ID or secret at Shopify is not set")
    return app


def page(view: Callable[[Session], ResponseReturnValue]) -> Callable[[], ResponseReturnValue]:
    """A page of the embedded admin."""

    @wraps(view)
    def shown() -> ResponseReturnValue:
        app = the_app()
        try:
            id_token = check(request.args.get("id_token", ""), app)
        except BadIdToken as reason:
            return _without_token(app, str(reason))
        try:
            session = _session(app, id_token, request.args.get("host", ""))
        except BadIdToken as reason:
            return _without_token(app, str(reason))
        except PlatformError as reason:
            log.warning("the app could not be opened: %s", reason)
            return in_frame(app, id_token.shop, "unreachable.html", 503, reload=own_address(request.path))
        return framed(app, session.opened.domain, view(session))

    return shown


def call(view: Callable[[Session], Any]) -> Callable[[], ResponseReturnValue]:
    """A call of the embedded admin's API. The view's answer becomes JSON."""

    @wraps(view)
    def answered() -> ResponseReturnValue:
        app = the_app()
        try:
            session = _session(app, check(bearer(request.headers.get("Authorization", "")), app))
        except BadIdToken as reason:
            # App Bridge fetches a fresh token upon this header and repeats the call.
            return _json(Problem("bad_session", str(reason)), 401, {"X-Shopify-Retry-Invalid-Session-Request": "1"})
        except PlatformError as reason:
            return _json(Problem("try_again", str(reason)), 503, {"Retry-After": "5"})
        return _json(view(session), 200, {})

    return answered


def in_frame(app: App, shop: str, template: str, status: int, **values: Any) -> Response:
    """A page of ours in the shop's admin, for a shop whose name may be made up: it holds nothing of anybody."""
    text = render_template(f"shopify/admin/{template}", app=app, app_bridge=app_bridge(app), shop=shop, **values)
    return framed(app, shop, (text, status))


def framed(app: App, shop: str, answer: ResponseReturnValue) -> Response:
    """The answer with the headers that let this shop's admin alone show it, and keep its address to itself."""
    response = make_response(answer)
    ancestors = " ".join([f"https://{shop}", ADMIN, *([_origin(app.play_url)] if app.play_url else [])])
    response.headers["Content-Security-Policy"] = (
        f"frame-ancestors {ancestors}; object-src 'none'; base-uri 'none'; form-action 'self'"
    )
    response.headers["Cache-Control"] = "no-store"
    # The address holds an ID token.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def app_bridge(app: App) -> str:
    """Where App Bridge is loaded from."""
    return f"{app.play_url.rstrip('/')}/app-bridge.js" if app.play_url else APP_BRIDGE


def bounce_page() -> ResponseReturnValue:
    """The page that does nothing but load App Bridge, which then loads the wanted page with a fresh token.

    Made by shopifyapp. It would take any text for the shop that may show the page in a frame, and any address to go on
    to: only a shop's own domain and our own pages come through here.
    """
    from shopify_app import ShopifyApp

    app = the_app()
    shop, target = request.args.get("shop", ""), request.args.get("shopify-reload", "")
    if not is_shop(shop) or _RELOAD.fullmatch(target) is None or request.args.getlist("shop") != [shop]:
        return outside()
    asked = {"method": "GET", "headers": {}, "url": request.url, "body": ""}
    made = ShopifyApp(app.client_id, app.secret).app_home_patch_id_token(asked).response  # type: ignore[arg-type]
    body = made.body.replace(APP_BRIDGE, app_bridge(app))
    page_around = f'<!doctype html><html lang="en"><head>{body}<title>Shelfwise</title></head><body></body></html>'
    return framed(app, shop, (page_around, made.status, {"Content-Type": "text/html; charset=utf-8"}))


def outside() -> ResponseReturnValue:
    """What somebody sees who opens an address of ours outside of Shopify's admin."""
    text = render_template("shopify/admin/outside.html")
    headers = {"Content-Security-Policy": "frame-ancestors 'none'", "Cache-Control": "no-store"}
    return text, 403, headers


def _session(app: App, id_token: IdToken, host: str = "") -> Session:
    """Raises BadIdToken, also for a token of another shop than the address names; PlatformError."""
    named = request.args.getlist("shop")
    if any(each != id_token.shop for each in named):
        raise BadIdToken("the ID token is of another shop than the address names")
    here = services()
    opened = open_app(here.database, here.vault, app, id_token, now=here.clock())
    if opened.granted:
        for job in ("set-up", "read"):
            here.announce(job, opened.shop_id)
    return Session(app, opened, id_token.user_id, host if re.fullmatch(r"[\w=-]{0,200}", host, re.ASCII) else "")


def _without_token(app: App, reason: str) -> ResponseReturnValue:
    shop = request.args.get("shop", "")
    if not is_shop(shop):
        return outside()
    if request.headers.get("Sec-Fetch-Dest") == "document":
        # Opened in a window of its own: it belongs into the shop's admin.
        return redirect(f"{app.address(shop)}/admin/apps/{app.handle}")
    if request.args.get("id_token") and _was_bounced():
        log.warning("a fresh ID token is refused: %s", reason)
        return in_frame(app, shop, "refused.html", 401, reload=own_address(request.path))
    kept = {name: request.args[name] for name in ("shop", "host", "embedded", "locale") if name in request.args}
    target = f"{request.path}?{urlencode({**kept, 'bounced': _now()})}"
    return framed(app, shop, redirect(f"{BOUNCE}?{urlencode({**kept, 'shopify-reload': target})}"))


def _was_bounced() -> bool:
    """Whether the bounce page sent us here just now."""
    told = request.args.get("bounced", "")
    return re.fullmatch(r"[0-9]{1,12}", told, re.ASCII) is not None and 0 <= _now() - int(told) < FRESH_SECONDS


def _now() -> int:
    return int(services().clock().timestamp())


def own_address(path: str) -> str:
    """The address of a page of ours for whom this request is from; a fresh token is fetched on the way."""
    kept = {name: request.args[name] for name in ("shop", "host", "embedded") if name in request.args}
    return f"{path}?{urlencode(kept)}"


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _json(body: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(
        msgspec.json.encode(body), status, {"Cache-Control": "no-store", **headers}, content_type="application/json"
    )
