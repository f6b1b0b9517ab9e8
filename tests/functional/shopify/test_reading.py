"""A connected shop is read whole, whatever breaks off; what changed is read again; newer words stay."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Access, Page, Reader
from connectors.errors import AccessLost, PlatformError
from connectors.records import Current, InventoryLevel, InventoryPolicy, ProductStatus, RecordKind, Refetch
from connectors.shopify.bulk import lines, reading
from connectors.shopify.reader import KINDS, ShopReader
from demo.shopify.bulk import Failure
from demo.shopify.things import Product as PlayedProduct
from demo.shopify.trade import Wanted, place_order
from integration.services import readings, refetches
from integration.services.apply import apply
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.reading_writes import LEVEL, ORDER, PRODUCT, READING, REFETCH
from integration.storage.refetch_writes import ask_again
from tests.functional.shopify.conftest import Play
from tests.signing import shopify_shop

STORED = (
    "product",
    "variant",
    "inventory_level",
    "location",
    "order",
    "order_line",
    "refund",
    "refund_line",
    "customer",
)
on_one_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# What two shops with the same contents may differ in.
OWN = {"id", "shop_id", "shelf_version"}


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


@dataclass
class Clock:
    """A clock that a test moves on."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Mortal:
    """A reader whose process is killed when it is at a certain page, of those that it tells in all."""

    reader: Reader
    dies_at: int

    @property
    def kinds(self) -> Any:
        return self.reader.kinds

    def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
        for page in self.reader.read(kind, position=position, since=since):
            if self.dies_at == 0:
                raise Killed
            self.dies_at -= 1
            yield page

    def fetch(self, wanted: Any) -> Any:
        return self.reader.fetch(wanted)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE_ROWS", 25)
    monkeypatch.setattr(lines, "WINDOW_ROWS", 5)


@pytest.fixture
def access(play: Play) -> Access:
    token = play.token()
    play.grant_everything()
    play.set_costs(size=100_000, rate=100_000)
    return Access(play.shop, f"{play.url}/{play.shop}", lambda: token, lambda seconds: time.sleep(min(seconds, 0.01)))


@pytest.fixture
def reader(access: Access) -> ShopReader:
    return ShopReader(access)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return shopify_shop(database, settings)


def read_all(database: Database, shop_id: int, reader: Reader, clock: Clock) -> None:
    with database.write() as connection:
        readings.start(connection, shop_id, "shopify", KINDS, now=clock())
    read_on(database, shop_id, reader, clock)


def read_on(database: Database, shop_id: int, reader: Reader, clock: Clock) -> None:
    """Until everything is read, whatever has to be waited for."""
    for _ in range(50):
        readings.run(database, shop_id, reader, clock=clock)
        while refetches.fetch(database, shop_id, reader, clock=clock):
            pass
        if all(each.finished for each in readings.progress(database, shop_id)):
            return
        clock.move(minutes=10)
    raise AssertionError(readings.progress(database, shop_id))


def contents(database: Database, shop_id: int) -> dict[str, list[Any]]:
    """All that is stored of a shop, without the numbers that are our own."""
    found: dict[str, list[Any]] = {}
    with database.read() as connection:
        tables = sa.MetaData()
        tables.reflect(database.engine, only=STORED)
        names = {
            (name, row.id): row.external_id
            for name in ("product", "order", "refund", "customer")
            for row in connection.execute(sa.select(tables.tables[name]))
        }
        for name in STORED:
            table = tables.tables[name]
            rows = connection.execute(sa.select(table).where(table.c.shop_id == shop_id)).mappings()
            plain = [{key: _named(names, key, value) for key, value in row.items() if key not in OWN} for row in rows]
            found[name] = sorted(plain, key=str)
    return found


def _named(names: dict[tuple[str, int], str], key: str, value: Any) -> Any:
    return names.get((key.removesuffix("_id"), value), value) if key.endswith("_id") else value


def stored(database: Database, shop_id: int, table: sa.Table) -> dict[str, Any]:
    with database.read() as connection:
        return {row.external_id: row for row in connection.execute(sa.select(table).where(table.c.shop_id == shop_id))}


