"""The operations, each in a file of its own: `operations/NAME.graphql`, and `operations/bulk/` for bulk queries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_FOLDER = files("connectors.shopify") / "operations"
_NAME = re.compile(r"(bulk/)?[a-z][a-z0-9_]*")
# What the file of a mutation has to say of itself, with the reason behind it.
_REPEATABLE = re.compile(r"^# Safe to repeat: \S", re.MULTILINE)
# How long a list a call may carry, for what it costs or by a rule of Shopify's.
_AT_MOST = re.compile(r"^# At most (\d+) \$(\w+)", re.MULTILINE)
_COMMENTS = re.compile(r"^\s*#.*\n", re.MULTILINE)


class UnknownOperation(LookupError):
    """No file of `operations/` has this name."""


@dataclass(frozen=True, slots=True)
class Document:
    """One operation.

    repeatable: running it twice does what running it once does, so a doubtful call is repeated. at_most: of each
    variable that is a list with a bound, the most that one call takes.
    """

    name: str
    text: str
    is_mutation: bool
    repeatable: bool
    at_most: Mapping[str, int]


@cache
def document(name: str) -> Document:
    """The operation in `operations/NAME.graphql`. Raises UnknownOperation."""
    file = _FOLDER.joinpath(f"{name}.graphql")
    if _NAME.fullmatch(name) is None or not file.is_file():
        raise UnknownOperation(f"there is no operation {name!r}")
    source = file.read_text(encoding="utf-8")
    text = _COMMENTS.sub("", source)
    is_mutation = text.lstrip().startswith("mutation")
    repeatable = not is_mutation or _REPEATABLE.search(source) is not None
    at_most = {variable: int(number) for number, variable in _AT_MOST.findall(source)}
    return Document(name, text, is_mutation, repeatable, MappingProxyType(at_most))
