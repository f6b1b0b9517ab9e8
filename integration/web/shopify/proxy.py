"""The app proxy: what a shop's own pages ask through Shopify, which signs every request. It sets no cookies.

A shopper sees what is answered here, so a signed request always gets a slate, an empty one in trouble. What is wrong
with a request is said in the header X-Shelfwise-Problem, for whoever builds the page.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cache
from importlib.resources import files

import msgspec
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from connectors.errors import BadSignature
from connectors.shopify import proxy
from connectors.shopify.proxy import ProxyRequest
from integration.services.behaviour import Events
from integration.services.shopify import app_of
from integration.services.shopify.proxy import handles_of, key_of
from integration.services.slates import NoSuchShop, SlateRequest
from integration.web import storefront
from integration.web.errors import BadRequest, answer
from integration.web.services import services

bp = Blueprint("shopify_proxy", __name__, url_prefix="/shopify/proxy")
log = logging.getLogger(__name__)

LIQUID = "application/liquid"
# How long a shop that has left is not asked about again, in seconds.
NOBODY_SECONDS = 300
# Liquid looks up no more products by their handles on one page.
MOST_IN_LIQUID = 20
REPEATED = ("product", "cart")
ONCE = ("placement", "visitor", "market", "currency", "locale", "country", "referrer", "q", "count", "preferences")
EMPTY = (
    b'{"slate":"","placement":"","strategy":"","model_version":null,"arm":"default","propensity":1.0,"items":[]}',
    b"{% layout none %}",
)
NO_STORE = {"Cache-Control": "no-store"}


class _Item(msgspec.Struct, frozen=True):
    product: str


class _Slate(msgspec.Struct, frozen=True):
    slate: str
    items: list[_Item]


_read_slate = msgspec.json.Decoder(_Slate).decode


@bp.get("/slates")
def slates() -> ResponseReturnValue:
    """A slate as JSON, the same as of /v1/slates."""
    return _slate("application/json")


@bp.get("/slates.liquid")
def liquid_slates() -> ResponseReturnValue:
    """A slate as cards that Shopify renders in the shop's theme, with the prices and the stock of that moment.

    Only numbers and handles in it come from us; all that a shopper reads is looked up by Liquid.
    """
    return _slate(LIQUID)


@bp.post("/events")
def events() -> ResponseReturnValue:
    """A batch of a visitor's behaviour, as at /v1/events; the shop is the one that Shopify signed for."""
    asked = _asked()
    key = None if asked is None else key_of(services().database, asked.shop)
    if key is None:
        return _refused() if asked is None else answer(404, "unknown_shop", "the shop does not use the app any more")
    try:
        batch = msgspec.json.decode(request.get_data(), type=dict)
        return storefront.kept(msgspec.convert({**batch, "shop": key}, Events))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body is not a batch of events: {error}") from None


def _asked() -> ProxyRequest | None:
    """What Shopify signed; None where it did not."""
    here = services()
    app = app_of(here.settings)
    try:
        return (
            proxy.verify(request.environ["QUERY_STRING"].encode("latin-1"), app.secrets, here.clock()) if app else None
        )
    except BadSignature:
        return None


def _refused() -> Response:
    return answer(
        401, "bad_signature", "this address answers requests that Shopify signed, through the shop's app proxy"
    )


def _slate(kind: str) -> Response:
    asked = _asked()
    if asked is None:
        return _refused()
    here = services()
    try:
        key = key_of(here.database, asked.shop)
        if key is None:
            return _empty(kind, "the shop does not use the app any more", NOBODY_SECONDS)
        wanted = replace(_wanted(asked, key), customer=_customer(asked))
        if kind == LIQUID:
            wanted = replace(wanted, count=min(wanted.count, MOST_IN_LIQUID))
        slate = here.slates.answer(wanted)
        return Response(_in_liquid(key, slate) if kind == LIQUID else slate, 200, NO_STORE, kind)
    except BadRequest as error:
        return _empty(kind, str(error))
    except NoSuchShop:
        return _empty(kind, "the shop does not use the app any more", NOBODY_SECONDS)
    except Exception:
        log.exception("shop %s: the app proxy answers with an empty slate", asked.shop)
        return _empty(kind, "something went wrong here; it was logged")


def _wanted(asked: ProxyRequest, key: str) -> SlateRequest:
    """What the page asks for. What is signed alike, several values and one with commas, is not taken for each other."""
    for name in REPEATED:
        if any("," in value for value in asked.parameters.get(name, ())):
            raise BadRequest(f"{name} takes one id at a time; give it several times for several")
    for name in ONCE:
        if len(asked.parameters.get(name, ())) > 1:
            raise BadRequest(f"{name} is given more than once")
    return storefront.slate_request(asked.parameters, key, request.environ.get("HTTP_USER_AGENT", ""))


def _customer(asked: ProxyRequest) -> str:
    """Who is signed in, where the page says that they agreed to have their own preferences used."""
    return asked.customer if asked.parameters.get("preferences") == ["1"] else ""


def _empty(kind: str, problem: str, seconds: int = 0) -> Response:
    kept = f"private, max-age={seconds}" if seconds else "no-store"
    headers = {"Cache-Control": kept, "X-Shelfwise-Problem": problem.encode("ascii", "replace").decode()}
    return Response(EMPTY[kind == LIQUID], 200, headers, kind)


def _in_liquid(key: str, slate: bytes) -> bytes:
    read = _read_slate(slate)
    found = handles_of(services().database, key, [item.product for item in read.items])
    if not found:
        return EMPTY[True]
    filled = {"@slate@": read.slate, "@ids@": ",".join(number for number, _ in found)}
    text = _template().replace("@handles@", ",".join(handle for _, handle in found))
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return text.encode()


@cache
def _template() -> str:
    return (files("templates") / "shopify" / "proxy" / "slate.liquid").read_text("utf-8")
