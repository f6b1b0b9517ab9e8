"""The OpenAPI document, made from the very types and limits that the routes use."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import msgspec
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from integration.services.behaviour import PRINTED, Events, Recorded
from integration.web import storefront
from integration.web.errors import Problem

bp = Blueprint("openapi", __name__, url_prefix="/v1")


class Price(msgspec.Struct, frozen=True):
    """An exact amount, as text, in one currency."""

    amount: str
    currency: str


class Reason(msgspec.Struct, frozen=True):
    """Why an item is here. `because`: the product that led to it; `count`: how often, never under 10."""

    kind: Literal[
        "search",
        "session",
        "similar",
        "bought_together",
        "history",
        "bought_before",
        "same_category",
        "trending",
        "new",
    ]
    because: str | None
    because_title: str | None
    count: int | None


class Item(msgspec.Struct, frozen=True):
    """One product of a slate."""

    product: str
    variant: str | None
    title: str
    url: str | None
    image: str | None
    price: Price | None
    compare_at_price: Price | None
    stock: Literal["in_stock", "low", "back_soon"]
    score: float
    strategy: Literal["search", "session", "personal", "item", "category", "trending", "newest"]
    reason: Reason


class SlateAnswer(msgspec.Struct, frozen=True):
    """A slate: what to show, in order. Empty `items` mean: show nothing."""

    slate: str
    placement: str
    strategy: Literal["search", "session", "personal", "item", "category", "trending", "newest", ""]
    model_version: str | None
    arm: str
    propensity: float
    items: list[Item]


@cache
def document() -> dict[str, Any]:
    """The document of the storefront API, OpenAPI 3.1."""
    schemas, components = msgspec.json.schema_components(
        [SlateAnswer, Events, Recorded, Problem], ref_template="#/components/schemas/{name}"
    )
    slate, events, recorded, problem = schemas
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Shelfwise storefront API",
            "version": "1",
            "description": "Slates of products that can be bought now, and what visitors do with them.",
        },
        "paths": {
            "/v1/slates": {"get": _slates(slate, problem)},
            "/v1/events": {"post": _events(events, recorded, problem)},
        },
        "components": {"schemas": components},
    }


@bp.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """The document."""
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}
    return Response(msgspec.json.encode(document()), 200, headers, "application/json")


def _slates(slate: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "getSlate",
        "summary": "A slate for one placement of one page view",
        "parameters": _slate_parameters(),
        "responses": {
            "200": _json("the slate", slate),
            "400": _json("a parameter is wrong", problem),
            "404": _json("no such shop", problem),
        },
    }


def _slate_parameters() -> list[dict[str, Any]]:
    shop = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": PRINTED}
    count = {"type": "integer", "minimum": 1, "maximum": storefront.MOST_ITEMS, "default": 8}
    placement = {"type": "string", "enum": list(storefront.PLACEMENTS)}
    markets = "ISO 4217; picks the first market with prices in it, where no market is given"
    query = {"type": "string", "maxLength": storefront.LONGEST_QUERY}
    countries = "ISO 3166 country of the visitor, upper case; the market's where it is not given; it is not kept"
    return [
        _parameter("shop", "the shop's key", shop, required=True),
        _parameter("placement", "where the slate is shown", placement, required=True),
        _parameter("product", "products in view, by the platform's id; unknown ones are passed over", _ids()),
        _parameter("cart", "products in the cart, by the platform's id", _ids()),
        _parameter("visitor", "the visitor's token, only with their consent", _pattern(storefront.VISITOR.pattern)),
        _parameter("market", "ISO 3166 country, upper case", _pattern(storefront.MARKET.pattern)),
        _parameter("currency", markets, _pattern(storefront.CURRENCY.pattern)),
        _parameter("locale", "BCP 47 tag of the page's language", _pattern(storefront.LOCALE.pattern)),
        _parameter("country", countries, _pattern(storefront.MARKET.pattern)),
        _parameter("referrer", "host of the page that led here; it is not kept", _pattern(storefront.HOST.pattern)),
        _parameter("q", "what was searched for; heard by the placement search", query),
        _parameter("count", "how many items at most", count),
    ]


def _events(events: dict[str, Any], recorded: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "postEvents",
        "summary": "A batch of one visitor's behaviour; without consent nothing is kept, and what was kept is erased",
        "requestBody": {"required": True, "content": {"application/json": {"schema": events}}},
        "responses": {
            "202": _json("what became of the batch", recorded),
            "400": _json("the body is not a batch", problem),
            "404": _json("no such shop", problem),
            "413": _json("the body is too large", problem),
        },
    }


def _parameter(name: str, description: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "required": required, "schema": schema}


def _ids() -> dict[str, Any]:
    item = {"type": "string", "minLength": 1, "maxLength": storefront.LONGEST_ID}
    return {"type": "array", "maxItems": storefront.MOST_IDS, "items": item}


def _pattern(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
