"""Shopify's own filters, as far as they are used here.

https://shopify.dev/docs/api/liquid/filters
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from liquid import RenderContext
from liquid.filter import with_context
from liquid.undefined import is_undefined

from demo.shopify.liquid import money
from demo.shopify.liquid.drops import Drop, Listing
from demo.shopify.liquid.page import Page, page_of

WIDTHS = (352, 832, 1200, 1920)


def _page(context: RenderContext) -> Page:
    return page_of(context.globals)


@with_context
def money_(value: Any, *, context: RenderContext) -> str:
    """An amount in the shopper's currency; nothing for nil."""
    return "" if _nothing(value) else money.written(int(value), _page(context).currency)


@with_context
def money_with_currency(value: Any, *, context: RenderContext) -> str:
    """The same, with the currency's code."""
    return "" if _nothing(value) else f"{money.written(int(value), _page(context).currency)} {_page(context).currency}"


def money_without_currency(value: Any) -> str:
    """An amount without its sign."""
    return "" if _nothing(value) else money.plain(int(value))


@with_context
def unit_price_with_measurement(value: Any, measure: Any = None, *, context: RenderContext) -> str:
    """What a unit costs, such as "£4.00/100g"."""
    if _nothing(value) or _nothing(measure):
        return ""
    reference = "" if measure["reference_value"] == 1 else measure["reference_value"]
    return f"{money.written(int(value), _page(context).currency)}/{reference}{measure['reference_unit']}"


@with_context
def translate(key: Any, *, context: RenderContext, **values: Any) -> str:
    """Words in the shopper's language. Values are escaped unless the key ends in _html."""
    safe = {name: value if str(key).endswith("_html") else escape(str(value)) for name, value in values.items()}
    return _page(context).words.say(str(key), _page(context).locale, safe)


def image_url(image: Any, *, width: int | None = None, height: int | None = None, crop: str = "") -> str:
    """The address of a picture in a size. Shopify refuses the picture of nothing, and a call without a size."""
    if _nothing(image):
        raise ValueError("invalid url input")
    if width is None and height is None:
        raise ValueError("width or height must be specified")
    address = str(image["src"])
    asked = {"width": width, "height": height, "crop": crop}
    return (
        address + ("&" if "?" in address else "?") + "&".join(f"{name}={each}" for name, each in asked.items() if each)
    )


def image_tag(address: Any, **attributes: Any) -> str:
    """An <img> with its sizes, from an address of image_url."""
    source = str(address)
    found = re.search(r"[?&]width=(\d+)", source)
    widest = int(found[1]) if found else 0
    listed = str(attributes.pop("widths", "")) or ",".join(str(each) for each in WIDTHS)
    widths = [int(each) for each in listed.split(",") if int(each) <= widest]
    sized = ((re.sub(r"width=\d+", f"width={width}", source), width) for width in widths)
    shown = {
        "src": source,
        "srcset": ", ".join(f"{each} {width}w" for each, width in sized),
        "width": widest,
        "height": widest,
        "alt": "",
        **attributes,
    }
    return (
        "<img " + " ".join(f'{name}="{escape(str(value))}"' for name, value in shown.items() if value is not None) + ">"
    )


@with_context
def asset_url(name: Any, *, context: RenderContext) -> str:
    """Where a file of the theme's or extension's `assets` folder is served. It must be there."""
    page = _page(context)
    if not (page.assets / str(name)).is_file():
        raise FileNotFoundError(f"there is no asset {name}")
    return f"{page.assets_address}/{quote(str(name))}"


def stylesheet_tag(address: Any) -> str:
    """A <link> to a style sheet."""
    return f'<link href="{escape(str(address))}" rel="stylesheet" type="text/css" media="all">'


def json_(value: Any) -> str:
    """A value as JSON that can stand in a page."""
    return json.dumps(value, default=_plain).replace("<", "\\u003c")


def md5(value: Any) -> str:
    """32 hexadecimal digits."""
    return hashlib.md5(str(value).encode(), usedforsecurity=False).hexdigest()


def color_brightness(value: Any) -> str:
    """How bright a colour is, from 0 to 255.

    https://www.w3.org/TR/AERT/#color-contrast
    """
    digits = str(value).lstrip("#")
    red, green, blue = (int(digits[each : each + 2], 16) for each in (0, 2, 4))
    return f"{(red * 299 + green * 587 + blue * 114) / 1000:.2f}"


def handleize(value: Any) -> str:
    """Words as they stand in an address."""
    return re.sub(r"[^\w]+", "-", str(value).lower()).strip("-")


def _nothing(value: Any) -> bool:
    return value is None or value == "" or is_undefined(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Listing):
        return list(value)
    if isinstance(value, Drop):
        return str(value)
    return None


FILTERS: Mapping[str, Callable[..., Any]] = {
    "money": money_,
    "money_with_currency": money_with_currency,
    "money_without_currency": money_without_currency,
    "unit_price_with_measurement": unit_price_with_measurement,
    "t": translate,
    "translate": translate,
    "image_url": image_url,
    "image_tag": image_tag,
    "asset_url": asset_url,
    "stylesheet_tag": stylesheet_tag,
    "json": json_,
    "md5": md5,
    "color_brightness": color_brightness,
    "handleize": handleize,
    "handle": handleize,
}
# What the library has beyond Shopify's: a template that used them would fail there.
NOT_SHOPIFYS: Sequence[str] = ("escapejs", "safe", "squish")
