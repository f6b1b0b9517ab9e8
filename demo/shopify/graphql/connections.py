"""Connections: a list that is answered page by page, with cursors that survive changes between two pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from graphql import GraphQLError

LARGEST_PAGE = 250
Key = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Edge:
    """One thing on a page."""

    node: Any
    cursor: str


@dataclass(slots=True)
class Connection:
    """A page of things. key: what they are ordered by, and what a cursor says; None: their place in the list."""

    things: Sequence[Any]
    key: Key | None = None
    has_next: bool = False
    has_previous: bool = False
    offset: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)

    def edges(self) -> list[Edge]:
        """The things with their cursors."""
        return [Edge(thing, self._cursor(place)) for place, thing in enumerate(self.things)]

    def page_info(self) -> dict[str, Any]:
        """What stands before and after the page."""
        last = len(self.things) - 1
        return {
            "hasNextPage": self.has_next,
            "hasPreviousPage": self.has_previous,
            "startCursor": self._cursor(0) if self.things else None,
            "endCursor": self._cursor(last) if self.things else None,
        }

    def _cursor(self, place: int) -> str:
        value = [self.offset + place] if self.key is None else list(self.key(self.things[place]))
        return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def page(
    things: Sequence[Any], args: Mapping[str, Any], *, key: Key | None = None, everything: bool = False
) -> Connection:
    """The page that the arguments first/after or last/before ask for. Raises GraphQLError on what can't be answered.

    key: ordered by it (ascending; `reverse` turns it round); without it things keep their order.
    everything: as in a bulk operation, where pages don't count.
    """
    if key is not None:
        things = sorted(things, key=key)
    if args.get("reverse"):
        things = things[::-1]
    if everything:
        return Connection(things, key)
    first, last = _size(args, "first"), _size(args, "last")
    if (first is None) == (last is None):
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if last is not None:
        return _last(things, args, key, last)
    assert first is not None
    start = _place(things, args.get("after"), key, reverse=bool(args.get("reverse")))
    found = list(islice(things, start, start + first))
    return Connection(found, key, start + len(found) < len(things), start > 0, start)


def _last(things: Sequence[Any], args: Mapping[str, Any], key: Key | None, last: int) -> Connection:
    before = args.get("before")
    end = _place(things, before, key, reverse=bool(args.get("reverse"))) - 1 if before else len(things)
    start = max(end - last, 0)
    return Connection(things[start:end], key, end < len(things), start > 0, start)


def _size(args: Mapping[str, Any], name: str) -> int | None:
    size: int | None = args.get(name)
    if size is not None and not 0 <= size <= LARGEST_PAGE:
        raise GraphQLError(
            f"`{name}` must be between 0 and {LARGEST_PAGE}", extensions={"code": "argumentLiteralsIncompatible"}
        )
    return size


def _place(things: Sequence[Any], cursor: str | None, key: Key | None, *, reverse: bool) -> int:
    """Where the things after a cursor begin."""
    if not cursor:
        return 0
    try:
        value = json.loads(base64.b64decode(cursor, validate=True))
        if key is None:
            return int(value[0]) + 1
        last = tuple(value)
        # What was changed or removed meanwhile does not matter: the next is found by its order.
        passed = (lambda thing: list(key(thing)) >= list(last)) if reverse else (lambda thing: key(thing) <= last)
        return _first_not(things, passed)
    except (binascii.Error, ValueError, TypeError, IndexError):
        raise GraphQLError(f"Invalid cursor for current pagination sort. cursor: {cursor}") from None


def _first_not(things: Sequence[Any], passed: Callable[[Any], bool]) -> int:
    low, high = 0, len(things)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if passed(things[middle]) else (low, middle)
    return low
