"""What all bodies share: times, amounts, links, and PHP's way to write JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from demo.woocommerce.state import PlayedShop

Body = dict[str, Any]
ALLOWED = ["GET", "POST", "PUT", "PATCH", "DELETE"]
SYMBOLS: Mapping[str, str] = {"GBP": "£", "EUR": "€", "USD": "$"}
ENTITIES: Mapping[str, str] = {"GBP": "&pound;", "EUR": "&euro;", "USD": "&#36;"}


def as_php(body: object) -> bytes:
    """JSON as PHP writes it: slashes escaped, nothing beyond ASCII."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def local(shop: PlayedShop, at: datetime | None) -> str | None:
    """A time on the site's wall, without its zone."""
    return None if at is None else shop.local(at).strftime("%Y-%m-%dT%H:%M:%S")


def utc(at: datetime | None) -> str | None:
    """A time in UTC, without saying so."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def amount(value: Decimal) -> str:
    """Money with two decimals."""
    return f"{value:.2f}"


def bare(value: Decimal | None) -> str:
    """A price as it was typed: no zeros that nobody wrote."""
    if value is None:
        return ""
    return str(value.quantize(Decimal(1)) if value == value.to_integral_value() else value)


def number(value: Decimal) -> int | float:
    """A number as PHP writes a float: without a fraction where there is none."""
    return int(value) if value == value.to_integral_value() else float(value)


def rest(shop: PlayedShop, path: str) -> str:
    """The address of a REST route."""
    return f"{shop.address}/wp-json/wc/v3/{path}"


def links(shop: PlayedShop, collection: str, thing_id: int | str, *, up: str = "", **more: Any) -> Body:
    """The `_links` of a thing."""
    found: Body = {
        "self": [{"href": rest(shop, f"{collection}/{thing_id}"), "targetHints": {"allow": ALLOWED}}],
        "collection": [{"href": rest(shop, collection)}],
    }
    if up:
        found["up"] = [{"href": rest(shop, up)}]
    return {**found, **more}


def dates(shop: PlayedShop, created: datetime, modified: datetime | None) -> Body:
    """When something was made and changed, on the wall and in UTC."""
    return {
        "date_created": local(shop, created),
        "date_created_gmt": utc(created),
        "date_modified": local(shop, modified),
        "date_modified_gmt": utc(modified),
    }
