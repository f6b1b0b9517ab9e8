"""What the pages for connecting a shop share: their headers, the browser's cookie, who asks."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, make_response, render_template, request

from integration.services.woocommerce.words import words_of
from integration.web.services import services

TEMPLATES = str(files("templates"))
COOKIE = "shelfwise_connect"
COOKIE_SECONDS = 3600
LONGEST_RETURN = 1000
_BROWSER = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def page(template: str, code: int = 200, /, *, form_to: str = "", **values: Any) -> Response:
    """A page. form_to: a site that its form's answer leads on to."""
    response = make_response(render_template(f"woocommerce/connect/{template}", **values), code)
    targets = " ".join(["'self'", *([origin(form_to)] if form_to else [])])
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action {targets}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    # The address may hold the word that a shop hands its keys over with.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def problem(failure: str, code: int, /, *, said: str = "", **ways: Any) -> Response:
    """A page that says what went wrong, and what to do. said: the exact words for whoever looks after the shop."""
    words = words_of(failure)
    return page("problem.html", code, title=words.title, what=words.what, todo=words.todo, said=said, **ways)


def told(title: str, what: str, todo: str, code: int, /, **ways: Any) -> Response:
    """The same for what is no shop's failure."""
    return page("problem.html", code, title=title, what=what, todo=todo, **ways)


def browser() -> str:
    """The secret of the browser that asks: its cookie's, or "" where it has none."""
    found = request.cookies.get(COOKIE, "")
    return found if _BROWSER.fullmatch(found) else ""


def new_browser() -> str:
    """The browser's secret, or a new one for it."""
    return browser() or secrets.token_urlsafe(32)


def with_browser(response: Response, secret: str) -> Response:
    """The answer, with the browser's secret as its cookie."""
    secure = services().settings.public_url.startswith("https:")
    response.set_cookie(
        COOKIE, secret, max_age=COOKIE_SECONDS, path="/woocommerce", secure=secure, httponly=True, samesite="Lax"
    )
    return response


def check_of(secret: str) -> str:
    """What a form of ours holds, so that no other site's form is taken for it."""
    return hmac.new(secret.encode(), b"a form of ours", hashlib.sha256).hexdigest()


def is_own_form() -> bool:
    """Whether the form that was sent is one that this browser was given."""
    secret, given = browser(), request.form.get("check", "")
    return bool(secret) and hmac.compare_digest(check_of(secret).encode(), given.encode())


def return_address(site: str, wanted: str) -> str:
    """Where in the shop's own admin the merchant came from; its front page of the admin where that is another's."""
    plain = f"{site}/wp-admin/"
    if not wanted or len(wanted) > LONGEST_RETURN or any(ord(each) <= ord(" ") or each in '\\"<>' for each in wanted):
        return plain
    try:
        same = origin(wanted) == origin(site) and urlsplit(wanted).username is None
        inside = "/wp-admin/" in urlsplit(wanted).path and ".." not in urlsplit(wanted).path
    except ValueError:
        return plain
    return wanted if same and inside else plain


def origin(address: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def own(path: str, **query: str) -> str:
    """The address of a page of ours."""
    wanted = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(wanted)}" if wanted else path
