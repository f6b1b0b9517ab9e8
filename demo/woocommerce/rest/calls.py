"""One REST call: who makes it, what it asks for, and the headers of every answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, current_app, g, request

from demo.woocommerce.bodies.common import as_php
from demo.woocommerce.keyring import Call, NotAllowed
from demo.woocommerce.rest.collections import Asked, Dated, RestError, narrowed, ordered, paged, with_fields
from demo.woocommerce.site import Site
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Key

EXTENSION = "played-woocommerce"
EXPOSED = "X-WP-Total, X-WP-TotalPages, Link"
ACCEPTED = "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type"


def shop() -> PlayedShop:
    """The shop of the app that answers."""
    return played().shop


def played() -> Site:
    """The site of the app that answers."""
    found: Site = current_app.extensions[EXTENSION]
    return found


def asked() -> Asked:
    """The parameters of this call's query; a list may be written name[]=1&name[]=2."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True):
        plain = name.removesuffix("[]")
        found[plain] = f"{found[plain]},{value}" if name != plain and plain in found else value
    return Asked(found)


def given() -> dict[str, Any]:
    """The body of this call, JSON or a form, and where it has none its query."""
    if request.is_json:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise RestError("rest_invalid_json", "Invalid JSON body passed.", 400)
        return body
    return dict(request.form) or dict(asked().given)


def key_of_call() -> Key | None:
    """Whose call it is. Raises RestError in WooCommerce's words where a key is wrong in itself."""
    if "key" in g:
        return g.key  # type: ignore[no-any-return]
    home = shop()
    stripped = home.troubles.strips_authorization
    call = Call(
        method=request.method,
        url=f"{request.host_url.rstrip('/')}{request.path}",
        query=parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True),
        authorization="" if stripped else request.headers.get("Authorization", ""),
        tls=request.is_secure,
    )
    try:
        g.key = home.keyring.check(call)
    except NotAllowed as error:
        raise RestError(error.code, str(error), 401) from None
    return g.key  # type: ignore[no-any-return]


def need_key() -> None:
    """Refuse whoever has no key, in the recorded words."""
    if key_of_call() is not None:
        return
    words = {
        "GET": ("view", "Sorry, you cannot list resources."),
        "POST": ("create", "Sorry, you are not allowed to create resources."),
        "DELETE": ("delete", "Sorry, you are not allowed to delete this resource."),
    }
    what, message = words.get(request.method, ("edit", "Sorry, you are not allowed to edit this resource."))
    raise RestError(f"woocommerce_rest_cannot_{what}", message, 401)


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer as WordPress gives it; `_fields` is kept to."""
    text = as_php(with_fields(asked(), body) if status < 400 else body)
    found = Response(
        shop().troubles.before_json().encode() + text, status, content_type="application/json; charset=UTF-8"
    )
    found.headers.update(
        {
            "X-Robots-Tag": "noindex",
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Expose-Headers": EXPOSED,
            "Access-Control-Allow-Headers": ACCEPTED,
            "Allow": "GET, POST",
            "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
            "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
            "Link": f'<{shop().address}/wp-json/>; rel="https://api.w.org/"',
            **(headers or {}),
        }
    )
    return found


def listed(
    name: str,
    things: Callable[[], list[Any]],
    body_of: Callable[[PlayedShop, Any], Any],
    dated: Dated[Any],
) -> Response:
    """A page of a list. things: what the list is made of before times, ids, order and pages narrow it."""
    home, wanted = shop(), asked()
    with home.lock:
        # Which page is asked for, and how much of it, changes nothing in the list itself.
        rest = {
            each: value
            for each, value in wanted.given.items()
            if each not in {"page", "per_page", "_fields"} and not each.startswith(("oauth_", "consumer_"))
        }
        shuffle = str(wanted.given.get("page", "1")) if home.troubles.unstable else ""
        known = (name, json.dumps(rest, sort_keys=True), shuffle)
        if known not in home.listings:
            home.listings[known] = ordered(wanted, narrowed(home, wanted, things(), dated), dated, shuffle=shuffle)
        page = paged(wanted, home.listings[known], f"{home.address}{request.path}")
        bodies = [body_of(home, each) for each in page.things]
    return answer(bodies, headers=dict(page.headers))


def missing(kind: str, status: int = 404) -> RestError:
    """The error for an id that nothing has."""
    return RestError(f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.", status)
