"""What all lists of the REST API share: their parameters with the recorded errors, pages, headers, `_fields`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from demo.woocommerce.state import PlayedShop

T = TypeVar("T")
MOST = 100
POSTS = ("date", "id", "include", "title", "slug", "modified")
HOOKS = ("date", "id", "title")
TERMS = ("name", "id", "include", "slug", "term_group", "description", "count")
PEOPLE = ("name", "id", "include", "registered_date")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}(:?\d{2})?)?)?")


class RestError(Exception):
    """An answer that is an error, in WooCommerce's words."""

    def __init__(self, code: str, message: str, status: int, **data: Any) -> None:
        super().__init__(message)
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}
        self.status = status


def bad_parameter(name: str, message: str, code: str = "rest_invalid_param") -> RestError:
    """The error for one wrong parameter, in the recorded shape."""
    details = {name: {"code": code, "message": message, "data": None}}
    return RestError(
        "rest_invalid_param", f"Invalid parameter(s): {name}", 400, params={name: message}, details=details
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a list. They are checked when they are read."""

    given: Mapping[str, str]

    def whole(self, name: str, default: int, low: int = 1, high: int | None = None) -> int:
        """A whole number within bounds."""
        text = self.given.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"-?\d{1,12}", text):
            raise bad_parameter(name, f"{name} is not of type integer.", "rest_invalid_type")
        value = int(text)
        if high is not None and not low <= value <= high:
            bounds = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
            raise bad_parameter(name, bounds, "rest_out_of_bounds")
        if value < low:
            raise bad_parameter(name, f"{name} must be greater than or equal to {low}", "rest_out_of_bounds")
        return value

    def one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of some words."""
        value = self.given.get(name, default)
        if value not in choices:
            raise bad_parameter(name, f"{name} is not one of {', '.join(choices)}.", "rest_not_in_enum")
        return value

    def words(self, name: str) -> list[str]:
        """Several words, with commas between them."""
        return [each for each in re.split(r"[\s,]+", self.given.get(name, "")) if each]

    def ids(self, name: str) -> list[int]:
        """Several ids."""
        found = self.words(name)
        if not all(each.isdigit() for each in found):
            raise bad_parameter(name, f"{name}[0] is not of type integer.", "rest_invalid_type")
        return [int(each) for each in found]

    def time(self, name: str, shop: PlayedShop) -> datetime | None:
        """A time that stands for itself: compared with a column, so without a zone.

        WordPress turns a time that names a zone into the site's own, whichever column it is then compared with.
        """
        text = self.given.get(name)
        if not text:
            return None
        if not DATE.fullmatch(text):
            raise bad_parameter(name, "Invalid date.", "rest_invalid_date")
        try:
            found = datetime.fromisoformat(text.upper())
        except ValueError:
            raise bad_parameter(name, "Invalid date.", "rest_invalid_date") from None
        return found if found.tzinfo is None else found.astimezone(shop.zone).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """How a list is ordered and narrowed by time: id, created and modified give a thing's value.

    ways: by what it can be ordered, the usual one first. down: whether that is newest first. timed: whether times
    narrow it, as those of posts do. name: what it is called, for lists that are ordered by that.
    """

    id: Callable[[T], int]
    created: Callable[[T], datetime]
    modified: Callable[[T], datetime | None]
    ways: tuple[str, ...] = POSTS
    down: bool = True
    timed: bool = True
    name: Callable[[T], str] | None = None


def narrowed(shop: PlayedShop, asked: Asked, things: Iterable[T], dated: Dated[T]) -> list[T]:
    """What lies within the times and ids that are asked for."""
    found = list(things)
    zone = UTC if asked.given.get("dates_are_gmt", "").lower() in {"1", "true"} else shop.zone
    for name, value_of in (("modified", dated.modified), ("", dated.created)) if dated.timed else ():
        after = asked.time(f"{name}_after".strip("_"), shop)
        before = asked.time(f"{name}_before".strip("_"), shop)
        if after is not None or before is not None:
            found = [each for each in found if _within(value_of(each), zone, after, before)]
    if wanted := set(asked.ids("include")):
        found = [each for each in found if dated.id(each) in wanted]
    if unwanted := set(asked.ids("exclude")):
        found = [each for each in found if dated.id(each) not in unwanted]
    return found


def _within(at: datetime | None, zone: Any, after: datetime | None, before: datetime | None) -> bool:
    """Both ends are left out, and only whole seconds are kept."""
    if at is None:
        return False
    there = at.astimezone(zone).replace(tzinfo=None, microsecond=0)
    return (after is None or there > after) and (before is None or there < before)


def ordered(asked: Asked, things: list[T], dated: Dated[T], *, shuffle: str = "") -> list[T]:
    """In the order that is asked for. shuffle: what ties are broken by where the database breaks them as it likes."""
    by = asked.one_of("orderby", dated.ways, dated.ways[0])
    down = asked.one_of("order", ("asc", "desc"), "desc" if dated.down else "asc") == "desc"
    called = dated.name
    if by == "name" and called is not None:
        return sorted(things, key=lambda each: (called(each).lower(), dated.id(each)), reverse=down)
    if by == "include":
        place = {each: number for number, each in enumerate(asked.ids("include"))}
        return sorted(things, key=lambda each: place.get(dated.id(each), 0))
    if by not in {"date", "modified", "registered_date"}:
        return sorted(things, key=dated.id, reverse=down)
    value_of = dated.modified if by == "modified" else dated.created
    never = datetime.min.replace(tzinfo=UTC)

    def key(each: T) -> tuple[datetime, Any]:
        number = dated.id(each)
        tie: Any = sha256(f"{shuffle}{number}".encode()).digest() if shuffle and by == "modified" else number
        return (value_of(each) or never).replace(microsecond=0), tie

    return sorted(things, key=key, reverse=down)


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """One page of a list, and the headers that tell of the others."""

    things: Sequence[T]
    headers: Mapping[str, str]


def paged(asked: Asked, things: Sequence[T], address: str) -> Paged[T]:
    """The page that is asked for; past the last there is nothing, and that is no error."""
    size, page = asked.whole("per_page", 10, 1, MOST), asked.whole("page", 1)
    begin = asked.whole("offset", (page - 1) * size, 0)
    pages = -(-len(things) // size)
    around = ((min(page - 1, max(pages, 1)), "prev", page > 1), (page + 1, "next", page < pages))
    given = {name: value for name, value in asked.given.items() if not name.startswith(("oauth_", "consumer_"))}
    link = ", ".join(
        f'<{address}?{urlencode({**given, "page": number})}>; rel="{rel}"' for number, rel, there in around if there
    )
    headers = {"X-WP-Total": str(len(things)), "X-WP-TotalPages": str(pages), **({"Link": link} if link else {})}
    return Paged(things[begin : begin + size], headers)


def with_fields(asked: Asked, body: Any) -> Any:
    """The body with only the fields that `_fields` names; "billing.country" names one inside another."""
    wanted = asked.words("_fields")
    if not wanted:
        return body
    tree: dict[str, Any] = {}
    for each in wanted:
        at = tree
        for part in each.split("."):
            at = at.setdefault(part, {})
    return [_cut(each, tree) for each in body] if isinstance(body, list) else _cut(body, tree)


def _cut(body: Any, tree: dict[str, Any]) -> Any:
    if not tree:
        return body
    if isinstance(body, list):
        return [_cut(each, tree) for each in body]
    if not isinstance(body, dict):
        return body
    return {name: _cut(value, tree[name]) for name, value in body.items() if name in tree}
