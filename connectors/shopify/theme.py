"""Which of the app's blocks stand on the theme that shoppers see.

A theme keeps what a merchant placed in JSON files: a block of an app has a type such as
"shopify://apps/shelfwise/blocks/similar/<id>", and may be there but switched off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.shopify.graphql.client import Admin

FILES = ("config/settings_data.json", "templates/*.json", "sections/*.json")
# Shopify writes a comment above the JSON of a theme.
_COMMENT = re.compile(r"\A\s*/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"shopify://apps/([^/]+)/blocks/([^/]+)/")


@dataclass(frozen=True, slots=True)
class Theme:
    """The theme that shoppers see. blocks: handles of the app's blocks that are on it and switched on, sorted."""

    name: str
    blocks: tuple[str, ...]


class _Body(msgspec.Struct):
    content: str = ""


class _File(msgspec.Struct):
    body: _Body


class _Files(msgspec.Struct):
    nodes: list[_File]


class _Theme(msgspec.Struct):
    name: str
    files: _Files | None = None


class _Themes(msgspec.Struct):
    nodes: list[_Theme]


class _Answer(msgspec.Struct):
    themes: _Themes | None = None


def read_theme(admin: Admin, handle: str) -> Theme | None:
    """The theme as it now is; None where the shop has none. handle: of the app. Raises PlatformError, AccessLost."""
    themes = admin.run("main_theme", {"filenames": list(FILES)}, _Answer).themes
    if themes is None or not themes.nodes:
        return None
    theme = themes.nodes[0]
    texts = [file.body.content for file in theme.files.nodes] if theme.files else []
    return Theme(theme.name, tuple(sorted({block for text in texts for block in blocks_in(text, handle)})))


def blocks_in(text: str, handle: str) -> set[str]:
    """The app's blocks that are switched on in a theme's file; none where it can't be read."""
    try:
        root = json.loads(_COMMENT.sub("", text))
    except (ValueError, RecursionError):
        return set()
    found = (_BLOCK.match(str(each.get("type", ""))) for each in _objects(root) if not each.get("disabled"))
    return {match[2] for match in found if match and match[1] == handle}


def _objects(root: Any) -> Iterator[dict[str, Any]]:
    """All objects of a JSON value, except those inside one that is switched off."""
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and not each.get("disabled"):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
