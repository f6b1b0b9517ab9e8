"""The App Store's listing keeps the form's lengths and rules, and its pictures the form's sizes."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from integration.services.shopify.plans import OFFERS
from integration.services.shopify.usage import METERS

PAGE = "docs/merchants/shopify-listing.md"
FIELD = re.compile(r"^\| ([A-Z][^|]+) \| (\d+) \| ([^|]+) \|$", re.MULTILINE)
PICTURE = re.compile(r"^\| `(docs/images/[\w-]+\.png)` \| ([^|]+) \|$", re.MULTILINE)
# Neither figures nor superlatives, prices, reviews or Shopify's name may stand in the listing's text.
FORBIDDEN = re.compile(r"\d|%|\$|€|£|\b(best|first|only app|guarantee|free|shopify|review|trial)", re.IGNORECASE)


def page(project: Path) -> str:
    return (project / PAGE).read_text()


def details(text: str) -> str:
    quoted = text.split("**App details**")[1].split("##", maxsplit=1)[0]
    return " ".join(line.removeprefix("> ") for line in quoted.splitlines() if line.startswith(">"))


def test_each_field_is_short_enough(project: Path) -> None:
    fields = FIELD.findall(page(project))
    assert len(fields) == 15
    assert {name: len(text) for name, most, text in fields if len(text) > int(most)} == {}
    assert 100 < len(details(page(project))) <= 500


def test_the_text_claims_nothing_that_the_form_forbids(project: Path) -> None:
    texts = [text for _name, _most, text in FIELD.findall(page(project))] + [details(page(project))]
    assert [text for text in texts if FORBIDDEN.search(text)] == []


def test_the_plans_of_the_listing_are_those_of_the_app(project: Path) -> None:
    listed = set(re.findall(r"^\| \w+ \| `(\w+)` \|", page(project), re.MULTILINE))
    assert listed == {handle for handle in OFFERS if handle}
    assert all(f"`{meter}`" in page(project) for meter in METERS)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_picture_has_the_right_size_and_a_short_text(project: Path, place: int) -> None:
    file, text = PICTURE.findall(page(project))[place]
    assert len(text) <= 64
    assert png_size(project / file)[:2] == (1600, 900)


def test_the_icon_is_a_square_without_transparency(project: Path) -> None:
    width, height, colour = png_size(project / "docs/images/shopify-icon.png")
    assert (width, height) == (1200, 1200)
    assert colour in {2, 3}, "neither grey nor transparent"
    assert (project / "docs/images/shopify-icon.svg").is_file()


def png_size(file: Path) -> tuple[int, int, int]:
    """Width, height and kind of colour, from the header."""
    head = file.read_bytes()[:26]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, _depth, colour = struct.unpack(">IIBB", head[16:26])
    return width, height, colour
