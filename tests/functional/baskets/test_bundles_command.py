"""`shelfwise bundles`, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import Result

from connectors.records import Change, Current, Product
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import START, level, make_shop, order, pounds, product, stock, write

Command = Callable[..., Result]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def with_cost(number: int, cost: str) -> list[Change]:
    """A product whose cost is known."""
    record, *stocked = product(number)
    assert isinstance(record, Current)
    assert isinstance(record.record, Product)
    variant = replace(record.record.variants[0], unit_cost=pounds(cost))
    return [Current(replace(record.record, variants=(variant,)), START), *stocked]


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    """Tea (1, 2) and bread (3, 4) go together; the cost of 4 is not known; 5 is bought alone."""
    number = make_shop(database, settings)
    for each, cost in ((1, "4.10"), (2, "3.00"), (3, "2.00")):
        write(database, number, with_cost(each, cost))
    stock(database, number, [4, 5])
    baskets = [[1, 2]] * 12 + [[3, 4]] * 9 + [[5]] * 30
    write(database, number, [order(at, basket) for at, basket in enumerate(baskets, start=1)])
    return number


def test_the_merchant_sees_what_goes_together_and_what_it_earns(shelfwise: Command, shop_id: int) -> None:
    said = json.loads(shelfwise("bundles", "--shop", "demo", "--json").stdout)
    assert said["orders"] == 51
    tea, bread = said["bundles"]
    assert [each["product"] for each in tea["products"]] == ["p1", "p2"]
    assert (tea["orders"], tea["confidence"]) == (12, 1.0)
    assert (Decimal(tea["price"]), Decimal(tea["margin"])) == (Decimal("19.80"), Decimal("12.70"))
    assert (bread["orders"], bread["margin"]) == (9, None)


def test_the_table_reads_well(shelfwise: Command, shop_id: int) -> None:
    said = shelfwise("bundles", "--shop", "demo", "--top", "1").output
    assert "Bundles of demo, from 51 orders" in said
    assert "Product 1" in said
    assert "12.70" in said
    assert "Product 3" not in said


def test_a_sold_out_product_is_in_no_bundle(shelfwise: Command, database: Database, shop_id: int) -> None:
    write(database, shop_id, [level(1, 0, START.replace(month=12))])
    said = shelfwise("bundles", "--shop", "demo").output
    assert "Product 1" not in said
    assert "Product 3" in said


def test_a_shop_without_orders_gets_a_sentence(shelfwise: Command, database: Database, settings: Settings) -> None:
    make_shop(database, settings)
    said = shelfwise("bundles", "--shop", "demo")
    assert said.exit_code == 0
    assert "no products go together often enough yet in 0 orders" in said.output


def test_an_unknown_shop_gets_a_sentence(shelfwise: Command, database: Database) -> None:
    said = shelfwise("bundles", "--shop", "nobody")
    assert said.exit_code == 1
    assert "there is no shop 'nobody'" in said.output
