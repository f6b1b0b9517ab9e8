"""What a fit learns from: what was sold and kept, by whom, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from connectors.records import (
    Change,
    Current,
    EraseCustomer,
    Money,
    Order,
    Product,
    RecordKind,
    Refund,
    RefundLine,
    Removed,
    Variant,
)
from integration.settings import Settings
from integration.storage import training_data
from integration.storage.base import to_micros
from integration.storage.database import Database
from integration.storage.training_data import TrainingData, read_training_data
from tests.making import START, make_shop, order, stock, write
from tests.trading import cancelled

LATER = START + timedelta(days=1)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    number = make_shop(database, settings)
    stock(database, number, [1, 2, 3])
    return number


def read(database: Database, shop_id: int, *changes: Change) -> TrainingData:
    write(database, shop_id, changes)
    return read_training_data(database, shop_id)


def sold(data: TrainingData) -> list[tuple[str, float]]:
    """Title of each product bought with the pieces kept, in order."""
    titles = [data.catalogue.texts[item] for item in data.purchases.item]
    return sorted(zip(titles, data.purchases.quantity.tolist(), strict=True))


def refund(number: int, product: int, pieces: int = 1, *, order: str = "", customer: str = "") -> Change:
    lines = (RefundLine(f"p{product}", f"v{product}", pieces),)
    return Current(Refund(f"r{number}", LATER, lines, order=order, customer=customer), LATER)


def pieces(change: Change, quantity: int) -> Change:
    assert isinstance(change, Current)
    assert isinstance(change.record, Order)
    lines = tuple(replace(line, quantity=quantity) for line in change.record.lines)
    return Current(replace(change.record, lines=lines), change.version)


def test_each_line_of_an_order_is_a_purchase(database: Database, shop_id: int) -> None:
    data = read(database, shop_id, order(1, [1, 2], customer="c1"), order(2, [3], at=LATER))
    assert sold(data) == [("Product 1", 1.0), ("Product 2", 1.0), ("Product 3", 1.0)]
    assert data.orders == 2
    assert len(set(data.purchases.basket.tolist())) == 2
    assert (data.purchases.user == -1).sum() == 1
    assert data.data_until == to_micros(LATER)


def test_a_shop_without_orders_gives_nothing(database: Database, shop_id: int) -> None:
    data = read(database, shop_id)
    assert len(data.purchases) == 0
    assert len(data.catalogue) == 3
    assert data.data_from is None


def test_another_shops_orders_are_not_read(database: Database, settings: Settings, shop_id: int) -> None:
    other = make_shop(database, settings, "other")
    stock(database, other, [1])
    read(database, other, order(1, [1]))
    assert sold(read(database, shop_id)) == []


def test_cancelled_test_and_removed_orders_teach_nothing(database: Database, shop_id: int) -> None:
    trial = order(2, [2])
    assert isinstance(trial, Current)
    assert isinstance(trial.record, Order)
    data = read(
        database,
        shop_id,
        cancelled(order(1, [1]), LATER),
        Current(replace(trial.record, is_test=True), trial.version),
        order(3, [3]),
        Removed(RecordKind.ORDER, "o3", LATER),
    )
    assert sold(data) == []
    assert data.orders == 0


def test_a_refund_that_names_its_order_is_taken_off_that_order(database: Database, shop_id: int) -> None:
    before = pieces(order(1, [1], customer="c1"), 3)
    data = read(database, shop_id, before, order(2, [1], customer="c1"), refund(1, 1, 2, order="o1"))
    assert sold(data) == [("Product 1", 1.0), ("Product 1", 1.0)]


def test_a_refund_without_an_order_is_taken_off_the_customers_latest_purchases(
    database: Database, shop_id: int
) -> None:
    bought = [pieces(order(number, [1], customer="c1"), 2) for number in (1, 2)]
    someone_else = order(3, [1], customer="c2")
    data = read(database, shop_id, *bought, someone_else, refund(1, 1, 3, customer="c1"))
    assert sold(data) == [("Product 1", 1.0), ("Product 1", 1.0)]
    assert data.purchases.time.min() == to_micros(START + timedelta(minutes=1))


def test_a_refund_never_takes_back_what_was_bought_after_it(database: Database, shop_id: int) -> None:
    data = read(
        database,
        shop_id,
        refund(1, 1, 5, customer="c1"),
        order(1, [1], customer="c1", at=LATER + timedelta(days=1)),
    )
    assert sold(data) == [("Product 1", 1.0)]


def test_what_was_given_back_whole_is_no_purchase(database: Database, shop_id: int) -> None:
    data = read(database, shop_id, order(1, [1, 2]), refund(1, 1, 7, order="o1"))
    assert sold(data) == [("Product 2", 1.0)]


def test_an_erased_customer_is_a_guest(database: Database, shop_id: int) -> None:
    data = read(database, shop_id, order(1, [1], customer="c1"), EraseCustomer("c1", LATER))
    assert data.purchases.user.tolist() == [-1]


def test_products_that_are_gone_or_known_from_orders_alone_still_teach(database: Database, shop_id: int) -> None:
    data = read(database, shop_id, order(1, [1, 99]), Removed(RecordKind.PRODUCT, "p1", LATER))
    assert len(data.purchases) == 2
    assert len(data.catalogue) == 4
    assert np.all(np.diff(data.catalogue.product_ids) > 0)


def test_reading_in_many_chunks_gives_the_same(
    database: Database, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [order(number, [1 + number % 3, 1 + (number + 1) % 3], customer=f"c{number % 4}") for number in range(20)]
    whole = read(database, shop_id, *orders, refund(1, 1, order="o3"))
    monkeypatch.setattr(training_data, "ORDERS_A_CHUNK", 3)
    chunked = read(database, shop_id)
    for column in ("basket", "user", "item", "quantity", "time"):
        assert np.array_equal(getattr(whole.purchases, column), getattr(chunked.purchases, column))


def test_the_catalogue_says_who_makes_a_product_what_it_costs_and_since_when_it_is_there(
    database: Database, shop_id: int
) -> None:
    dear = Variant("v9", price=Money(Decimal("99.00"), "GBP"), options={"Colour": "Teal", "Size": "Large"})
    changes = [Current(Product("p9", "Vase", vendor="Kiln", published_at=LATER, variants=(dear,)), LATER)]
    catalogue = read(database, shop_id, *changes).catalogue
    row = catalogue.texts.index("Vase Kiln Large Teal")
    assert catalogue.vendor is not None
    assert catalogue.price is not None
    assert catalogue.created is not None
    assert catalogue.vendor.tolist() == [0 if at == row else -1 for at in range(4)]
    assert catalogue.price[row] == np.float32(99)
    assert catalogue.created[row] == to_micros(LATER)


def test_a_price_in_another_currency_than_the_shops_is_not_known(database: Database, shop_id: int) -> None:
    abroad = Variant("v9", price=Money(Decimal("99.00"), "EUR"))
    changes = [Current(Product("p9", "Vase", variants=(abroad,)), LATER)]
    catalogue = read(database, shop_id, *changes).catalogue
    assert catalogue.price is not None
    assert sorted(catalogue.price.tolist()) == [0.0, *[float(np.float32(9.9))] * 3]


def test_each_line_knows_the_country_its_order_went_to_where_it_is_told_by_its_code(
    database: Database, shop_id: int
) -> None:
    told = []
    for number, country in enumerate(("DE", "gb", "", "United Kingdom"), start=1):
        change = order(number, [1, 2])
        assert isinstance(change, Current)
        assert isinstance(change.record, Order)
        told.append(Current(replace(change.record, country=country), change.version))
    data = read(database, shop_id, *told)
    assert data.country is not None
    by_order = dict(zip(data.purchases.basket.tolist(), data.country.tolist(), strict=True))
    assert list(dict(sorted(by_order.items())).values()) == ["DE", "GB", "", ""]
    assert len(data.country) == len(data.purchases) == 8


def test_a_shop_whose_orders_name_no_country_has_none(database: Database, shop_id: int) -> None:
    assert read(database, shop_id, order(1, [1])).country is None
