"""A connected shop is read whole, whatever breaks off, with all that the played shop has."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.records import InventoryPolicy, ProductStatus, RecordKind, Refetch
from connectors.shopify.bulk import lines, reading
from connectors.shopify.reader import KINDS, ShopReader
from demo.shopify.bulk import Failure
from integration.services import readings
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.reading_writes import ORDER, PRODUCT
from integration.storage.refetch_writes import ask_again
from tests.functional.shopify.conftest import Play
from tests.shop_reading import (
    Clock,
    Killed,
    Mortal,
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
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE_ROWS", 25)
    monkeypatch.setattr(lines, "WINDOW_ROWS", 5)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return shopify_shop(database, settings)


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
