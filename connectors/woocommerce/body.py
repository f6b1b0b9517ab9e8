"""What WooCommerce's JSON has in common: how ids, text, money and times are read, and what can't be meant.

PHP is loose with types, and plugins are looser: a number may come as text, an empty object as a list, a list with a
gap as an object. What is only odd is read; what we need and can't read is refused.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import msgspec

from connectors.records import Change

T = TypeVar("T")

Scalar = int | float | str | bool | None
Listed = list[T] | dict[str, T] | None

MAX_AMOUNT = Decimal(10) ** 12
MOST_PLACES = Decimal("0.000001")
MOST_PIECES = 10**9
MOST_CHARACTERS = 100_000
FIRST_YEAR, LAST_YEAR = 1970, 2200
# A shop whose clock is further ahead than this tells nonsense, which would outvote whatever it says later.
AHEAD = timedelta(days=1)
# How far a shop's clock may be behind ours, where its time has to be guessed from ours.
CLOCKS_APART = timedelta(minutes=10)

_ID = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-z!][^<>]{0,2000}>", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A body as far as we use it. Every method raises ValueError on what can't be meant."""

    @property
    def aggregate(self) -> str:
        """What the body is about; "" where that doesn't matter."""
        return ""

    def kept(self) -> Body:
        """The part that is kept, where the type alone doesn't say so."""
        return self

    def changes(self, at: datetime) -> Sequence[Change]:
        """What it tells of. at: when it arrived."""
        raise TypeError(f"{type(self).__name__} tells of no change at {at}")


def number(given: Scalar) -> str:
    """An id as text. Raises ValueError."""
    found = None if isinstance(given, bool | float | None) else _ID.fullmatch(str(given))
    if found is None:
        raise ValueError("an id is not a number")
    return found[0]


def number_or_none(given: Scalar) -> str:
    """The same; "" for none, which 0 is too."""
    return "" if given in {None, 0, "", "0"} else number(given)


def numbers(given: Listed[Scalar]) -> list[str]:
    """The ids of a list; what is none is left out."""
    return [found for each in items(given) if (found := number_or_none(each))]


def items(given: list[T] | dict[str, T] | None) -> list[T]:
    """What a list holds, also one that PHP wrote as an object."""
    return list(given.values()) if isinstance(given, dict) else list(given or ())


def text(given: Scalar, longest: int = MOST_CHARACTERS) -> str:
    """Text as every database keeps it: cut to a length, without null characters. False is PHP's way to say nothing."""
    return "" if given is None or given is False else str(given).replace("\x00", "").strip()[:longest]


def plain(given: Scalar, longest: int = MOST_CHARACTERS) -> str:
    """Text without HTML; WordPress keeps names and descriptions as HTML."""
    words = _TAG.sub(" ", _HIDDEN.sub(" ", text(given)))
    return " ".join(html.unescape(words).replace("\x00", "").split())[:longest]


def address(given: Scalar) -> str:
    """An address that a browser can open, "" where it is none."""
    found = text(given, 2000)
    return found if found.lower().startswith(("https://", "http://")) and found.isprintable() else ""


def country(given: Scalar) -> str:
    """A country's code (ISO 3166), "" for what can't be one."""
    code = text(given, 8).upper()
    return code if _COUNTRY.fullmatch(code) else ""


def currency_code(given: Scalar) -> str:
    """A currency's code (ISO 4217), "" for what can't be one."""
    code = text(given, 8).upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def is_yes(given: Scalar) -> bool:
    """Whether PHP or a form means yes."""
    return given is True or str(given).lower() in {"yes", "true", "1"}


def decimal(given: Scalar) -> Decimal | None:
    """A number that a shop could mean; None for none, and for what can't be one."""
    if given is None or isinstance(given, bool):
        return None
    try:
        found = Decimal(str(given).strip())
    except (InvalidOperation, ValueError):
        return None
    return found.quantize(MOST_PLACES).normalize() + 0 if found.is_finite() and abs(found) < MAX_AMOUNT else None


def pieces(given: Scalar) -> int | None:
    """A whole number of pieces; of a part of one nothing can be sold. None for none."""
    found = decimal(given)
    return None if found is None else max(-MOST_PIECES, min(MOST_PIECES, math.floor(found)))


def moment(given: Scalar) -> datetime | None:
    """A time in UTC, which fields called `_gmt` are without saying so; None for none, and for WordPress's zero date."""
    written = text(given, 40)
    if not _MOMENT.fullmatch(written):
        return None
    try:
        found = datetime.fromisoformat(written)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if FIRST_YEAR < found.year < LAST_YEAR else None


def version_of(modified: datetime | None, at: datetime) -> datetime:
    """The version of a state that was last changed at `modified` and arrived at `at`."""
    return at if modified is None or modified > at + AHEAD else modified


def read_version(modified: datetime | None, asked: datetime) -> datetime:
    """The version of a state that was read when the shop's clock said `asked`: what came before has no more say."""
    return asked if modified is None or modified > asked + AHEAD else max(modified, asked)


def guessed(at: datetime) -> datetime:
    """A time of the shop's that is surely not later than `at`, where all we know is when its word arrived."""
    return at - CLOCKS_APART
