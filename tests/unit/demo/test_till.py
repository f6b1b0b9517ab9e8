"""The till never sells what it has not got, and never loses what it has to tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.catalogue import WindowVariant
from demo.till import Count, Message, SoldOut, Till

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def variant(key: str = "v1", *, continue_selling: bool = False, tracked: bool = True, **levels: int) -> WindowVariant:
    return WindowVariant(key, "", None, None, {}, f"i-{key}", tracked, continue_selling, levels)


def silent(_counts: Sequence[Count]) -> list[Message]:
    return []


@pytest.fixture
def till(tmp_path: Path, clock: Callable[[], datetime]) -> Till:
    return Till(tmp_path / "till.sqlite3", clock)


def sell(till: Till, order: str, *lines: tuple[WindowVariant, int]) -> list[Count]:
    told: list[Count] = []

    def tell(counts: Sequence[Count]) -> list[Message]:
        told.extend(counts)
        return []

    till.sell("shop", order, b"{}", lines, tell)
    return told


def test_pieces_are_taken_from_the_fullest_place_first(till: Till) -> None:
    mug = variant(store=2, cellar=5)
    assert [(count.location, count.available) for count in sell(till, "a", (mug, 6))] == [("cellar", 0), ("store", 1)]
    assert till.left("shop", [mug]) == {"v1": 1}


def test_a_cart_is_sold_whole_or_not_at_all(till: Till) -> None:
    mug, plate = variant("mug", store=3), variant("plate", store=1)
    with pytest.raises(SoldOut) as gone:
        sell(till, "a", (mug, 1), (plate, 2))
    assert (gone.value.variant, gone.value.left) == (plate, 1)
    assert till.left("shop", [mug, plate]) == {"mug": 3, "plate": 1}
    assert till.sale("shop", "a") is None


def test_what_is_not_counted_or_goes_on_selling_never_runs_out(till: Till) -> None:
    voucher, sofa = variant("voucher", tracked=False), variant("sofa", continue_selling=True, store=1)
    told = sell(till, "a", (voucher, 50), (sofa, 3))
    assert [(count.item, count.available) for count in told] == [("i-sofa", -2)]
    assert till.left("shop", [voucher, sofa]) == {"voucher": None, "sofa": None}


def test_time_stamps_of_an_item_grow_even_while_the_clock_stands_still(till: Till) -> None:
    mug = variant(store=9)
    stamps = [sell(till, str(number), (mug, 1))[0].updated_at for number in range(5)]
    assert stamps[0] == NOW
    assert stamps == sorted(set(stamps))


def test_twenty_shoppers_at_once_get_the_eight_pieces_there_are(tmp_path: Path) -> None:
    mug = variant(store=8)
    results: list[bool] = []

    def shopper(number: int) -> None:
        own = Till(tmp_path / "till.sqlite3")
        try:
            sell(own, str(number), (mug, 1))
            results.append(True)
        except SoldOut:
            results.append(False)

    Till(tmp_path / "till.sqlite3")
    threads = [threading.Thread(target=shopper, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 12 + [True] * 8
    assert Till(tmp_path / "till.sqlite3").left("shop", [mug]) == {"v1": 0}


def test_an_emptied_shelf_can_be_filled_again(till: Till) -> None:
    mug = variant(store=2, cellar=5)
    till.empty("shop", [mug], silent)
    assert till.left("shop", [mug]) == {"v1": 0}
    till.restock("shop", [mug], 5, silent)
    assert till.left("shop", [mug]) == {"v1": 5}
    till.forget("shop")
    assert till.left("shop", [mug]) == {"v1": 7}


def test_a_webhook_that_nobody_takes_waits_longer_each_time(tmp_path: Path) -> None:
    moment = [NOW]
    till = Till(tmp_path / "till.sqlite3", lambda: moment[0])
    message = Message("http://nowhere", "secret", "topic", "delivery", b"{}")
    till.sell("shop", "a", b"{}", [], lambda _counts: [message])
    [(number, same)] = till.due(10)
    assert same == message
    till.put_off(number)
    assert till.due(10) == []
    assert till.untold() == 1
    moment[0] += timedelta(seconds=1)
    assert till.due(10) == [(number, message)]
    till.told(number)
    assert till.untold() == 0


def test_a_refused_webhook_is_kept_but_not_sent_again(till: Till) -> None:
    till.sell("shop", "a", b"{}", [], lambda _counts: [Message("a", "b", "c", "d", b"{}")])
    [(number, _)] = till.due(10)
    till.refused(number, "not readable")
    assert till.due(10) == []
    assert till.untold() == 0
