"""Lines of JSON brought together to objects: a row without parent, and the rows that name it as theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM

# Children come right behind their parent, as the operation is told to group them; some that don't are waited for.
WINDOW_ROWS = 1000
# More than any product or order has: beyond, an object is asked for by itself.
MOST_ROWS = 20_000
LONGEST_LINE_BYTES = 16_000_000


class _Loose(msgspec.Struct, frozen=True):
    id: str = ""
    parent: str = msgspec.field(default="", name="__parentId")


_LOOSE = msgspec.json.Decoder(_Loose)


@dataclass(slots=True)
class Group:
    """An object with its children, in their order. start: at which byte it begins; rows: how many lines it took.

    root: None where it can't be read, or was told before: it has to be asked for again, as a whole. is_broken: the
    same, for a row of it.
    """

    id: str
    start: int
    root: Any = None
    children: list[Any] = field(default_factory=list)
    is_broken: bool = False
    rows: int = 0


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in blocks of bytes, each with its line feed; the last one may be without. Raises PlatformError."""
    rest = b""
    for block in blocks:
        *whole, tail = block.split(b"\n")
        if whole:
            yield rest + whole[0] + b"\n"
            for line in whole[1:]:
                yield line + b"\n"
            rest = tail
        else:
            rest += tail
        if len(rest) > LONGEST_LINE_BYTES:
            message = f"a line of a bulk operation's result has more than {LONGEST_LINE_BYTES:,} bytes"
            raise PlatformError(PLATFORM, message, retryable=False)
    if rest:
        yield rest


class Groups:
    """Makes groups of lines. `start`: where the first group begins that was not given out yet; `read`: groups so far.

    decode: a line to a row with an `id`, and a `parent` that is its parent's id or "". Raises msgspec.MsgspecError.
    """

    def __init__(self, decode: Callable[[bytes], Any], *, start: int, read: int) -> None:
        self._decode = decode
        self._open: dict[str, Group] = {}
        self._rows = 0
        self._at = start
        self.read = read

    @property
    def start(self) -> int:
        """Where to begin again, when all that was given out so far is stored."""
        return next((group.start for group in self._open.values()), self._at)

    def of(self, lines: Iterable[bytes]) -> Iterator[Group]:
        """The groups in their order. A group is given out once, when enough rows came that none of them is its own."""
        for line in lines:
            self._take(line)
            while self._rows > WINDOW_ROWS and len(self._open) > 1:
                yield self._give()
        while self._open:
            yield self._give()

    def _take(self, line: bytes) -> None:
        begin, self._at = self._at, self._at + len(line)
        if line.isspace():
            return
        try:
            row = self._decode(line)
            row_id, parent = row.id, getattr(row, "parent", "")
        except (msgspec.MsgspecError, RecursionError):
            row, (row_id, parent) = None, _salvage(line, begin)
        group = self._open.get(parent or row_id)
        if group is None:
            group = self._open[parent or row_id] = Group(parent or row_id, begin)
        if not parent:
            group.root = row
        elif row is None or len(group.children) == MOST_ROWS:
            group.is_broken = True
        else:
            group.children.append(row)
        group.rows += 1
        self._rows += 1

    def _give(self) -> Group:
        group = self._open.pop(next(iter(self._open)))
        self._rows -= group.rows
        self.read += 1
        return group


def _salvage(line: bytes, begin: int) -> tuple[str, str]:
    """Which object a row is of that can't be read otherwise. Raises PlatformError where not even that can be told."""
    try:
        loose = _LOOSE.decode(line)
    except (msgspec.MsgspecError, RecursionError):
        loose = _Loose()
    if not loose.id and not loose.parent:
        message = f"a bulk operation's result can't be read at byte {begin:,}"
        raise PlatformError(PLATFORM, message, retryable=True)
    return loose.id, loose.parent
