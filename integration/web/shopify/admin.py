"""The embedded admin: its home page, what that page asks for while the app gets to know the shop, and its files."""

from __future__ import annotations

import logging
from importlib.resources import files

from flask import Blueprint, Response, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from connectors.shopify.api import is_shop
from integration.services import set_up
from integration.services.shopify import billing
from integration.services.shopify.billing import Standing
from integration.services.shopify.progress import Progress, progress_of
from integration.services.shopify.theme_editor import places
from integration.web.errors import answer
from integration.web.services import services
from integration.web.shopify.sessions import (
    PAGES,
    Session,
    app_bridge,
    bounce_page,
    call,
    in_frame,
    outside,
    own_address,
    page,
    the_app,
)

bp = Blueprint("shopify_admin", __name__, url_prefix=PAGES, template_folder=str(files("templates")))
log = logging.getLogger(__name__)

FOLDER = str(files("templates") / "shopify" / "admin" / "assets")
ASSETS = frozenset({"admin.css", "admin.js"})
# The pages that the admin's navigation lists, beside the home page.
NAVIGATION: tuple[tuple[str, str], ...] = ()


def show(session: Session, template: str, **values: object) -> str:
    """A page of the admin, in its frame of App Bridge and navigation."""
    return render_template(
        f"shopify/admin/{template}",
        app=session.app,
        app_bridge=app_bridge(session.app),
        shop=session.opened.domain,
        link=session.link,
        navigation=NAVIGATION,
        **values,
    )


@bp.get("", strict_slashes=False)
@page
def home(session: Session) -> ResponseReturnValue:
    """The home page: how far the app is, and what is the merchant's turn."""
    return show(
        session,
        "home.html",
        progress=_progress(session),
        places=places(session.app, session.opened.domain),
        plan=_plan(session),
        plan_chosen="plan_handle" in request.args,
    )


@bp.get("/api/progress")
@call
def progress(session: Session) -> Progress:
    """How far the app is, for the home page to show as it goes on."""
    return _progress(session)


@bp.post("/api/look-again")
@call
def look_again(session: Session) -> Progress:
    """Look at the theme once more: the merchant says that the widgets are on it."""
    here = services()
    set_up.want(here.database.of(session.opened.shop_id), session.opened.shop_id, here.clock())
    here.announce("set-up", session.opened.shop_id)
    return _progress(session)


@bp.get("/session")
def session_page() -> ResponseReturnValue:
    """The bounce page."""
    return bounce_page()


@bp.get("/assets/<name>")
def asset(name: str) -> ResponseReturnValue:
    """A file of the admin's pages."""
    if name not in ASSETS:
        return _gone()
    sent: Response = send_from_directory(FOLDER, name, max_age=300)
    return sent


@bp.get("/<path:_rest>")
def _nowhere(_rest: str) -> ResponseReturnValue:
    return _gone()


@bp.errorhandler(Exception)
def _broken(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException):
        return error
    log.error("a page of the admin failed", exc_info=error)
    if request.path.startswith(f"{PAGES}/api/"):
        return answer(500, "internal_error", "something went wrong here; it was logged")
    return _in_frame_or_out("broken.html", 500)


def _gone() -> ResponseReturnValue:
    return _in_frame_or_out("missing.html", 404)


def _in_frame_or_out(template: str, status: int) -> ResponseReturnValue:
    """A page that says what is wrong, in the frame of the shop that the address names."""
    shop = request.args.get("shop", "")
    if not is_shop(shop):
        return outside()
    return in_frame(the_app(), shop, template, status, reload=own_address(PAGES))


def _plan(session: Session) -> Standing:
    """The shop's plan; on the way back from the page where plans are chosen, Shopify is asked which it is now."""
    here, shop_id, now = services(), session.opened.shop_id, services().clock()
    database = here.database.of(shop_id)
    if "plan_handle" in request.args and billing.check_soon(database, here.settings, shop_id, now):
        here.announce("bill", shop_id)
    return billing.standing(database, here.settings, shop_id, now)


def _progress(session: Session) -> Progress:
    here = services()
    return progress_of(
        here.database.of(session.opened.shop_id), session.opened.shop_id, session.opened.key, here.clock()
    )
