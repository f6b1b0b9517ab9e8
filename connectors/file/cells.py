"""One cell of a table, as text, a number, a price or a yes. What it was stored as makes no difference."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

LONGEST_ID = 255
LARGEST_PIECES = 2**31 - 1
LARGEST_AMOUNT = Decimal(10) ** 13
SMALLEST_AMOUNT = Decimal("0.0001")

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_AROUND_NUMBERS = re.compile(r"[\s\u00a0\u202f'\u2019$€£¥]|\b[A-Z]{3}\b")
_YES = frozenset({"1", "true", "yes", "y", "t", "active", "on"})
_NO = frozenset({"0", "false", "no", "n", "f", "inactive", "off", "-1"})


@lru_cache(maxsize=65_536, typed=True)
def text(cell: Any) -> str:
    """The cell as text without spaces around it; a number without a needless fraction."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        stripped = cell.strip()
        return stripped if stripped.isprintable() else _UNPRINTABLE.sub("", stripped).strip()
    if isinstance(cell, bytes):
        return text(cell.decode("utf-8", "replace"))
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


@lru_cache(maxsize=65_536, typed=True)
def identifier(cell: Any) -> str:
    """The cell as a name that fits the store; what is longer keeps its beginning and a digest of the whole."""
    name = text(cell)
    if len(name) <= LONGEST_ID:
        return name
    return name[:200] + "#" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


@lru_cache(maxsize=65_536, typed=True)
def number(cell: Any, decimal_comma: bool = False) -> Decimal | None:
    """The cell as an exact number; None where it is empty. Raises ValueError."""
    if cell is None:
        return None
    written = _AROUND_NUMBERS.sub("", cell) if isinstance(cell, str) else str(cell)
    if not written:
        return None
    if "," in written:
        written = _without_comma(written, decimal_comma)
    elif decimal_comma and written.count(".") > 1:
        written = written.replace(".", "")
    if not _NUMBER.fullmatch(written):
        raise ValueError("is no number")
    try:
        return Decimal(written)
    except InvalidOperation:
        raise ValueError("is no number") from None


def _without_comma(written: str, decimal_comma: bool) -> str:
    if "." in written:
        if written.rindex(",") > written.rindex("."):
            return written.replace(".", "").replace(",", ".")
        return written.replace(",", "")
    if not decimal_comma and _THOUSANDS.fullmatch(written):
        return written.replace(",", "")
    return written.replace(",", ".", 1)


@lru_cache(maxsize=65_536, typed=True)
def amount(cell: Any, decimal_comma: bool = False) -> Decimal | None:
    """The cell as an amount of money, to four decimals; None where it is empty. Raises ValueError."""
    value = number(cell, decimal_comma)
    if value is None:
        return None
    if abs(value) > LARGEST_AMOUNT:
        raise ValueError("is more money than there is")
    return to_amount(value)


def to_amount(value: Decimal) -> Decimal:
    """The number to the four decimals that money is kept with, without needless zeros past the second."""
    rounded = value.quantize(SMALLEST_AMOUNT)
    cents = rounded.quantize(Decimal("0.01"))
    return cents if cents == rounded else rounded


def pieces(cell: Any, decimal_comma: bool = False) -> int | None:
    """The cell as a whole number of pieces, a fraction cut off; None where it is empty. Raises ValueError."""
    value = number(cell, decimal_comma)
    if value is None:
        return None
    if abs(value) > LARGEST_PIECES:
        raise ValueError("is more than can be counted")
    return int(value)


def is_yes(cell: Any, *, empty: bool) -> bool:
    """Whether the cell says yes; `empty` where it says nothing. Raises ValueError where it says something else."""
    word = text(cell).casefold()
    if not word:
        return empty
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("is neither yes nor no")


def currency(cell: Any) -> str:
    """The cell as a currency's code; empty where it is. Raises ValueError."""
    code = text(cell).upper()
    if code and (len(code) != 3 or not code.isascii() or not code.isalpha()):
        raise ValueError("is no currency code such as EUR")
    return code


_TAG = re.compile(r"<[^>]*>")
_ENTITY = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " "}


def plain(cell: Any) -> str:
    """The cell as text without HTML."""
    words = _TAG.sub(" ", text(cell))
    for entity, character in _ENTITY.items():
        words = words.replace(entity, character)
    return " ".join(words.split())


def parts(cell: Any, separator: str = ",") -> tuple[str, ...]:
    """The cell's items, such as tags."""
    return tuple(item.strip() for item in text(cell).split(separator) if item.strip())
