"""Whatever becomes of webhooks, after one whole reading the store is as the platform; how far it was off is told."""

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
from connectors.records import Change, Current, InventoryLevel, Product, RecordKind, Refetch, Removed, Variant
from integration.services import readings, refetches
from integration.services.apply import apply
from integration.settings import Settings
from integration.storage.catalogue_writes import SHOP
from integration.storage.database import Database
from integration.storage.reading_writes import LEVEL, PRODUCT, forget_old
from tests.making import make_shop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LATER = START + timedelta(hours=3)
# A reading is the last word on the second that it tells of, as with `connectors.shopify.versions.settled`.
SETTLED = timedelta(microseconds=999_999)
KINDS = ("stock", "products")
THINGS = 5
NUMBERS = itertools.count()


@dataclass
class Thing:
    title: str
    available: int
    minute: int = 0


@dataclass
class Platform:
    """A shop in memory and its reader. sent: the webhooks that it sent, in their order."""

    things: dict[int, Thing] = field(default_factory=lambda: {each: Thing("new", 1) for each in range(THINGS)})
    sent: list[list[Change]] = field(default_factory=list)
    asked: int = 0
    kinds: Sequence[str] = KINDS

    def edit(self, number: int, minute: int, available: int, *, told: bool) -> None:
        """A change with its time and its webhook, or one that nobody is told of and that has no time of its own."""
        thing = self.things.setdefault(number, Thing("", 0, minute))
        thing.title, thing.available = f"edit {minute} {available}", available
        if told:
            thing.minute = minute
            version = START + timedelta(minutes=minute)
            self.sent.append([self.product(number, version), self.level(number, version)])

    def delete(self, number: int, minute: int, *, told: bool) -> None:
        if self.things.pop(number, None) and told:
            self.sent.append([Removed(RecordKind.PRODUCT, f"p{number}", START + timedelta(minutes=minute))])

    def product(self, number: int, version: datetime) -> Change:
        variants = (Variant(f"v{number}", inventory_item=f"i{number}", tracked=True),)
        return Current(Product(f"p{number}", self.things[number].title, variants=variants), version)

    def level(self, number: int, version: datetime) -> Change:
        return Current(InventoryLevel(f"i{number}", "here", self.things[number].available), version)

    def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
        numbers = sorted(self.things)
        for begin in range(int(position or 0), len(numbers), 2):
            tell = self.level if kind == "stock" else self.product
            some = numbers[begin : begin + 2]
            versions = [START + timedelta(minutes=self.things[each].minute) + SETTLED for each in some]
            changes = [tell(each, version) for each, version in zip(some, versions, strict=True)]
            yield Page(changes, str(begin + len(some)), begin + len(some), len(numbers))

    def fetch(self, wanted: Sequence[Refetch]) -> Sequence[Change]:
        self.asked += len(wanted)
        numbers = [int(each.external_id[1:]) for each in wanted]
        gone = [Removed(RecordKind.PRODUCT, f"p{each}", LATER) for each in numbers if each not in self.things]
        return [*gone, *(self.product(each, LATER) for each in numbers if each in self.things)]


@dataclass
class Reconciled:
    """A shop that was read whole once, and its platform."""

    database: Database
    shop_id: int
    platform: Platform = field(default_factory=Platform)

    def read(self, now: datetime) -> dict[str, int]:
        """Read the whole shop; what was found to differ, by sort."""
        with self.database.write() as connection:
            readings.start(connection, self.shop_id, "memory", KINDS, now=now)
        readings.run(self.database, self.shop_id, self.platform, clock=lambda: now)
        while refetches.fetch(self.database, self.shop_id, self.platform, clock=lambda: now):
            pass
        found = readings.progress(self.database, self.shop_id)
        assert all(each.finished for each in found)
        return {sort: count for each in found for sort, count in each.drift.items()}

    def apply(self, changes: Sequence[Change]) -> None:
        with self.database.write() as connection:
            apply(connection, self.shop_id, changes)

    @property
    def stored(self) -> dict[str, tuple[str, int]]:
        with self.database.read() as connection:
            levels = connection.execute(sa.select(LEVEL).where(LEVEL.c.shop_id == self.shop_id)).all()
            here = (PRODUCT.c.shop_id == self.shop_id, PRODUCT.c.removed_at.is_(None))
            products = connection.execute(sa.select(PRODUCT).where(*here)).all()
        available = {row.inventory_item[1:]: row.available for row in levels}
        return {row.external_id: (row.title, available[row.external_id[1:]]) for row in products}

    @property
    def told(self) -> dict[str, tuple[str, int]]:
        return {f"p{number}": (each.title, each.available) for number, each in self.platform.things.items()}

    @property
    def shelf_version(self) -> int:
        with self.database.read() as connection:
            return int(
                connection.execute(sa.select(SHOP.c.shelf_version).where(SHOP.c.id == self.shop_id)).scalar_one()
            )


