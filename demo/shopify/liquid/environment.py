"""Templates of one folder, a theme's or an extension's, each with its own snippets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from liquid import Environment, Mode
from liquid.builtin.loaders.mixins import CachingLoaderMixin
from liquid.exceptions import TemplateNotFoundError
from liquid.loader import BaseLoader, TemplateSource

from demo.shopify.liquid.filters import FILTERS, NOT_SHOPIFYS
from demo.shopify.liquid.tags import TAGS

MOST_PARSED = 100
# What stands in these is never rendered in its place.
_APART = re.compile(r"\{%-?\s*(schema|stylesheet|javascript)\s*-?%\}(.*?)\{%-?\s*end\1\s*-?%\}", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """A template's file. schema: None where it has none; stylesheet, javascript: "" where it has none."""

    text: str

    @cached_property
    def markup(self) -> str:
        """What is rendered."""
        return _APART.sub("", self.text)

    @cached_property
    def schema(self) -> dict[str, Any] | None:
        """What the theme editor knows of it. Raises JSONDecodeError."""
        found = self._apart("schema")
        return json.loads(found) if found else None

    @property
    def stylesheet(self) -> str:
        """CSS that is put into the page's head once."""
        return self._apart("stylesheet")

    @property
    def javascript(self) -> str:
        """Script that is put into the page once."""
        return self._apart("javascript")

    def _apart(self, name: str) -> str:
        return "\n".join(match[2] for match in _APART.finditer(self.text) if match[1] == name)


class _Snippets(CachingLoaderMixin, BaseLoader):
    def __init__(self, folder: Path) -> None:
        super().__init__(auto_reload=False, namespace_key="", capacity=MOST_PARSED)
        self._folder = folder

    def get_source(self, env: Environment, template_name: str, **_more: object) -> TemplateSource:
        """A snippet for `render`, or any file by its path."""
        name = template_name if "/" in template_name else f"snippets/{template_name}"
        path = self._folder / f"{name}.liquid"
        if not path.is_file():
            raise TemplateNotFoundError(template_name)
        return TemplateSource(Source(path.read_text("utf-8")).markup, str(path), None)


class Templates:
    """The Liquid files of a folder. Unknown tags, filters, words and properties of objects raise LiquidError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = Environment(tolerance=Mode.STRICT, strict_filters=True, loader=_Snippets(folder))
        for tag in TAGS:
            self._environment.add_tag(tag)
        self._environment.filters.update(FILTERS)
        for name in NOT_SHOPIFYS:
            del self._environment.filters[name]
        self._parsed: dict[str, Any] = {}

    def source(self, name: str) -> Source:
        """A file by its path without ".liquid"."""
        return Source((self.folder / f"{name}.liquid").read_text("utf-8"))

    def render_text(self, text: str, variables: Mapping[str, Any]) -> str:
        """Render Liquid that stands in no file."""
        rendered: str = self._environment.from_string(text).render(**variables)
        return rendered

    def render(self, name: str, variables: Mapping[str, Any]) -> str:
        """Render a file by its path without ".liquid"."""
        if name not in self._parsed:
            self._parsed[name] = self._environment.get_template(name)
        rendered: str = self._parsed[name].render(**variables)
        return rendered
