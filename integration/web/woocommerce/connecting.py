"""Connecting a shop: its address is looked at, its merchant agrees in the shop, its keys come, and how it goes on.

The browser that began is known by a cookie that means nothing elsewhere; the shop's call with the keys by a word that
was given along. Keys are never shown, neither are they in any address.
"""

from __future__ import annotations

import logging
from importlib.resources import files
from urllib.parse import urlencode, urlsplit

import msgspec
from flask import Blueprint, Response, redirect, request, send_from_directory
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from connectors.addresses import BadAddress
from integration.services.woocommerce import attempts
from integration.services.woocommerce.attempts import TooManyAttempts, UnknownToken
from integration.web.errors import answer
from integration.web.services import services
from integration.web.woocommerce import pages
from integration.web.woocommerce.progress import progress_page

bp = Blueprint("woocommerce_connecting", __name__, url_prefix="/woocommerce", template_folder=pages.TEMPLATES)
log = logging.getLogger(__name__)

LARGEST_CALLBACK = 4096
TITLE = "Connect your shop"
FOLDER = str(files("templates") / "woocommerce" / "connect")


class _Keys(msgspec.Struct, frozen=True):
    """What WooCommerce sends once the merchant has agreed."""

    user_id: str
    consumer_key: str
    consumer_secret: str
    key_permissions: str = ""


@bp.get("/connect")
def begin() -> ResponseReturnValue:
    """Look at the address of a shop, and ask whether to go on; without an address, ask for it."""
    from connectors.woocommerce.failures import ShopError
    from integration.services.woocommerce.connect import find_site, site_of

    here, given, wanted = services(), request.args.get("site", "").strip(), request.args.get("return", "")
    if not given:
        return pages.page("address.html", title=TITLE, site="", problem="")
    browser = pages.new_browser()
    try:
        site = site_of(given)
        begun = _begun(site, wanted, browser)
        found = find_site(site, here.settings)
        site = found.address
    except BadAddress as error:
        return pages.page("address.html", 400, title=TITLE, site=given[:500], problem=str(error))
    except TooManyAttempts:
        return _too_often()
    except ShopError as error:
        moved = pages.own("/woocommerce/connect", site=error.moved_to)
        again = moved if error.moved_to else pages.own("/woocommerce/connect", site=given, **{"return": wanted})
        return pages.problem(error.failure.value, 422, said=error.sentence, again=again)
    back = pages.return_address(site, wanted)
    attempts.settle(here.database, begun.attempt_id, site=site, return_to=back)
    shown = pages.page(
        "ready.html",
        form_to=site,
        title=f"Connect {urlsplit(site).netloc}",
        host=urlsplit(site).netloc,
        name=found.name or urlsplit(site).netloc,
        plain=site.startswith("http:"),
        by_consent=here.settings.public_url.startswith("https:"),
        public_url=here.settings.public_url,
        token=begun.token,
        keys_link=pages.own("/woocommerce/connect/keys", site=site, **{"return": back}),
        return_to=back,
    )
    return pages.with_browser(shown, browser)


@bp.post("/connect")
def go() -> ResponseReturnValue:
    """Send the browser that began to the shop's own page of consent."""
    here, token = services(), request.form.get("token", "")
    attempt = attempts.by_token(here.database, token, pages.browser())
    if attempt is None or attempt.expires_at <= here.clock() or attempt.keys_hash:
        return _strange()
    public = here.settings.public_url.rstrip("/")
    query = {
        "app_name": "Shelfwise",
        "scope": "read_write",
        "user_id": token,
        "return_url": f"{public}/woocommerce/connected",
        "callback_url": f"{public}/woocommerce/callback",
    }
    return redirect(f"{attempt.site}/wc-auth/v1/authorize?{urlencode(query)}", 303)


@bp.post("/callback")
def callback() -> ResponseReturnValue:
    """Keys come, from the shop's server. Answered at once, with exactly 200; they are tested by a job."""
    from connectors.woocommerce.keys import BadKeys, pasted

    here = services()
    if (request.content_length or 0) > LARGEST_CALLBACK:
        return answer(413, "too_large", f"a callback has at most {LARGEST_CALLBACK} bytes")
    try:
        told = msgspec.json.decode(request.get_data(), type=_Keys)
        keys = pasted(told.consumer_key, told.consumer_secret).token
        agent = request.headers.get("User-Agent", "")
        attempt = attempts.keys_came(here.database, here.vault, told.user_id, keys, here.clock(), agent=agent)
    except (msgspec.MsgspecError, RecursionError, BadKeys):
        return answer(400, "bad_callback", "this is not what WooCommerce sends with new keys")
    except UnknownToken as error:
        return answer(401, "unknown_token", str(error))
    here.announce("connect", attempt)
    return Response('{"kept":true}', 200, content_type="application/json")


