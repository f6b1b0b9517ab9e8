"""What a page of the shop shows of slates, read as a browser reads it."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any

SECTION = re.compile(r'<section [^>]*class="[^"]*\bshelfwise\b.*?</section>', re.DOTALL)
CARD = re.compile(r'<li class="shelfwise-card" data-shelfwise="(\d+),([^"]*)"')
HEADING = re.compile(r'class="shelfwise-heading"[^>]*>(.*?)</h2>', re.DOTALL)
TOLD = re.compile(r' data-shelfwise="([^"]*)"')


@dataclass(frozen=True)
class Shown:
    """A slate on a page. told: what the script is told. marks: slate and position of each product."""

    text: str
    heading: str
    products: list[int]
    marks: list[str]
    told: dict[str, Any]


def slates(page: str) -> list[Shown]:
    """The slates of a page, in their order."""
    return [_shown(each.group()) for each in SECTION.finditer(page)]


def _shown(text: str) -> Shown:
    cards = CARD.findall(text)
    told, heading = TOLD.search(text.split(">", 1)[0] + ">"), HEADING.search(text)
    return Shown(
        text,
        html.unescape(heading.group(1)) if heading else "",
        [int(product) for product, _ in cards],
        [mark for _, mark in cards],
        json.loads(html.unescape(told.group(1))) if told else {},
    )
