"""How far a reading is, in the words that are stored with it: one line of JSON."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Terms(msgspec.Struct, frozen=True):
    """On which terms products were asked for. currency: the shop's; alike: see `markets.alike`, None: not readable."""

    currency: str
    alike: dict[str, tuple[str, ...]] | None = None
    costs: bool = False


class InBulk(msgspec.Struct, frozen=True, tag="bulk"):
    """Inside a bulk operation. offset: bytes of its result whose objects are stored; read: how many those are."""

    operation: str
    asked_at: datetime
    offset: int = 0
    read: int = 0
    terms: Terms | None = None


class InPages(msgspec.Struct, frozen=True, tag="pages"):
    """Between two pages of a list. place: the location whose levels are being read; "" where there is but one list."""

    cursor: str | None = None
    read: int = 0
    expected: int | None = None
    place: str = ""


Position = InBulk | InPages

_DECODER: msgspec.json.Decoder[Position] = msgspec.json.Decoder(Position)


def parse(position: str) -> Position | None:
    """A stored position; None at the start, or where it is not one of ours, which is to begin again."""
    try:
        return _DECODER.decode(position) if position else None
    except msgspec.MsgspecError:
        return None


def text(position: Position) -> str:
    """As it is stored."""
    return msgspec.json.encode(position).decode()
