"""Lists that are read to their end whatever happens to them meanwhile, by the rows that were there all the time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.woocommerce.client import ATTEMPTS, Reply, Shop
from connectors.woocommerce.failures import Failure, ShopError
from connectors.woocommerce.paging import List, Place, Rows

AT = datetime(2026, 11, 23, tzinfo=UTC)


class Row(msgspec.Struct, frozen=True):
    """A thing of the list."""

    id: int


class Shelf(Shop):
    """A shop whose list changes between two calls. hidden: ids that it counts and never shows."""

    def __init__(self, ids: list[int], *, total: bool = True) -> None:
        self.ids, self.hidden, self.asked = sorted(ids), set[int](), 0
        self.changes: Iterator[tuple[set[int], set[int]]] = iter(())
        self.failures: list[Failure] = []
        self.too_many, self.total, self.backwards, self.stuck = 1000, total, False, False

    def get(self, path: str, parameters: Mapping[str, str] = {}, *, attempts: int = ATTEMPTS) -> Reply:
        """A page."""
        assert path
        assert attempts
        self.asked += 1
        gone, new = next(self.changes, (set(), set()))
        self.ids = sorted((set(self.ids) - gone) | new)
        size, begin = int(parameters["per_page"]), 0 if self.stuck else int(parameters["offset"])
        if size > self.too_many:
            raise ShopError(Failure.TIMEOUT, "too slow")
        ids = self.ids[::-1] if self.backwards else self.ids
        shown = [{"id": each} for each in ids[begin : begin + size] if each not in self.hidden]
        return Reply(json.dumps(shown).encode(), AT, 0.0, len(self.ids) if self.total else None)


def read(shop: Shelf, place: Place | None = None) -> list[Rows[Row]]:
    return list(List(shop, "things", {}, Row).pages(place or Place()))


def ids_of(pages: list[Rows[Row]]) -> list[int]:
    return [row.id for page in pages for row in page.rows]


numbers = st.sets(st.integers(1, 3000), max_size=420)


@given(numbers, st.lists(st.tuples(numbers, numbers), max_size=12), st.booleans())
def test_what_was_there_all_the_time_is_read_whatever_comes_and_goes(
    ids: set[int], changes: list[tuple[set[int], set[int]]], total: bool
) -> None:
    shop = Shelf(list(ids), total=total)
    shop.changes = iter(changes)
    always = ids - {each for gone, _ in changes for each in gone}
    found = ids_of(read(shop))
    assert always <= set(found)
    assert len(found) == len(set(found)), "nothing is told twice"


@given(numbers, st.sets(st.integers(1, 3000), max_size=200))
def test_rows_that_the_shop_keeps_to_itself_hold_nothing_up(ids: set[int], hidden: set[int]) -> None:
    shop = Shelf(list(ids))
    shop.hidden = hidden
    assert ids_of(read(shop)) == sorted(ids - hidden)


@given(numbers, st.integers(0, 6))
def test_a_reading_goes_on_from_any_page(ids: set[int], stop: int) -> None:
    shop = Shelf(list(ids))
    first: list[Rows[Row]] = []
    for page in List(shop, "things", {}, Row).pages(Place()):
        first.append(page)
        if len(first) > stop:
            break
    stored = first[-1].place.text
    assert ids_of(first) + ids_of(read(shop, Place.parse(stored))) == sorted(ids)


def test_a_list_that_stays_as_it_is_costs_a_hundredth_more_than_the_least() -> None:
    shop = Shelf(list(range(1, 10_001)))
    assert ids_of(read(shop)) == list(range(1, 10_001))
    assert shop.asked <= 102


def test_a_shop_that_is_too_slow_for_a_hundred_is_asked_for_fewer() -> None:
    shop = Shelf(list(range(1, 301)))
    shop.too_many = 20
    pages = read(shop)
    assert ids_of(pages) == list(range(1, 301))
    assert [len(each.rows) for each in pages[:3]] == [0, 0, 20], "a turn is told that it goes on"


def test_a_shop_that_is_too_slow_for_any_page_says_so() -> None:
    shop = Shelf([1, 2, 3])
    shop.too_many = 1
    with pytest.raises(ShopError, match="too slow"):
        read(shop)


def test_a_list_in_no_order_is_taken_as_it_comes() -> None:
    shop = Shelf(list(range(1, 251)))
    shop.backwards = True
    assert set(ids_of(read(shop))) == set(range(1, 251))


@pytest.mark.parametrize("total", [True, False])
def test_a_list_that_always_begins_anew_ends(total: bool) -> None:
    shop = Shelf(list(range(1, 100_000)), total=total)
    shop.stuck = True
    with pytest.raises(ShopError, match="no end"):
        read(shop)
    assert shop.asked < 1000


def test_a_row_that_cannot_be_read_holds_no_other_up() -> None:
    class Odd(Shelf):
        def get(self, path: str, parameters: Mapping[str, str] = {}, *, attempts: int = ATTEMPTS) -> Reply:
            super().get(path, parameters, attempts=attempts)
            return Reply(b'[{"id": 1}, {"id": "7"}, {"id": {}}, null, 5, {"id": 9}]', AT, 0.0, 6)

    page = read(Odd([]))[0]
    assert [row.id for row in page.rows] == [1, 9]
    assert page.lost == ["7"]


@given(st.text(max_size=40))
def test_a_position_that_is_none_begins_anew(position: str) -> None:
    with suppress(msgspec.DecodeError):
        if isinstance(msgspec.json.decode(position), dict):
            return
    assert Place.parse(position) == Place()
