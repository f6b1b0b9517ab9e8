"""What all bodies share: how ids, text, money and times are read, and how nonsense is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Self

import msgspec

from connectors.records import Change

# Shopify's ids have 64 bits; a browser would spoil them as numbers, so some senders make them text.
Id = int | str
Amount = Annotated[Decimal, msgspec.Meta(description="a decimal, as text or as a number")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Pieces = Annotated[int, msgspec.Meta(ge=-1_000_000_000, le=1_000_000_000)]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

MAX_AMOUNT = Decimal(10) ** 12
MOST_PLACES = 6
# Years outside of this range are a mistake of the sender, and would overflow when shifted to UTC.
FIRST_YEAR, LAST_YEAR = 1970, 2200
MOST_CHARACTERS = 100_000

_ID = re.compile(r"(?:gid://shopify/[A-Za-z]+/)?([1-9][0-9]{0,19})", re.ASCII)


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A body as far as we use it. Every method raises ValueError on what can't be meant."""

    @property
    def aggregate(self) -> str:
        """What must be applied in order; "" where order does not matter."""
        return ""

    @property
    def shop(self) -> str:
        """The shop's domain, if the body names it; it has to be the one that the headers name."""
        return ""

    def kept(self) -> Self:
        """The part that is kept, where the type alone doesn't say so."""
        return self

    def changes(self, at: datetime) -> Sequence[Change]:
        """What it tells of. at: when it happened."""
        raise TypeError(f"{type(self).__name__} tells of no change at {at}")


def number(given: Id) -> str:
    """A bare number as text, of a number, a text or a GraphQL id. Raises ValueError."""
    found = _ID.fullmatch(str(given))
    if found is None:
        raise ValueError("an id is not a number")
    return found[1]


def number_or_none(given: Id | None) -> str:
    """The same; "" for none, which 0 is too."""
    return "" if given in {None, 0, "", "0"} else number(given)


def text(given: str | None, longest: int = MOST_CHARACTERS) -> str:
    """Text as every database keeps it: cut to a length, without null characters."""
    return (given or "").replace("\x00", "")[:longest]


def currency_code(given: str | None) -> str:
    """A currency's code (ISO 4217); "" for what can't be one."""
    code = text(given).upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def in_utc(moment: datetime) -> datetime:
    """The same time in UTC. Raises ValueError outside of 1970 to 2200."""
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        raise ValueError("a time is not of our age")
    return moment.astimezone(UTC)


def version_of(updated_at: datetime | None, at: datetime) -> datetime:
    """The version of a state that was last changed at `updated_at`, told of something that happened at `at`.

    Bodies tell whole seconds, in which several things can happen; the event's own time says in which order.
    """
    if updated_at is None:
        return at
    second = in_utc(updated_at)
    return max(second, min(at, second.replace(microsecond=999_999)))


def amount(given: Decimal) -> Decimal:
    """An amount of money that a shop could ask. Raises ValueError."""
    places = given.as_tuple().exponent
    if not given.is_finite() or abs(given) >= MAX_AMOUNT or not isinstance(places, int) or places < -MOST_PLACES:
        raise ValueError("an amount of money is too large or too fine")
    return given
