"""Times as files write them: ISO, or numbers with slashes, dots or dashes in one of two orders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from connectors.errors import BadFile

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_WRITTEN = re.compile(
    r"(?P<a>\d{1,4})[/.\-](?P<b>\d{1,2})[/.\-](?P<c>\d{1,4})"
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp][Mm])?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)


@lru_cache(maxsize=65_536)
def moment(cell: Any, day_first: bool = False) -> datetime | None:
    """The cell as a time in UTC (which it is taken for where it names no zone); None where it is empty.

    day_first: how 1/2/2011 is meant. Raises ValueError.
    """
    when = _moment(cell, day_first)
    if when is None:
        return None
    try:
        aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no time of ours") from None
    if not EARLIEST <= aware < LATEST:
        raise ValueError("is not between the years 1900 and 2200")
    return aware


def _moment(cell: Any, day_first: bool) -> datetime | None:
    if cell is None or isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
    written = cell.strip() if isinstance(cell, str) else str(cell)
    if not isinstance(cell, str) and len(written) != len("20111231"):
        raise ValueError("is no date")
    if not written:
        return None
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return _written(written, day_first)


def _written(written: str, day_first: bool) -> datetime:
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise ValueError("is no date")
    year, month, day = _year_month_day(match, day_first)
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("is no time of day")
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    return datetime(year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0), tzinfo=_zone(match))


def _year_month_day(match: re.Match[str], day_first: bool) -> tuple[int, int, int]:
    first, second, third = int(match["a"]), int(match["b"]), int(match["c"])
    if len(match["a"]) == 4:
        return first, second, third
    year = third + 2000 if len(match["c"]) == 2 else third
    return (year, second, first) if day_first else (year, first, second)


def _zone(match: re.Match[str]) -> timezone | None:
    zone = match["zone"]
    if zone is None:
        return None
    if zone[0] not in "+-":
        return UTC
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset >= timedelta(hours=24):
        raise ValueError("has a time zone that is none")
    return timezone(-offset if zone[0] == "-" else offset)


def is_day_first(cells: Iterable[Any], column: str) -> tuple[bool, bool]:
    """In which order a column writes its dates: whether the day comes first, and whether that is certain.

    Any date whose first number is past 12 tells, as does one whose second number is. Raises BadFile where some say
    the one and some the other.
    """
    day_first = month_first = ""
    dotted = False
    for cell in cells:
        match = _WRITTEN.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if match is None or len(match["a"]) == 4:
            continue
        dotted = dotted or "." in cell.split(" ")[0]
        if int(match["a"]) > 12:
            day_first = cell
        elif int(match["b"]) > 12:
            month_first = cell
    if day_first and month_first:
        raise BadFile(
            f"{column} writes the day first in {day_first!r} and the month first in {month_first!r}: "
            "export dates as 2011-12-31"
        )
    return bool(day_first) or (dotted and not month_first), bool(day_first or month_first)
