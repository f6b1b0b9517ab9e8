"""Renders a theme's pages: layout, sections and blocks from its JSON, as Shopify does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from demo.shopify.liquid.drops import Drop
from demo.shopify.liquid.environment import Templates
from demo.shopify.liquid.extension import Extension, Placed, block_of
from demo.shopify.liquid.page import Page
from demo.shopify.liquid.surroundings import surroundings
from demo.shopify.liquid.tags import BLOCKS, SECTION
from demo.shopify.liquid.words import Words

RIGHT_TO_LEFT = frozenset({"ar", "he", "fa", "ur"})


@dataclass(slots=True)
class _Head:
    """Files that the blocks of a page need, each once."""

    stylesheets: dict[str, None] = field(default_factory=dict)
    scripts: dict[str, None] = field(default_factory=dict)

    def html(self) -> str:
        """Tags for the page's head."""
        links = [f'<link rel="stylesheet" href="{escape(each)}">' for each in self.stylesheets if each]
        scripts = [f'<script src="{escape(each)}" defer></script>' for each in self.scripts if each]
        return "".join(links + scripts)


class Theme:
    """The theme of one folder with the app's extension, or without."""

    def __init__(self, folder: Path, extension: Extension | None) -> None:
        self._folder = folder
        self._templates = Templates(folder)
        self._extension = extension
        self.words = Words(folder / "locales")
        self.assets = folder / "assets"

    def render(self, page: Page, template: str, objects: Mapping[str, Any], header: str) -> str:
        """A whole page. objects: those of the page, such as its product. header: the platform's part of the head."""
        one = _Rendering(self._templates, self._extension, page, objects, self._read("config/settings_data"))
        return one.page(self._read(f"templates/{template}"), header)

    def render_text(self, page: Page, text: str) -> str:
        """Liquid that an app's proxy answered with."""
        return self._templates.render_text(text, page.globals(surroundings(page)))

    def _read(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self._folder / f"{name}.json").read_text("utf-8"))
        return found


class _Rendering:
    def __init__(
        self,
        templates: Templates,
        extension: Extension | None,
        page: Page,
        objects: Mapping[str, Any],
        data: Mapping[str, Any],
    ) -> None:
        self._templates, self._extension, self._page, self._objects = templates, extension, page, objects
        self._data, self._head = data["current"], _Head()
        self._around = {**surroundings(page), **objects}

    def page(self, template: Mapping[str, Any], header: str) -> str:
        """The layout around the template's sections."""
        sections = [self._section(name, template["sections"][name]) for name in template["order"]]
        embeds = [self._app_block(name, each) for name, each in self._data.get("blocks", {}).items()]
        variables = {
            **self._around,
            "content_for_layout": "".join(sections),
            "content_for_header": header + self._head.html(),
            "direction": "rtl" if self._page.locale in RIGHT_TO_LEFT else "ltr",
            SECTION: self._static,
        }
        whole = self._templates.render("layout/theme", self._page.globals(variables))
        return whole.replace("</body>", f"{''.join(embeds)}</body>")

    def _static(self, name: str) -> str:
        return self._section(name, self._data["sections"].get(name, {"type": name}))

    def _section(self, name: str, section: Mapping[str, Any]) -> str:
        kind = section["type"]
        schema = self._templates.source(f"sections/{kind}").schema or {}
        defaults = {each["id"]: each.get("default") for each in schema.get("settings", []) if "id" in each}
        settings = Drop("settings", {**defaults, **section.get("settings", {})})
        placed = section.get("blocks", {})
        blocks = "".join(self._app_block(each, placed[each]) for each in section.get("block_order", []))
        drop = Drop("section", {"id": name, "settings": settings, "type": kind})
        variables = {**self._around, "section": drop, BLOCKS: lambda _what: blocks}
        html = self._templates.render(f"sections/{kind}", self._page.globals(variables))
        tag, own = schema.get("tag", "div"), schema.get("class", "")
        return f'<{tag} id="shopify-section-{escape(name)}" class="shopify-section {own}">{html}</{tag}>'

    def _app_block(self, name: str, block: Mapping[str, Any]) -> str:
        kind = block_of(block["type"])
        if self._extension is None or kind is None or block.get("disabled"):
            return ""
        placed = Placed(name, kind, block.get("settings", {}))
        rendered = self._extension.render(placed, self._page, self._objects)
        self._head.stylesheets[rendered.stylesheet] = None
        self._head.scripts[rendered.script] = None
        return rendered.html
