"""Shopify's search syntax, as far as an app that reads a shop needs it: terms joined by AND, OR, NOT and brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

Matcher = Callable[[Any], bool]
# A field's name -> what it says of a thing: text, a number, a time, or a set of words.
Fields = Mapping[str, Callable[[Any], Any]]

_TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])|(?P<word>AND|OR|NOT)\b|(?P<minus>-)?(?P<field>\w+):(?P<op><=|>=|<|>)?
        (?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^\s()]+))|(?P<text>[^\s()]+))""",
    re.VERBOSE,
)


def matcher(query: str | None, fields: Fields) -> Matcher:
    """What tells whether a thing is meant by a query. Unknown fields match nothing, as in Shopify's filters."""
    if not query or not query.strip():
        return lambda _thing: True
    return _Parser(query, fields).parse()


class _Parser:
    def __init__(self, query: str, fields: Fields) -> None:
        self._tokens = [match for match in _TOKEN.finditer(query) if match.group().strip()]
        self._fields = fields
        self._at = 0

    def parse(self) -> Matcher:
        found = self._either()
        if self._at < len(self._tokens):
            raise GraphQLError("the query's brackets do not match", extensions={"code": "BAD_REQUEST"})
        return found

    def _peek(self, name: str) -> str:
        return (self._tokens[self._at].group(name) or "") if self._at < len(self._tokens) else ""

    def _either(self) -> Matcher:
        found = self._all()
        while self._peek("word") == "OR":
            self._at += 1
            found = _or(found, self._all())
        return found

    def _all(self) -> Matcher:
        found = self._one()
        while self._at < len(self._tokens) and self._peek("word") != "OR" and self._peek("bracket") != ")":
            if self._peek("word") == "AND":
                self._at += 1
            found = _and(found, self._one())
        return found

    def _one(self) -> Matcher:
        if self._at >= len(self._tokens):
            raise GraphQLError("the query ends too soon", extensions={"code": "BAD_REQUEST"})
        token = self._tokens[self._at]
        self._at += 1
        if token.group("word") == "NOT":
            return _not(self._one())
        if token.group("bracket") == "(":
            found = self._either()
            self._at += 1
            return found
        return self._term(token)

    def _term(self, token: re.Match[str]) -> Matcher:
        if not token.group("field"):
            words = (token.group("text") or "").lower()
            title = self._fields.get("title")
            return lambda thing: title is not None and words in str(title(thing)).lower()
        values = [token.group(name) for name in ("single", "double", "bare")]
        wanted = next(value for value in values if value is not None)
        get, operator = self._fields.get(token.group("field")), token.group("op") or ":"
        if get is None:
            return lambda _thing: False
        found = _compared(get, operator, wanted)
        return _not(found) if token.group("minus") else found


def _and(one: Matcher, other: Matcher) -> Matcher:
    return lambda thing: one(thing) and other(thing)


def _or(one: Matcher, other: Matcher) -> Matcher:
    return lambda thing: one(thing) or other(thing)


def _not(one: Matcher) -> Matcher:
    return lambda thing: not one(thing)


def _compared(get: Callable[[Any], Any], operator: str, wanted: str) -> Matcher:
    as_time = _time(wanted)

    def matches(thing: Any) -> bool:
        has = get(thing)
        if isinstance(has, datetime):
            return as_time is not None and _holds(has, operator, as_time)
        if isinstance(has, bool):
            return has == (wanted.lower() == "true")
        if isinstance(has, int):
            tail = wanted.rsplit("/", 1)[-1]
            return tail.isdigit() and _holds(has, operator, int(tail))
        if isinstance(has, frozenset):
            return wanted.lower() in has
        return wanted == "*" or str(has).lower() in wanted.lower().split(",")

    return matches


def _holds(has: Any, operator: str, wanted: Any) -> bool:
    return bool(
        {
            ":": has == wanted,
            "<": has < wanted,
            ">": has > wanted,
            "<=": has <= wanted,
            ">=": has >= wanted,
        }[operator]
    )


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
