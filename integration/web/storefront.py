"""What the widget calls: slates out, behaviour in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from integration.services import behaviour
from integration.services.behaviour import Events
from integration.services.slates import SlateRequest
from integration.web import visitor_context
from integration.web.errors import BadRequest
from integration.web.services import Services, services

bp = Blueprint("storefront", __name__, url_prefix="/v1")

PLACEMENTS = ("product", "cart", "home", "collection", "search", "post_purchase")
MOST_ITEMS = 48
MOST_IDS = 50
LONGEST_ID = 255
LONGEST_AGENT = 512
LONGEST_QUERY = 200
MOST_FIELDS = 150
HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}

VISITOR = re.compile(r"[A-Za-z0-9_-]{8,64}")
MARKET = re.compile(r"[A-Z]{2}")
CURRENCY = re.compile(r"[A-Z]{3}")
LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")
Arguments = Mapping[str, Sequence[str]]
_decoder = msgspec.json.Decoder(Events)


@bp.get("/slates")
def slates() -> ResponseReturnValue:
    """A slate for one placement of one page view."""
    return Response(slate(services(), request.environ), 200, HEADERS, "application/json")


def slate(here: Services, environ: Mapping[str, Any]) -> bytes:
    """The slate that a request asks for, as JSON. Raises BadRequest, NoSuchShop."""
    arguments = _arguments(environ["QUERY_STRING"])
    wanted = slate_request(arguments, _one(arguments, "shop"), environ.get("HTTP_USER_AGENT", ""))
    return here.slates.answer(wanted)


def slate_request(arguments: Arguments, shop: str, agent: str) -> SlateRequest:
    """What a page asks for, out of its parameters. Raises BadRequest."""
    placement = _one(arguments, "placement")
    if placement not in PLACEMENTS:
        raise BadRequest(f"placement must be one of {', '.join(PLACEMENTS)}")
    if not 0 < len(shop) <= 64 or "\0" in shop:
        raise BadRequest("shop must be the shop's key, 1 to 64 characters")
    _matching(arguments, "locale", LOCALE)
    market, country = _matching(arguments, "market", MARKET), _matching(arguments, "country", MARKET)
    return SlateRequest(
        shop=shop,
        placement=placement,
        products=_ids(arguments, "product"),
        cart=_ids(arguments, "cart"),
        visitor=_matching(arguments, "visitor", VISITOR) or "",
        market=market,
        currency=_matching(arguments, "currency", CURRENCY),
        count=_count(_one(arguments, "count")),
        query=_query(arguments, placement),
        origins=visitor_context.origins(
            country or market, agent[:LONGEST_AGENT], _matching(arguments, "referrer", HOST)
        ),
    )


@bp.post("/events", provide_automatic_options=False)
def events() -> ResponseReturnValue:
    """A batch of a visitor's behaviour. A plain-text body is read as JSON too: `sendBeacon` sends no other."""
    try:
        batch = _decoder.decode(request.get_data())
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body is not a batch of events: {error}") from None
    return kept(batch)


def kept(batch: Events) -> Response:
    """The answer that says what became of a batch."""
    here = services()
    recorded = behaviour.record(here.database, batch, now=here.clock(), session_minutes=here.settings.session_minutes)
    return Response(msgspec.json.encode(recorded), 202, HEADERS, "application/json")


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


def _arguments(query: str) -> Arguments:
    """The query's parameters.

    On the path of every page view: urllib's parser costs five times as much, werkzeug's structures ten times.
    """
    parts = query.split("&")
    if len(parts) > MOST_FIELDS:
        raise BadRequest(f"the query has more than {MOST_FIELDS} parameters")
    found: dict[str, list[str]] = {}
    for part in parts:
        name, _, value = part.partition("=")
        if "%" in part or "+" in part:
            name, value = unquote_plus(name), unquote_plus(value)
        found.setdefault(name, []).append(value)
    return found


def _one(arguments: Arguments, name: str) -> str:
    values = arguments.get(name)
    return values[0] if values else ""


def _ids(arguments: Arguments, name: str) -> tuple[str, ...]:
    values = arguments.get(name)
    if values is None:
        return ()
    if len(values) > MOST_IDS or any(not 0 < len(value) <= LONGEST_ID for value in values):
        raise BadRequest(f"{name} takes up to {MOST_IDS} product ids of 1 to {LONGEST_ID} characters")
    return tuple(values)


def _matching(arguments: Arguments, name: str, pattern: re.Pattern[str]) -> str | None:
    value = _one(arguments, name)
    if not value:
        return None
    if not pattern.fullmatch(value):
        raise BadRequest(f"{name} must match {pattern.pattern}")
    return value


def _query(arguments: Arguments, placement: str) -> str:
    """What was searched for, on a page that answers a search."""
    query = _one(arguments, "q")
    if len(query) > LONGEST_QUERY:
        raise BadRequest(f"q takes up to {LONGEST_QUERY} characters")
    return query if placement == "search" else ""


def _count(text: str) -> int:
    if not text:
        return 8
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_ITEMS):
        raise BadRequest(f"count must be a whole number from 1 to {MOST_ITEMS}")
    return int(text)