def reconciled(database: Database, settings: Settings) -> Reconciled:
    shop = Reconciled(database, make_shop(database, settings, f"drift-{next(NUMBERS)}"))
    assert shop.read(START) == {}
    return shop


edits = st.tuples(st.just("edit"), st.integers(0, THINGS + 1), st.integers(0, 9), st.booleans())
deletions = st.tuples(st.just("delete"), st.integers(0, THINGS - 1), st.just(0), st.booleans())
fates = st.lists(st.sampled_from(["dropped", "before", "twice", "late"]), min_size=12, max_size=12)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(st.one_of(edits, deletions), max_size=12), fates=fates, order=st.randoms(use_true_random=False))
def test_after_one_reading_the_store_is_as_the_platform_whatever_became_of_webhooks(
    database: Database, settings: Settings, deeds: list[Any], fates: list[str], order: Any
) -> None:
    shop = reconciled(database, settings)
    for minute, (deed, number, available, told) in enumerate(deeds, 1):
        if deed == "edit":
            shop.platform.edit(number, minute, available, told=told)
        else:
            shop.platform.delete(number, minute, told=told)
    fated = list(zip(shop.platform.sent, fates, strict=False))
    order.shuffle(fated)
    for changes, fate in fated:
        for _ in range({"before": 1, "twice": 2}.get(fate, 0)):
            shop.apply(changes)
    shop.read(LATER)
    assert shop.stored == shop.told
    for changes, fate in fated:
        if fate in {"late", "twice"}:
            shop.apply(changes)
    assert shop.stored == shop.told
    assert shop.read(LATER + timedelta(hours=2)) == {}


def test_late_word_of_a_product_that_came_back_and_went_for_good_is_too_late(
    database: Database, settings: Settings
) -> None:
    shop = reconciled(database, settings)
    shop.platform.delete(0, 1, told=True)
    shop.platform.edit(0, 2, 4, told=True)
    shop.platform.delete(0, 3, told=False)
    deleted, came_back = shop.platform.sent
    shop.apply(deleted)
    shop.read(LATER)
    shop.apply(came_back)
    assert shop.stored == shop.told


def test_drift_is_counted_by_what_it_is(database: Database, settings: Settings) -> None:
    shop = reconciled(database, settings)
    shop.platform.things[0].title = "edited behind everybody's back"
    shop.platform.things[1].available = 7
    shop.platform.things[2].available = 0
    del shop.platform.things[3]
    shop.platform.things[8] = Thing("never told of", 4, 1)
    found = shop.read(LATER)
    sorts = {"product stale": 1, "product missing": 1, "product gone": 1, "stock stale": 2, "stock missing": 1}
    assert found == sorts
    assert shop.stored == shop.told
    assert shop.platform.asked == 1, "only what was not spoken of"
    assert [each.drift for each in readings.history(database, shop.shop_id, limit=2)] == [
        {name: count for name, count in sorts.items() if name.startswith(thing)} for thing in ("product", "stock")
    ]


def test_a_reading_that_finds_all_as_it_was_leaves_every_shelf_alone(database: Database, settings: Settings) -> None:
    shop = reconciled(database, settings)
    before = shop.shelf_version
    assert shop.read(LATER) == {}
    assert shop.shelf_version == before
    shop.platform.things[1].available = 7
    shop.read(LATER + timedelta(hours=2))
    assert shop.shelf_version == before + 1


def test_a_newer_webhook_stays_though_the_reading_says_otherwise(database: Database, settings: Settings) -> None:
    shop = reconciled(database, settings)
    newer = LATER - timedelta(minutes=5)
    shop.apply([Current(InventoryLevel("i1", "here", 0), newer)])
    assert shop.read(LATER) == {}
    assert shop.stored["p1"][1] == 0


def test_a_page_that_is_read_again_after_a_crash_loses_no_product(database: Database, settings: Settings) -> None:
    shop = reconciled(database, settings)

    class Killed(BaseException):
        pass

    class Mortal(Platform):
        def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
            for page in Platform.read(self, kind, position=position, since=since):
                yield page
                if kind == "products":
                    raise Killed

    with database.write() as connection:
        readings.start(connection, shop.shop_id, "memory", KINDS, now=LATER)
    with pytest.raises(Killed):
        readings.run(database, shop.shop_id, Mortal(shop.platform.things), clock=lambda: LATER)
    found = shop.read(LATER + timedelta(minutes=10))
    assert found == {}
    assert shop.platform.asked == 0
    assert shop.stored == shop.told


def test_old_readings_are_forgotten_but_never_that_a_shop_was_read(database: Database, settings: Settings) -> None:
    shop = reconciled(database, settings)
    for day in (1, 2, 3):
        shop.read(START + timedelta(days=day))
    with database.write() as connection:
        forget_old(connection, shop.shop_id, START + timedelta(days=40))
    left = readings.history(database, shop.shop_id, limit=99)
    assert {(each.kind, each.started_at) for each in left} == {(kind, START + timedelta(days=3)) for kind in KINDS}
