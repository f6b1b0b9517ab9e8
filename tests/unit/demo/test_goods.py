"""The made-up shop is the same for the same seed, and looks like a shop."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest

from connectors.base import ImportRequest
from connectors.errors import BadFile
from connectors.records import Current, Customer, InventoryLevel, InventoryPolicy, Order, Product, Refund
from demo.assortment import assortment
from demo.goods import Good, make_goods
from demo.source import DemoImporter

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SMALL = "seed=3&products=250&customers=300"


@pytest.fixture(scope="module")
def goods() -> list[Good]:
    return make_goods(Random(20), assortment(), count=1500, now=NOW)


@pytest.fixture(scope="module")
def changes() -> list[Current]:
    return list(DemoImporter(NOW).open(SMALL, ImportRequest()).changes())


def test_the_same_seed_makes_the_same_shop(changes: list[Current]) -> None:
    again = DemoImporter(NOW).open(SMALL, ImportRequest())
    assert list(again.changes()) == changes
    assert again.report.read == again.rows
    other = DemoImporter(NOW).open(SMALL.replace("seed=3", "seed=4"), ImportRequest())
    assert list(other.changes()) != changes


def test_handles_variants_and_inventory_items_are_unique(goods: list[Good]) -> None:
    variants = [variant for good in goods for variant in good.product.variants]
    for keys in (
        [good.product.handle for good in goods],
        [good.product.external_id for good in goods],
        [variant.external_id for variant in variants],
        [variant.inventory_item for variant in variants],
    ):
        assert len(set(keys)) == len(keys)


def test_there_are_ten_departments_and_prices_end_as_shops_end_them(goods: list[Good]) -> None:
    assert len({good.product.product_type for good in goods}) >= 10
    endings = Counter(
        str(variant.price.amount)[-2:] for good in goods for variant in good.product.variants if variant.price
    )
    assert set(endings) == {"00", "50", "90", "99"}
    cut = [variant for good in goods for variant in good.product.variants if variant.compare_at_price]
    assert cut
    assert all(
        each.price and each.compare_at_price and each.price.amount < each.compare_at_price.amount for each in cut
    )
    assert all(
        each.price and each.unit_cost and each.unit_cost.amount < each.price.amount
        for good in goods
        for each in good.product.variants
    )


def test_stock_has_every_state_that_a_shelf_can_be_in(goods: list[Good]) -> None:
    pieces = Counter(sum(level.available for level in good.levels) for good in goods if good.levels)
    assert pieces[0] > 20
    assert pieces[1] > 20
    assert {level.location for good in goods for level in good.levels} == set(assortment().locations)
    variants = [variant for good in goods for variant in good.product.variants]
    assert any(not variant.tracked for variant in variants)
    assert any(variant.policy is InventoryPolicy.CONTINUE for variant in variants)


def test_products_come_before_the_orders_that_name_them(changes: list[Current]) -> None:
    kinds = [type(change.record) for change in changes]
    first_order = kinds.index(Order)
    assert Product not in kinds[first_order:]
    assert Customer not in kinds[first_order:]
    known = {change.record.external_id for change in changes if isinstance(change.record, Product)}
    sold = {line.product for change in changes if isinstance(change.record, Order) for line in change.record.lines}
    assert sold <= known


def test_nothing_is_from_the_future_and_nothing_sold_before_it_was_published(changes: list[Current]) -> None:
    published = {
        change.record.external_id: change.record.published_at
        for change in changes
        if isinstance(change.record, Product) and change.record.published_at
    }
    assert all(change.version <= NOW for change in changes)
    for change in changes:
        if isinstance(change.record, Order):
            day = change.record.ordered_at.date()
            assert all(published[line.product].date() <= day for line in change.record.lines)


def test_gardens_sell_in_spring_and_gifts_before_christmas(changes: list[Current]) -> None:
    department = {c.record.external_id: c.record.product_type for c in changes if isinstance(c.record, Product)}
    share: Counter[tuple[str, str]] = Counter()
    for change in changes:
        if isinstance(change.record, Order):
            season = {3: "spring", 4: "spring", 5: "spring", 11: "winter", 12: "winter"}.get(
                change.record.ordered_at.month
            )
            for line in change.record.lines:
                share[(department[line.product], season or "")] += 1
    assert share["Garden", "spring"] > 2 * share["Garden", "winter"]
    assert share["Gifts & Paper", "winter"] > 1.5 * share["Gifts & Paper", "spring"]


def test_buyers_come_back_for_the_same_and_some_are_guests(changes: list[Current]) -> None:
    orders = [change.record for change in changes if isinstance(change.record, Order)]
    bought = Counter((order.customer, line.product) for order in orders for line in order.lines if order.customer)
    assert sum(count > 2 for count in bought.values()) > len(bought) / 50
    assert 0.1 < sum(not order.customer for order in orders) / len(orders) < 0.25
    assert any(order.cancelled_at for order in orders)
    assert any(isinstance(change.record, Refund) for change in changes)
    assert any(isinstance(change.record, InventoryLevel) for change in changes)


@pytest.mark.parametrize("size", ["products=many", "colour=3", "seed"])
def test_a_wrong_size_is_named(size: str) -> None:
    with pytest.raises(BadFile, match="seed, products and customers"):
        DemoImporter(NOW).open(size, ImportRequest())
