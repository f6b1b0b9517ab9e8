"""What the widget calls: slates out, behaviour in."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from integration.services import behaviour
from integration.services.behaviour import Events
from integration.services.slates import SlateRequest
from integration.web.errors import BadRequest
from integration.web.services import services

bp = Blueprint("storefront", __name__, url_prefix="/v1")

PLACEMENTS = ("product", "cart", "home", "collection", "search", "post_purchase")
MOST_ITEMS = 48
MOST_IDS = 50
LONGEST_ID = 255
HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}

VISITOR = re.compile(r"[A-Za-z0-9_-]{8,64}")
MARKET = re.compile(r"[A-Z]{2}")
CURRENCY = re.compile(r"[A-Z]{3}")
LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_decoder = msgspec.json.Decoder(Events)


@bp.get("/slates")
def slates() -> ResponseReturnValue:
    """A slate for one placement of one page view."""
    arguments = request.args
    placement = arguments.get("placement", "")
    if placement not in PLACEMENTS:
        raise BadRequest(f"placement must be one of {', '.join(PLACEMENTS)}")
    shop = arguments.get("shop", "")
    if not 0 < len(shop) <= 64:
        raise BadRequest("shop must be the shop's key, 1 to 64 characters")
    _matching("locale", LOCALE)
    wanted = SlateRequest(
        shop=shop,
        placement=placement,
        products=_ids("product"),
        cart=_ids("cart"),
        visitor=_matching("visitor", VISITOR) or "",
        market=_matching("market", MARKET),
        currency=_matching("currency", CURRENCY),
        count=_count(arguments.get("count")),
    )
    return Response(services().slates.answer(wanted), 200, HEADERS, "application/json")


@bp.post("/events")
def events() -> ResponseReturnValue:
    """A batch of a visitor's behaviour. A plain-text body is read as JSON too: `sendBeacon` sends no other."""
    try:
        batch = _decoder.decode(request.get_data())
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body is not a batch of events: {error}") from None
    here = services()
    kept = behaviour.record(here.database, batch, now=here.clock(), session_minutes=here.settings.session_minutes)
    return Response(msgspec.json.encode(kept), 202, HEADERS, "application/json")


@bp.route("/events", methods=["OPTIONS"], provide_automatic_options=False)
def events_preflight() -> ResponseReturnValue:
    """What a browser asks before it sends JSON to another origin."""
    allowed = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status=204, headers=allowed)


def _ids(name: str) -> tuple[str, ...]:
    values: Sequence[str] = request.args.getlist(name)
    if len(values) > MOST_IDS or any(not 0 < len(value) <= LONGEST_ID for value in values):
        raise BadRequest(f"{name} takes up to {MOST_IDS} product ids of 1 to {LONGEST_ID} characters")
    return tuple(values)


def _matching(name: str, pattern: re.Pattern[str]) -> str | None:
    value = request.args.get(name)
    if value is None or value == "":
        return None
    if not pattern.fullmatch(value):
        raise BadRequest(f"{name} must match {pattern.pattern}")
    return value


def _count(text: str | None) -> int:
    if text is None:
        return 8
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_ITEMS):
        raise BadRequest(f"count must be a whole number from 1 to {MOST_ITEMS}")
    return int(text)
