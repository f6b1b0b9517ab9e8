"""The pages on which a merchant lets an app have keys, and the call by which the app gets them."""

from __future__ import annotations

import json
import secrets
from urllib.parse import urlencode, urlsplit

import requests
from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from demo.woocommerce.pages import TEMPLATES, show
from demo.woocommerce.rest.calls import played, shop

bp = Blueprint("wc_auth", __name__, url_prefix="/wc-auth/v1", template_folder=TEMPLATES)
NEEDED = ("app_name", "user_id", "return_url", "callback_url", "scope")
SCOPES = ("read", "write", "read_write")
PATIENCE_SECONDS = 60.0
UNSENT = "An error occurred in the request and at the time were unable to send the consumer data"


class Refused(Exception):
    """A request that WooCommerce refuses, in its words."""


@bp.get("/authorize")
def authorize() -> ResponseReturnValue:
    """What the app asks for, with the way to approve it or not. Being logged in as the owner is taken as given."""
    try:
        asked = _checked()
    except Refused as refused:
        return _error(str(refused))
    granted = f"/wc-auth/v1/access_granted?{urlencode({**asked, 'wc_auth_nonce': _nonce()})}"
    denied = _with(asked["return_url"], success="0", user_id=asked["user_id"])
    return show("wc_auth.html", asked=asked, granted=granted, denied=denied)


@bp.get("/access_granted")
def access_granted() -> ResponseReturnValue:
    """Make a key, send it to the app, and go back there; a key that could not be sent is taken away again."""
    home = shop()
    try:
        asked = _checked()
        _check_nonce()
        key = home.keyring.make(asked["scope"], description=f"{asked['app_name']} - API")
        try:
            _send(asked["callback_url"], asked["user_id"], key.id, key.key, key.secret, key.permissions)
        except Refused:
            home.keyring.revoke(key.key)
            raise
    except Refused as refused:
        return _error(str(refused))
    return redirect(_with(asked["return_url"], success="1", user_id=asked["user_id"]))


def _checked() -> dict[str, str]:
    asked = {name: request.args.get(name, "").strip() for name in NEEDED}
    for name in NEEDED:
        if not asked[name]:
            raise Refused(f"Missing parameter {name}")
    if asked["scope"] not in SCOPES:
        raise Refused(f"Invalid scope {asked['scope']}")
    for name in ("return_url", "callback_url"):
        parts = urlsplit(asked[name])
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Refused(f"The {name} is not a valid URL")
    if shop().callback_needs_tls and not asked["callback_url"].startswith("https://"):
        raise Refused("The callback_url needs to be over SSL")
    return asked


def _check_nonce() -> None:
    if not secrets.compare_digest(request.args.get("wc_auth_nonce", ""), _nonce()):
        raise Refused("Invalid nonce verification")


def _send(address: str, user: str, number: int, key: str, secret: str, permissions: str) -> None:
    told = {
        "key_id": number,
        "user_id": user,
        "consumer_key": key,
        "consumer_secret": secret,
        "key_permissions": permissions,
    }
    home = shop()
    headers = {
        "User-Agent": f"WordPress/{home.wordpress}; {home.address}",
        "Content-Type": "application/json;charset=UTF-8",
        "Connection": "close",
    }
    try:
        answer = requests.post(address, data=json.dumps(told), headers=headers, timeout=PATIENCE_SECONDS)
    except requests.RequestException as error:
        raise Refused(str(error)) from None
    if answer.status_code != 200:
        raise Refused(UNSENT)


def _nonce() -> str:
    """One for each run of the site: nobody else could know it."""
    return played().nonce


def _with(address: str, **more: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(more)}"


def _error(message: str) -> Response:
    return Response(show("wp_die.html", message=f"Error: {message}."), 401)