@bp.get("/connected")
def connected() -> ResponseReturnValue:
    """The merchant comes back from the shop, having agreed or not."""
    here = services()
    attempt = attempts.by_token(here.database, request.args.get("user_id", ""), pages.browser())
    if attempt is None:
        return _strange()
    if request.args.get("success") != "1" and not attempt.keys_hash:
        return pages.told(
            "Your shop is not connected",
            "You chose not to let Shelfwise work with it. Nothing was read, and nothing was changed.",
            "If that was a slip, connect it again.",
            200,
            again=pages.own("/woocommerce/connect", site=attempt.site, **{"return": attempt.return_to}),
            return_to=attempt.return_to,
        )
    return redirect(f"/woocommerce/connect/{attempt.id}", 303)


@bp.get("/connect/<int:attempt_id>")
def progress(attempt_id: int) -> ResponseReturnValue:
    """How far connecting is, for the browser that began it."""
    attempt = attempts.by_number(services().database, attempt_id, pages.browser())
    return _strange() if attempt is None else progress_page(attempt)


@bp.post("/connect/again")
def again() -> ResponseReturnValue:
    """Test the same keys once more: what stood in the way may be gone."""
    here, number = services(), request.form.get("attempt", "")
    found = int(number) if number.isascii() and number.isdigit() and len(number) < 16 else 0
    attempt = attempts.by_number(here.database, found, pages.browser())
    if attempt is None or not pages.is_own_form():
        return _strange()
    if attempts.again(here.database, attempt.id):
        here.announce("connect", attempt.id)
    return redirect(f"/woocommerce/connect/{attempt.id}", 303)


@bp.get("/connect/keys")
def keys_form() -> ResponseReturnValue:
    """The form for keys that the merchant makes."""
    return _keys_form(request.args.get("site", ""), request.args.get("return", ""))


@bp.post("/connect/keys")
def keys() -> ResponseReturnValue:
    """Take keys that the merchant pasted; they are tested like others."""
    from connectors.woocommerce.failures import ShopError
    from connectors.woocommerce.keys import BadKeys, pasted
    from integration.services.woocommerce.connect import find_site, site_of

    here, given, wanted = services(), request.form.get("site", "").strip(), request.form.get("return", "")
    if not pages.is_own_form():
        return _strange()
    site = given
    try:
        site = site_of(given)
        both = pasted(request.form.get("key", "").strip(), request.form.get("secret", "").strip()).token
        begun = _begun(site, wanted, pages.browser())
        site = find_site(site, here.settings).address
    except (BadAddress, BadKeys) as error:
        return _keys_form(given, wanted, problem=str(error))
    except TooManyAttempts:
        return _too_often()
    except ShopError as error:
        again = pages.own("/woocommerce/connect/keys", site=error.moved_to or site, **{"return": wanted})
        return pages.problem(error.failure.value, 422, said=error.sentence, again=again)
    attempts.settle(here.database, begun.attempt_id, site=site, return_to=pages.return_address(site, wanted))
    attempts.keys_came(here.database, here.vault, begun.token, both, here.clock())
    here.announce("connect", begun.attempt_id)
    return redirect(f"/woocommerce/connect/{begun.attempt_id}", 303)


@bp.get("/assets/connect.css")
def style() -> ResponseReturnValue:
    """How the pages look."""
    sent: Response = send_from_directory(FOLDER, "connect.css", max_age=300)
    return sent


@bp.errorhandler(Exception)
def _broken(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException):
        return error
    log.error("a page for connecting a shop failed", exc_info=error)
    if request.path.endswith("/callback"):
        return answer(500, "internal_error", "something went wrong here; it was logged")
    words = "It was logged, and nothing of your shop was changed."
    return pages.told("Something went wrong here", words, "Try again in a minute.", 500, again="/woocommerce/connect")


def _begun(site: str, wanted: str, browser: str) -> attempts.Begun:
    here = services()
    return attempts.begin(
        here.database,
        site=site,
        return_to=pages.return_address(site, wanted),
        browser=browser,
        asker=request.remote_addr or "",
        now=here.clock(),
    )


def _keys_form(given: str, wanted: str, problem: str = "") -> Response:
    from integration.services.woocommerce.connect import site_of

    browser = pages.new_browser()
    try:
        site = site_of(given) if given else ""
    except BadAddress:
        site = ""
    keys_page = f"{site}/wp-admin/admin.php?page=wc-settings&tab=advanced&section=keys" if site else ""
    shown = pages.page(
        "keys.html",
        400 if problem else 200,
        title="Connect with keys",
        site=site or given[:500],
        return_to=wanted[: pages.LONGEST_RETURN],
        keys_page=keys_page,
        problem=problem,
        check=pages.check_of(browser),
    )
    return pages.with_browser(shown, browser)


def _too_often() -> Response:
    return pages.told(
        "That was tried very often just now",
        "To keep shops from being called too much, connecting pauses for a while.",
        "Wait ten minutes, then try again.",
        429,
    )


def _strange() -> Response:
    return pages.told(
        "This page has had its time",
        "It belongs to a connection that was begun in another browser, or a while ago.",
        "Begin again: in your shop's admin, choose WooCommerce → Shelfwise → Connect.",
        403,
        again="/woocommerce/connect",
    )
