"""What changed in a shop is read again; newer words stay; what a webhook left open is asked for."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Access
from connectors.errors import AccessLost, PlatformError
from connectors.records import Current, InventoryLevel, RecordKind, Refetch
from connectors.shopify.reader import KINDS, ShopReader
from demo.shopify.things import Product as PlayedProduct
from demo.shopify.trade import Wanted, place_order
from integration.services import readings, refetches
from integration.services.apply import apply
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.reading_writes import ORDER, PRODUCT, READING, REFETCH
from integration.storage.refetch_writes import ask_again
from tests.functional.shopify.conftest import Play
from tests.shop_reading import (
    Clock,
    contents,
    levels,
    read_all,
    read_on,
    stored,
)
from tests.signing import shopify_shop

on_one_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return shopify_shop(database, settings)


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


@on_one_store
def test_stock_and_titles_that_changed_without_a_time_are_put_right_by_the_daily_reading(
    play: Play, database: Database, shop_id: int, reader: ShopReader, clock: Clock
) -> None:
    product, emptied, filled = next(iter(play.state.products.values())), play.variant(3), play.variant(5)
    read_all(database, shop_id, reader, clock)
    place = next(iter(emptied.levels))
    product.title, emptied.levels[place].available, filled.levels[place].available = "Another title", 0, 99
    clock.move(hours=25)
    readings.plan(database, shop_id, "shopify", KINDS, now=clock())
    read_on(database, shop_id, reader, clock)
    assert stored(database, shop_id, PRODUCT)[str(product.id)].title == "Another title"
    counted = {key: row.available for key, row in levels(database, shop_id).items()}
    assert counted[str(emptied.item_id), str(place)] == 0
    assert counted[str(filled.item_id), str(place)] == 99
    drift = {sort: count for each in readings.progress(database, shop_id) for sort, count in each.drift.items()}
    assert drift == {"product stale": 1, "stock stale": 2}
