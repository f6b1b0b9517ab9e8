"""A theme app extension as a shop renders it: its blocks, where a merchant has put them, with their settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from demo.shopify.liquid.drops import Drop
from demo.shopify.liquid.environment import Templates
from demo.shopify.liquid.page import Page
from demo.shopify.liquid.surroundings import surroundings
from demo.shopify.liquid.words import Words

_BLOCK = re.compile(r"shopify://apps/[\w-]+/blocks/([\w-]+)/[\w-]+")
# Nil where a page does not have them.
NONE_HERE: Mapping[str, Any] = MappingProxyType({"product": None, "collection": None, "search": None})
# What a setting is that has no default and that nobody has touched.
_EMPTY: Mapping[str, Any] = MappingProxyType({"checkbox": False, "collection": None})
_FLAG = re.compile(r"\{\{\s*app\.metafields\.(\w+)\.(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Placed:
    """A block that a merchant has put somewhere. settings: those that they changed."""

    id: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a block gives to a page. stylesheet, script: addresses for the page's head, "" where it has none."""

    html: str
    stylesheet: str = ""
    script: str = ""


class Extension:
    """The blocks of one folder. address: where its assets are served."""

    def __init__(self, folder: Path, address: str) -> None:
        self.assets, self.address = folder / "assets", address
        self._templates = Templates(folder)
        self._words = Words(folder / "locales")
        names = (path.stem for path in sorted((folder / "blocks").glob("*.liquid")))
        # Snippets ask for settings that only some blocks have; nil for the others, but never one that none has.
        self._no_settings = {each["id"]: None for name in names for each in _settings(self.schema(name))}

    def schema(self, name: str) -> dict[str, Any]:
        """What the theme editor knows of a block."""
        return self._templates.source(f"blocks/{name}").schema or {}

    def render(self, placed: Placed, page: Page, objects: Mapping[str, Any]) -> Rendered:
        """A block on a page; nothing where the page is not one that it may stand on, or its condition is not met.

        objects: those of the page, such as its product.
        """
        schema = self.schema(placed.name)
        here = page.speaking(self._words, self.assets, self.address)
        around = {**surroundings(here), **NONE_HERE, **objects}
        if not (_allowed(schema, page.kind) and _available(schema, around["app"])):
            return Rendered("")
        settings = {each["id"]: each.get("default", _EMPTY.get(each["type"], "")) for each in _settings(schema)} | dict(
            placed.settings
        )
        values = Drop("settings", self._no_settings | _resolved(schema, settings, around["collections"]))
        block = Drop("block", {"id": placed.id, "type": placed.name, "settings": values, "shopify_attributes": ""})
        html = self._templates.render(f"blocks/{placed.name}", here.globals({**around, "block": block}))
        files = [f"{self.address}/{schema[each]}" if each in schema else "" for each in ("stylesheet", "javascript")]
        return Rendered(f'<div id="shopify-block-{placed.id}" class="shopify-block">{html}</div>', *files)


def block_of(kind: str) -> str | None:
    """The name of an app's block in a theme's JSON; None for the theme's own blocks."""
    found = _BLOCK.fullmatch(kind)
    return found[1] if found else None


def _allowed(schema: Mapping[str, Any], kind: str) -> bool:
    listed = schema.get("enabled_on", {}).get("templates", ["*"])
    return "*" in listed or kind in listed


def _available(schema: Mapping[str, Any], app: Drop) -> bool:
    flag = _FLAG.fullmatch(schema.get("available_if", ""))
    if flag is None:
        return "available_if" not in schema
    try:
        return bool(app["metafields"][flag[1]][flag[2]]["value"])
    except KeyError:
        return False


def _resolved(schema: Mapping[str, Any], values: Mapping[str, Any], collections: Any) -> dict[str, Any]:
    found = dict(values)
    for each in _settings(schema):
        if each["type"] == "collection" and found[each["id"]]:
            found[each["id"]] = collections[found[each["id"]]]
    return found


def _settings(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in schema["settings"] if "id" in each]
