"""The app proxy: what a shop's pages ask of the app, forwarded with Shopify's signature and without cookies."""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

import requests
from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from demo.shopify.app_file import proxy_path
from demo.shopify.platform import Platform
from demo.shopify.state import PlayedShop
from demo.shopify.web import platform, shop_of

bp = Blueprint("proxy", __name__)

TIMEOUT_SECONDS = 10.0
SIGNED = frozenset({"shop", "path_prefix", "timestamp", "signature", "logged_in_customer_id"})
PASSED_ON = ("Content-Type", "Accept", "Accept-Language", "User-Agent")
PASSED_BACK = ("Content-Type", "Cache-Control", "X-Shelfwise-Problem", "Location", "Retry-After")
PREFIX = proxy_path()[0]


@bp.route(f"/<shop>{PREFIX}/<path:rest>", methods=["GET", "POST"])
def forward(shop: str, rest: str) -> ResponseReturnValue:
    """Ask the app, and give the shopper what it says."""
    played, here = shop_of(shop), platform()
    if played.installation is None:
        abort(404)
    query = signed_query(
        here, played, request.query_string.decode("latin-1"), request.cookies.get("played_customer", "")
    )
    address = f"{here.app_url.rstrip('/')}{proxy_path()[1]}/{rest}?{query}"
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    try:
        answer = requests.request(
            request.method,
            address,
            data=request.get_data(),
            headers={**headers, "X-Forwarded-Host": shop},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException:
        return "There was an error in the third-party application.", 502
    kept = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
    if answer.headers.get("Content-Type", "").partition(";")[0].strip() == "application/liquid":
        return Response(here.render_liquid(played, answer.text), answer.status_code, content_type="text/html")
    return Response(answer.content, answer.status_code, kept)


def signed_query(here: Platform, shop: PlayedShop, query: str, customer: str) -> str:
    """A query with what Shopify adds to it, and its signature over all of it."""
    given = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in SIGNED]
    added = [
        ("shop", shop.domain),
        ("logged_in_customer_id", customer if customer.isascii() and customer.isdigit() else ""),
        ("path_prefix", PREFIX),
        ("timestamp", str(int(shop.clock().timestamp()))),
    ]
    pairs = [*given, *added]
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    message = "".join(sorted(f"{name}={','.join(each)}" for name, each in values.items()))
    signature = hmac.new(here.client_secret.encode(), message.encode(), sha256).hexdigest()
    return urlencode([*pairs, ("signature", signature)])
