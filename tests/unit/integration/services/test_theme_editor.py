"""A block has one name, in the app and in the theme editor alike, and its link leads to a block that exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

from connectors.shopify.api import App
from integration.services.shopify.theme_editor import places

EXTENSION = "templates/shopify/extensions/shelfwise-theme"


def test_each_place_is_called_as_in_the_theme_editor(project: Path) -> None:
    folder = project / EXTENSION
    words = json.loads((folder / "locales" / "en.default.schema.json").read_text())
    named = {}
    for block in (folder / "blocks").glob("*.liquid"):
        key = re.search(r'"name":\s*"t:(\w+)"', block.read_text())
        assert key is not None
        named[block.stem] = words[key[1]]
    assert {place.block: place.title for place in places(App("id", "secret"), "a.myshopify.com")} == named


def test_each_link_opens_the_editor_of_the_shop_itself() -> None:
    for place in places(App("id", "secret"), "a.myshopify.com"):
        assert place.url.startswith("https://a.myshopify.com/admin/themes/current/editor?")
        assert f"id%2F{place.block}" in place.url
