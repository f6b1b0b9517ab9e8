"""Translations of a theme or an extension, from its `locales` folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from liquid.exceptions import LiquidError

_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
DEFAULT = ".default"


class UnknownWords(LiquidError):
    """A template asks for words that the locale files don't have."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no locale file has the words {key!r}", token=None)


class Words:
    """All words of a folder. language: as a shopper's page has it ("de", "pt-BR"); unknown ones get the default."""

    def __init__(self, folder: Path, *, schema: bool = False) -> None:
        self._folder, self._end = folder, ".schema.json" if schema else ".json"

    def say(self, key: str, language: str, values: Mapping[str, Any]) -> str:
        """Words by their dotted key, in the form for `count` if one is given. Raises UnknownWords."""
        for file in (language, language.split("-", maxsplit=1)[0], self._default()):
            found = _flat(self._folder / f"{file}{self._end}").get(key)
            if isinstance(found, dict):
                found = found["one" if values.get("count") == 1 and "one" in found else "other"]
            if isinstance(found, str):
                return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), found)
        raise UnknownWords(key)

    def _default(self) -> str:
        return next(path.name.removesuffix(self._end) for path in self._folder.glob(f"*{DEFAULT}{self._end}"))


@cache
def _flat(path: Path) -> dict[str, Any]:
    return dict(_walk(json.loads(path.read_text("utf-8")), "")) if path.exists() else {}


def _walk(tree: Mapping[str, Any], before: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, dict) and "other" not in value:
            found += _walk(value, f"{before}{name}.")
        else:
            found.append((f"{before}{name}", value))
    return found