def levels(database: Database, shop_id: int) -> dict[tuple[str, str], Any]:
    with database.read() as connection:
        rows = connection.execute(sa.select(LEVEL).where(LEVEL.c.shop_id == shop_id, LEVEL.c.removed_at.is_(None)))
        return {(row.inventory_item, row.location): row for row in rows}


@pytest.mark.usefixtures("small_pages")
def test_after_the_first_reading_the_store_is_as_the_shop_is(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    odd = next(iter(play.state.products.values()))
    play.state.change_product(odd.id, status="UNLISTED")
    gift = list(play.state.products.values())[1]
    play.state.change_product(gift.id, gift_card=True, status="ACTIVE")
    read_all(database, shop_id, reader, clock)
    products = stored(database, shop_id, PRODUCT)
    assert products.keys() == {str(each) for each in play.state.products}
    for product in play.state.products.values():
        row = products[str(product.id)]
        assert (row.title, row.handle, row.vendor) == (product.title, product.handle, product.vendor)
        assert row.published == (play.state.online_store in product.published)
        assert row.category == (product.category[1] if product.category else "")
        assert set(row.collections) == {each.handle for each in play.state.collections_of(product.id)}
    assert products[str(odd.id)].status == ProductStatus.UNLISTED
    assert products[str(gift.id)].status == ProductStatus.UNLISTED
    _same_variants(play, contents(database, shop_id)["variant"])
    assert {key: (row.available, bool(row.sells_online)) for key, row in levels(database, shop_id).items()} == {
        (str(variant.item_id), str(place)): (
            level.available,
            play.state.locations[place].active and play.state.locations[place].fulfills_online,
        )
        for variant in play.state.variants.values()
        for place, level in variant.levels.items()
    }
    _same_orders(play, database, shop_id)


def _same_variants(play: Play, rows: list[Any]) -> None:
    by_id = {row["external_id"]: row for row in rows}
    assert by_id.keys() == {str(each) for each in play.state.variants}
    for variant in play.state.variants.values():
        row = by_id[str(variant.id)]
        assert Decimal(row["price"]) == variant.price
        assert (bool(row["tracked"]), row["policy"]) == (variant.tracked, InventoryPolicy[variant.policy])
        assert row["inventory_item"] == str(variant.item_id)
        assert (row["unit_cost"] and Decimal(row["unit_cost"])) == variant.cost


def _same_orders(play: Play, database: Database, shop_id: int) -> None:
    found = contents(database, shop_id)
    assert stored(database, shop_id, ORDER).keys() == {str(each) for each in play.state.orders}
    refunds = [refund for order in play.state.orders.values() for refund in order.refunds]
    assert len(found["refund"]) == len(refunds)
    returned: Counter[int] = Counter()
    for line in (each for refund in refunds for each in refund.lines):
        returned[line.line_id] += line.quantity
    bought = [
        min(each.quantity, each.current + returned[each.id])
        for order in play.state.orders.values()
        for each in order.lines
        if each.product_id
    ]
    assert sum(row["quantity"] for row in found["order_line"]) == sum(bought)


@on_one_store
def test_prices_and_places_of_every_market_are_read_in_bulk_and_one_by_one_alike(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    product = next(each for each in play.state.products.values() if each.status == "ACTIVE")
    play.state.change_product(product.id, hidden_in=frozenset({"US"}))
    read_all(database, shop_id, reader, clock)
    before = contents(database, shop_id)
    row = stored(database, shop_id, PRODUCT)[str(product.id)]
    countries = {country for market in play.state.markets.values() for country in market.countries}
    assert set(row.markets) == countries - {"US"}
    prices = next(each["prices"] for each in before["variant"] if each["external_id"] == str(product.variants[0].id))
    there, money = play.state.price_in(product.variants[0], "DE")
    assert prices["DE"] == prices["IT"]
    assert (Decimal(prices["DE"]["amount"]), prices["DE"]["currency"]) == (there, money)
    with database.write() as connection:
        ask_again(
            connection, shop_id, [Refetch(RecordKind.PRODUCT, str(each)) for each in play.state.products], clock()
        )
    read_on(database, shop_id, reader, clock)
    assert _unversioned(contents(database, shop_id)) == _unversioned(before)


def _unversioned(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {
        name: [{key: value for key, value in row.items() if key != "source_version"} for row in rows]
        for name, rows in found.items()
    }


@on_one_store
@pytest.mark.usefixtures("small_pages")
def test_a_process_that_is_killed_at_every_page_leaves_the_same_store(
    play: Play, database: Database, settings: Settings, reader: ShopReader, clock: Clock
) -> None:
    whole = _another_shop(database, settings)
    read_all(database, whole, reader, clock)
    shop_id = _another_shop(database, settings)
    with database.write() as connection:
        readings.start(connection, shop_id, "shopify", KINDS, now=clock())
    deaths = 0
    while not all(each.finished for each in readings.progress(database, shop_id)):
        try:
            readings.run(database, shop_id, Mortal(reader, 2), clock=clock)
        except Killed:
            deaths += 1
            assert readings.run(database, shop_id, reader, clock=clock) == readings.Ran()  # its lease still holds
        clock.move(minutes=4)
    assert deaths > 5
    assert contents(database, shop_id) == contents(database, whole)


def _another_shop(database: Database, settings: Settings) -> int:
    with database.read() as connection:
        number = connection.execute(sa.text("SELECT count(*) FROM shop")).scalar_one()
    return shopify_shop(database, settings, domain=f"shop-{number}.myshopify.com")


@on_one_store
def test_a_bulk_operation_that_was_started_before_a_crash_is_found_again(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    play.platform.bulk.gate.clear()
    for _ in range(3):
        pages = reader.read("orders", position="", since=None)
        next(pages)
        pages.close()  # type: ignore[attr-defined]
    play.platform.bulk.gate.set()
    assert len(play.platform.bulk.of(play.state)) == 1


@on_one_store
def test_a_failed_operation_is_run_again_after_a_pause(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    play.platform.bulk.failures.append(Failure("TIMEOUT", after=3))
    with database.write() as connection:
        readings.start(connection, shop_id, "shopify", ["orders"], now=clock())
    readings.run(database, shop_id, reader, clock=clock)
    (waiting,) = readings.progress(database, shop_id)
    assert "TIMEOUT" in waiting.error
    assert not waiting.finished
    read_on(database, shop_id, reader, clock)
    assert stored(database, shop_id, ORDER).keys() == {str(each) for each in play.state.orders}


@on_one_store
@pytest.mark.usefixtures("small_pages")
def test_a_result_that_is_kept_no_longer_is_computed_again(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    with database.write() as connection:
        readings.start(connection, shop_id, "shopify", ["products"], now=clock())
    with pytest.raises(Killed):
        readings.run(database, shop_id, Mortal(reader, 3), clock=clock)
    play.platform.bulk.expire(play.state)
    clock.move(minutes=5)
    read_on(database, shop_id, reader, clock)
    assert stored(database, shop_id, PRODUCT).keys() == {str(each) for each in play.state.products}


@on_one_store
@pytest.mark.usefixtures("small_pages")
def test_an_address_that_is_no_longer_valid_costs_a_second_attempt(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    play.platform.bulk.kept_seconds = -60.0
    with database.write() as connection:
        readings.start(connection, shop_id, "shopify", ["orders"], now=clock())
    readings.run(database, shop_id, reader, clock=clock)
    assert "gone" in readings.progress(database, shop_id)[0].error
    play.platform.bulk.kept_seconds = 600.0
    read_on(database, shop_id, reader, clock)
    assert stored(database, shop_id, ORDER).keys() == {str(each) for each in play.state.orders}


@on_one_store
def test_an_older_reading_never_overwrites_a_newer_webhook(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    read_all(database, shop_id, reader, clock)
    pages = [page for kind in KINDS for page in reader.read(kind, position="", since=None)]
    told = [change for page in pages for change in page.changes]
    a_level = next(each for each in told if isinstance(each, Current) and isinstance(each.record, InventoryLevel))
    assert isinstance(a_level.record, InventoryLevel)
    newer = [
        replace(a_level, record=replace(a_level.record, available=0), version=a_level.version + timedelta(seconds=1)),
    ]
    with database.write() as connection:
        apply(connection, shop_id, newer)
    before = contents(database, shop_id)
    for page in pages:
        with database.write() as connection:
            apply(connection, shop_id, page.changes)
    assert contents(database, shop_id) == before


def test_what_no_webhook_told_is_repaired_and_counted(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    read_all(database, shop_id, reader, clock)
    time.sleep(1.1)  # Shopify tells whole seconds
    product, variant = next(iter(play.state.products.values())), play.variant(3)
    play.state.change_product(product.id, title="Another title")
    play.move_stock(variant, 0)
    order = place_order(play.state, [Wanted(play.variant(1).id, 1)])
    readings.plan(database, shop_id, "shopify", KINDS, now=clock())
    assert all(each.finished for each in readings.progress(database, shop_id)), "not every minute"
    clock.move(hours=2)
    readings.plan(database, shop_id, "shopify", KINDS, now=clock())
    read_on(database, shop_id, reader, clock)
    assert stored(database, shop_id, PRODUCT)[str(product.id)].title == "Another title"
    assert levels(database, shop_id)[str(variant.item_id), "71000000001"].available == 0
    assert str(order.id) in stored(database, shop_id, ORDER)
    repaired = {each.kind: each.repaired for each in readings.progress(database, shop_id)}
    assert repaired["orders"] == 1
    assert repaired["products"] >= 1
    assert repaired["stock"] >= 1


@on_one_store
def test_what_vanished_unheard_is_found_by_the_weekly_reading(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    read_all(database, shop_id, reader, clock)
    gone = next(iter(play.state.products.values()))
    play.state.delete_product(gone.id)
    variant = play.variant(2)
    place = next(iter(variant.levels))
    play.state.disconnect(variant.item_id, place)
    clock.move(days=8)
    readings.plan(database, shop_id, "shopify", KINDS, now=clock())
    read_on(database, shop_id, reader, clock)
    assert stored(database, shop_id, PRODUCT)[str(gone.id)].removed_at is not None
    others = {key for key, row in stored(database, shop_id, PRODUCT).items() if row.removed_at is None}
    assert others == {str(each) for each in play.state.products}


@on_one_store
@pytest.mark.parametrize("kind", [RecordKind.VARIANT, RecordKind.INVENTORY_ITEM])
def test_what_a_webhook_left_open_is_asked_for(
    play: Play,
    database: Database,
    settings: Settings,
    shop_id: int,
    reader: ShopReader,
    clock: Clock,
    kind: RecordKind,
) -> None:
    variant = play.variant()
    number = variant.id if kind is RecordKind.VARIANT else variant.item_id
    with database.write() as connection:
        ask_again(connection, shop_id, [Refetch(kind, str(number))] * 3, clock())
    assert refetches.due(database, settings, clock()) == []
    assert refetches.fetch(database, shop_id, reader, clock=clock) == 1
    assert refetches.fetch(database, shop_id, reader, clock=clock) == 0
    assert str(variant.product_id) in stored(database, shop_id, PRODUCT)
    assert any(item == str(variant.item_id) for item, _ in levels(database, shop_id))


@on_one_store
def test_a_product_with_hundreds_of_variants_is_fetched_whole(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    product = _with_many_variants(play, 260)
    changes = reader.fetch([Refetch(RecordKind.PRODUCT, str(product.id))])
    (change,) = [each for each in changes if isinstance(each, Current)]
    assert len(change.record.variants) == 260  # type: ignore[union-attr]


def _with_many_variants(play: Play, many: int) -> PlayedProduct:
    product = next(iter(play.state.products.values()))
    model = product.variants[0]
    variants = [
        replace(model, id=play.state.new_id(), item_id=play.state.new_id(), position=number, levels=dict(model.levels))
        for number in range(1, many + 1)
    ]
    product.variants[:] = variants
    return play.state.add_product(product, quietly=True)


@on_one_store
def test_what_is_gone_when_it_is_asked_for_is_taken_away(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    read_all(database, shop_id, reader, clock)
    gone = next(iter(play.state.products.values()))
    play.state.delete_product(gone.id)
    with database.write() as connection:
        ask_again(connection, shop_id, [Refetch(RecordKind.PRODUCT, str(gone.id))], clock())
    refetches.fetch(database, shop_id, reader, clock=clock)
    assert stored(database, shop_id, PRODUCT)[str(gone.id)].removed_at is not None


@on_one_store
def test_what_was_asked_anew_meanwhile_is_asked_again(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = str(next(iter(play.state.products)))
    with database.write() as connection:
        ask_again(connection, shop_id, [Refetch(RecordKind.PRODUCT, number)], clock())
    really = reader.fetch

    def meanwhile(wanted: Any) -> Any:
        answer = really(wanted)
        clock.move(seconds=1)
        with database.write() as connection:
            ask_again(connection, shop_id, [Refetch(RecordKind.PRODUCT, number)], clock())
        return answer

    monkeypatch.setattr(reader, "fetch", meanwhile)
    refetches.fetch(database, shop_id, reader, clock=clock)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(REFETCH)).scalar_one() == 1


@on_one_store
def test_nothing_that_was_to_be_asked_is_lost_in_an_outage(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [str(each) for each in play.state.products]
    with database.write() as connection:
        ask_again(connection, shop_id, [Refetch(RecordKind.PRODUCT, each) for each in numbers], clock())

    def away(_wanted: Any) -> Any:
        raise PlatformError("shopify", "away", retryable=True)

    with monkeypatch.context() as patched:
        patched.setattr(reader, "fetch", away)
        with pytest.raises(PlatformError):
            refetches.fetch(database, shop_id, reader, clock=clock)
    assert refetches.fetch(database, shop_id, reader, clock=clock) == 0
    clock.move(minutes=1)
    while refetches.fetch(database, shop_id, reader, clock=clock):
        pass
    assert stored(database, shop_id, PRODUCT).keys() == set(numbers)


@on_one_store
def test_a_lost_access_stops_a_reading_and_is_said(
    play: Play, database: Database, shop_id: int, access: Access, clock: Clock
) -> None:
    def token() -> str:
        raise AccessLost("shopify", "the merchant has to open the app")

    reader = ShopReader(replace(access, token=token))
    with pytest.raises(AccessLost):
        read_all(database, shop_id, reader, clock)
    assert "open the app" in readings.progress(database, shop_id)[0].error


@on_one_store
def test_a_shop_without_leave_to_read_orders_is_read_as_far_as_it_may_be(
    play: Play, database: Database, shop_id: int, clock: Clock
) -> None:
    token = play.token()
    play.install("read_products", "read_inventory", "read_locations")
    reader = ShopReader(Access(play.shop, f"{play.url}/{play.shop}", lambda: token, lambda _: None))
    with database.write() as connection:
        readings.start(connection, shop_id, "shopify", KINDS, now=clock())
    readings.run(database, shop_id, reader, clock=clock)
    found = {each.kind: each for each in readings.progress(database, shop_id)}
    assert found["stock"].finished
    assert found["products"].finished
    assert found["orders"].error
    assert stored(database, shop_id, PRODUCT).keys() == {str(each) for each in play.state.products}


@on_one_store
def test_the_job_reads_a_shop_that_was_just_connected(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    readings.plan(database, shop_id, "shopify", KINDS, now=clock())
    read_on(database, shop_id, reader, clock)
    with database.read() as connection:
        rows = connection.execute(sa.select(READING).order_by(READING.c.id)).all()
    assert [row.kind for row in rows] == list(KINDS)
    assert all(row.expected in {row.read, None} for row in rows if row.kind != "stock")
