"""Going through a long list of a shop, page by page, without losing a row when others vanish meanwhile.

WooCommerce pages by counting rows, so that a deletion on a page that was read moves the next one by a row. Lists are
asked for in the order of their ids, and each page begins with the last row of the page before: where that row is not
there, the list has moved, and is taken up earlier. What is added comes at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from connectors.woocommerce.body import Scalar, number_or_none
from connectors.woocommerce.client import ATTEMPTS, Reply, Shop
from connectors.woocommerce.failures import TOO_MUCH, Failure, ShopError

T = TypeVar("T")

# WooCommerce's most at once, and what a shop that is too slow for that is asked.
SIZES = (100, 50, 20, 5)
# With an answer slower than this, the next page is smaller.
SLOW_SECONDS = 20.0
# A list that moves all the time is taken as it comes.
MOST_STEPS_BACK = 200
# So many pages with nothing new in a row, and the list has no end that we could find.
MOST_FRUITLESS = 25
MOST_ROWS = 2_000_000_000
UNASKED = datetime.min.replace(tzinfo=UTC)


class _Id(msgspec.Struct, frozen=True):
    id: Scalar = None


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a list is read. after: the last row's id. at: how many rows lie before it. read: rows so far."""

    after: int = 0
    at: int = 0
    read: int = 0

    @staticmethod
    def parse(position: str) -> Place:
        """What `text` made; the beginning where it is "" or can't be read."""
        try:
            return msgspec.json.decode(position, type=Place) if position else Place()
        except msgspec.MsgspecError:
            return Place()

    @property
    def text(self) -> str:
        """To be stored."""
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """A page's new rows. place: behind them. asked: by the shop's clock. lost: ids of rows that can't be read."""

    rows: Sequence[T]
    place: Place
    expected: int | None
    asked: datetime
    lost: Sequence[str] = ()


class List(Generic[T]):
    """One list of a shop. shape: of a row. parameters: of the question, but for paging and order."""

    def __init__(self, shop: Shop, path: str, parameters: Mapping[str, str], shape: type[T]) -> None:
        self._shop, self._path, self._parameters = shop, path, dict(parameters)
        self._row = msgspec.json.Decoder(shape)
        self._sizes = list(SIZES)
        self._steps_back = 0
        self._in_order = True

    def pages(self, place: Place) -> Iterator[Rows[T]]:
        """From a place to the end. A page without rows says that a smaller one is tried. Raises ShopError."""
        fruitless = 0
        while fruitless < MOST_FRUITLESS:
            begin, size = max(place.at - 1, 0), self._sizes[0]
            reply = self._asked(begin, size)
            if reply is None:
                yield Rows((), place, None, UNASKED)
                continue
            raw = reply.decode(list[msgspec.Raw])
            ids = [_id_of(each) for each in raw]
            self._in_order = self._in_order and ids == sorted(ids)
            more = len(raw) >= size if reply.total is None else begin + max(size, len(raw)) < reply.total
            if self._has_moved(ids, place, begin, begin >= (reply.total or 0)):
                place = Place(place.after, max(begin - max(size // 2, 1), 0) + 1, place.read)
                continue
            new = [(own, row) for own, row in zip(ids, raw, strict=True) if own > place.after or not self._in_order]
            fruitless = 0 if new else fruitless + 1
            # Rows that the shop keeps to itself count as places all the same.
            at = begin + (max(size, len(raw)) if more else len(raw))
            place = Place(max([place.after, *ids]), at, place.read + len(new))
            yield self._told(new, place, reply)
            if not more:
                return
        raise ShopError(Failure.NOT_JSON, "The shop's list has no end: a plugin or a cache may answer in its stead.")

    def _has_moved(self, ids: Sequence[int], place: Place, begin: int, behind: bool) -> bool:
        """Whether rows may be missing between the last page and this one. behind: it begins behind the list's end."""
        first = place.after == 0 or begin == 0
        if first or not self._in_order or self._steps_back > MOST_STEPS_BACK:
            return False
        if (ids and ids[0] <= place.after) or (not ids and not behind):
            return False
        self._steps_back += 1
        return True

    def _asked(self, begin: int, size: int) -> Reply | None:
        """A page; None where it is to be tried smaller."""
        paging = {"orderby": "id", "order": "asc", "per_page": str(size), "offset": str(begin)}
        smaller = len(self._sizes) > 1
        try:
            reply = self._shop.get(self._path, {**self._parameters, **paging}, attempts=ATTEMPTS)
        except ShopError as error:
            if error.failure not in TOO_MUCH or not smaller:
                raise
            del self._sizes[0]
            return None
        if reply.seconds > SLOW_SECONDS and smaller:
            del self._sizes[0]
        return reply

    def _told(self, new: Sequence[tuple[int, msgspec.Raw]], place: Place, reply: Reply) -> Rows[T]:
        rows: list[T] = []
        lost: list[str] = []
        for own, row in new:
            try:
                rows.append(self._row.decode(row))
            except (msgspec.MsgspecError, RecursionError, ValueError):
                lost.append(str(own))
        expected = None if reply.total is None else max(min(reply.total, MOST_ROWS), place.read)
        return Rows(rows, place, expected, reply.asked, [each for each in lost if each != "0"])


def _id_of(row: msgspec.Raw) -> int:
    try:
        told = number_or_none(msgspec.json.decode(row, type=_Id).id)
    except (msgspec.MsgspecError, ValueError):
        return 0
    return int(told) if told else 0


def whole(shop: Shop, path: str, parameters: Mapping[str, str], shape: type[T]) -> tuple[list[T], datetime]:
    """All rows of a list that is short enough for that, and when the first of them were asked for."""
    rows: list[T] = []
    asked: datetime | None = None
    for page in List(shop, path, parameters, shape).pages(Place()):
        rows += page.rows
        asked = asked or (page.asked if page.asked != UNASKED else None)
    if asked is None:
        raise ShopError(Failure.NOT_JSON, "The shop told nothing.")
    return rows, asked
