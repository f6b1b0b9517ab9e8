"""Readings by turns: whoever is killed or late, and whatever webhooks come between, the newest state is stored."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.base import Page
from connectors.errors import PlatformError
from connectors.records import Change, Current, InventoryLevel, Product, Refetch, Variant
from integration.services import readings, refetches
from integration.services.apply import apply
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.reading_writes import LEVEL, PRODUCT, READING
from integration.storage.refetch_writes import ask_again
from tests.making import make_shop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
KINDS = ("stock", "products")
THINGS = 12
NUMBERS = itertools.count()


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Shop:
    """A platform's shop in memory, and its reader. age: minutes at which each thing last changed, by number.

    failures: what goes wrong at the next pages; None: nothing.
    """

    ages: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(THINGS), 0))
    failures: list[BaseException | None] = field(default_factory=list)
    page: int = 3
    kinds: Sequence[str] = KINDS

    def change(self, kind: str, number: int, age: int) -> Change:
        version = START + timedelta(minutes=age)
        if kind == "stock":
            return Current(InventoryLevel(f"i{number}", "here", age), version)
        variants = (Variant(f"v{number}", inventory_item=f"i{number}", tracked=True),)
        return Current(Product(f"p{number}", f"Product of minute {age}", variants=variants), version)

    def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
        numbers = [each for each, age in self.ages.items() if since is None or START + timedelta(minutes=age) >= since]
        for begin in range(int(position or 0), len(numbers), self.page):
            failure = self.failures.pop(0) if self.failures else None
            if failure is not None:
                raise failure
            some = numbers[begin : begin + self.page]
            changes = [self.change(kind, each, self.ages[each]) for each in some]
            yield Page(changes, str(begin + len(some)), begin + len(some), len(numbers))

    def fetch(self, wanted: Sequence[Refetch]) -> Sequence[Change]:
        poison = [each for each in wanted if each.external_id == "poison"]
        if poison:
            raise PlatformError("memory", "this can't be asked", retryable=False)
        return [
            self.change("products", int(each.external_id[1:]), self.ages[int(each.external_id[1:])]) for each in wanted
        ]


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return make_shop(database, settings)


def begin(database: Database, shop_id: int, clock: Clock) -> None:
    with database.write() as connection:
        readings.start(connection, shop_id, "memory", KINDS, now=clock())


def finish(database: Database, shop_id: int, shop: Shop, clock: Clock) -> None:
    for _ in range(40):
        clock.move(hours=7)
        readings.run(database, shop_id, shop, clock=clock)
        if all(each.finished for each in readings.progress(database, shop_id)):
            return
    raise AssertionError(readings.progress(database, shop_id))


def titles(database: Database, shop_id: int) -> dict[str, str]:
    with database.read() as connection:
        rows = connection.execute(sa.select(PRODUCT).where(PRODUCT.c.shop_id == shop_id))
        return {row.external_id: row.title for row in rows}


def pieces(database: Database, shop_id: int) -> dict[str, int]:
    with database.read() as connection:
        rows = connection.execute(sa.select(LEVEL).where(LEVEL.c.shop_id == shop_id))
        return {row.inventory_item: row.available for row in rows}


webhooks = st.tuples(st.sampled_from(KINDS), st.integers(0, THINGS - 1), st.integers(0, 9))
steps = st.lists(st.one_of(st.just("run"), st.integers(0, 5), webhooks), max_size=14)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ages=st.lists(st.integers(0, 9), min_size=THINGS, max_size=THINGS), steps=steps)
def test_kills_and_webhooks_in_any_order_leave_the_newest_state(
    database: Database, settings: Settings, ages: list[int], steps: list[Any]
) -> None:
    shop_id, clock, shop = make_shop(database, settings, f"shop-{next(NUMBERS)}"), Clock(), Shop(dict(enumerate(ages)))
    newest = {(kind, number): age for kind in KINDS for number, age in enumerate(ages)}
    begin(database, shop_id, clock)
    for step in steps:
        if isinstance(step, tuple):
            kind, number, age = step
            newest[kind, number] = max(newest[kind, number], age)
            with database.write() as connection:
                apply(connection, shop_id, [shop.change(kind, number, age)])
            continue
        shop.failures = [] if step == "run" else [*[None] * step, Killed()]
        try:
            readings.run(database, shop_id, shop, clock=clock)
        except Killed:
            clock.move(minutes=4)
    shop.failures = []
    finish(database, shop_id, shop, clock)
    assert titles(database, shop_id) == {
        f"p{each}": f"Product of minute {newest['products', each]}" for each in range(THINGS)
    }
    stock = pieces(database, shop_id)
    assert stock.keys() == {f"i{each}" for each in range(THINGS)}
    for number in range(THINGS):
        # Of the same minute the lower count stays, and here both are the same.
        assert stock[f"i{number}"] == newest["stock", number]


def test_two_processes_never_read_the_same_shop(database: Database, shop_id: int) -> None:
    clock, shop = Clock(), Shop()
    begin(database, shop_id, clock)
    shop.failures = [None, Killed()]
    with pytest.raises(Killed):
        readings.run(database, shop_id, shop, clock=clock)
    assert readings.run(database, shop_id, Shop(), clock=clock) == readings.Ran()
    clock.move(minutes=4)
    assert readings.run(database, shop_id, Shop(), clock=clock).finished == KINDS


def test_a_process_that_was_taken_for_dead_stores_nothing_more(database: Database, shop_id: int) -> None:
    clock, shop = Clock(), Shop()
    begin(database, shop_id, clock)
    other = Shop(dict.fromkeys(range(THINGS), 5))

    class Slow(Shop):
        def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
            for page in Shop.read(self, kind, position=position, since=since):
                clock.move(minutes=10)
                readings.run(database, shop_id, other, clock=clock)
                yield page

    assert readings.run(database, shop_id, Slow(), clock=clock).finished == ()
    assert set(titles(database, shop_id).values()) == {"Product of minute 5"}
    assert shop.ages != other.ages


def test_failures_are_tried_again_ever_more_rarely_and_progress_forgives_them(database: Database, shop_id: int) -> None:
    clock, shop = Clock(), Shop(kinds=("stock",))
    with database.write() as connection:
        readings.start(connection, shop_id, "memory", ["stock"], now=clock())
    waits = []
    for _ in range(4):
        shop.failures = [PlatformError("memory", "away", retryable=True)]
        readings.run(database, shop_id, shop, clock=clock)
        with database.read() as connection:
            row = connection.execute(sa.select(READING)).one()
        waits.append(row.next_attempt_at - clock())
        clock.now = row.next_attempt_at
    assert waits == sorted(waits)
    assert waits[-1] > 10 * waits[0]
    assert "away" in readings.progress(database, shop_id)[0].error
    shop.failures = [None, PlatformError("memory", "away", retryable=True)]
    readings.run(database, shop_id, shop, clock=clock)
    with database.read() as connection:
        assert connection.execute(sa.select(READING.c.attempts)).scalar_one() <= len(waits) + 1
    clock.move(hours=7)
    readings.run(database, shop_id, shop, clock=clock)
    assert readings.progress(database, shop_id)[0].finished


def test_one_kind_that_fails_does_not_hold_up_the_others(database: Database, shop_id: int) -> None:
    clock, shop = Clock(), Shop()
    begin(database, shop_id, clock)
    shop.failures = [PlatformError("memory", "the merchant has not granted it", retryable=False)]
    assert readings.run(database, shop_id, shop, clock=clock).finished == ("products",)
    found = {each.kind: each for each in readings.progress(database, shop_id)}
    assert "not granted" in found["stock"].error
    assert not found["stock"].finished


def test_a_failure_of_our_own_is_put_off_and_said_too(database: Database, shop_id: int) -> None:
    clock, shop = Clock(), Shop()
    begin(database, shop_id, clock)
    shop.failures = [ZeroDivisionError("oh")]
    readings.run(database, shop_id, shop, clock=clock)
    assert readings.progress(database, shop_id)[0].error == "ZeroDivisionError: oh"


def test_one_thing_that_can_not_be_asked_holds_up_no_other(database: Database, shop_id: int) -> None:
    clock, shop = Clock(), Shop()
    wanted = [Refetch("product", each) for each in ("p1", "poison", "p2")]  # type: ignore[arg-type]
    with database.write() as connection:
        ask_again(connection, shop_id, wanted, clock())
    refetches.fetch(database, shop_id, shop, clock=clock)
    assert titles(database, shop_id).keys() == {"p1", "p2"}
    assert refetches.fetch(database, shop_id, shop, clock=clock) == 0
    clock.move(hours=7)
    assert refetches.fetch(database, shop_id, shop, clock=clock) == 1


def test_reading_again_while_nothing_changed_counts_no_repair(database: Database, shop_id: int) -> None:
    clock, shop = Clock(), Shop()
    begin(database, shop_id, clock)
    finish(database, shop_id, shop, clock)
    with database.write() as connection:
        readings.start(connection, shop_id, "memory", KINDS, START, now=clock())
    finish(database, shop_id, shop, clock)
    assert [each.repaired for each in readings.progress(database, shop_id)] == [0, 0]
    shop.ages[3] = 30
    with database.write() as connection:
        readings.start(connection, shop_id, "memory", KINDS, START, now=clock())
    finish(database, shop_id, shop, clock)
    assert [each.repaired for each in readings.progress(database, shop_id)] == [1, 1]
