"""The operations, each in a file of its own: `operations/NAME.graphql`, and `operations/bulk/` for bulk queries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FOLDER = files("connectors.shopify") / "operations"
_NAME = re.compile(r"(bulk/)?[a-z][a-z0-9_]*")
# What the file of a mutation has to say of itself, with the reason behind it.
_REPEATABLE = re.compile(r"^# Safe to repeat: \S", re.MULTILINE)
_COMMENTS = re.compile(r"^\s*#.*\n", re.MULTILINE)


class UnknownOperation(LookupError):
    """No file of `operations/` has this name."""


@dataclass(frozen=True, slots=True)
class Document:
    """One operation. repeatable: running it twice does what running it once does, so a doubtful call is repeated."""

    name: str
    text: str
    is_mutation: bool
    repeatable: bool


@cache
def document(name: str) -> Document:
    """The operation in `operations/NAME.graphql`. Raises UnknownOperation."""
    file = _FOLDER.joinpath(f"{name}.graphql")
    if _NAME.fullmatch(name) is None or not file.is_file():
        raise UnknownOperation(f"there is no operation {name!r}")
    source = file.read_text(encoding="utf-8")
    text = _COMMENTS.sub("", source)
    is_mutation = text.lstrip().startswith("mutation")
    return Document(name, text, is_mutation, not is_mutation or _REPEATABLE.search(source) is not None)
