"""Orders from our lists: counted once, only where the slate is the shop's own, without what was given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from connectors.records import Change, Current, Order, OrderLine, RecordKind, Refund, RefundLine, Removed
from integration.cli import main
from integration.services.attribution import PROPERTY, Attributed, attributed
from integration.services.shopify.list_making import list_id
from integration.settings import Settings
from integration.storage.database import Database
from integration.web.services import KEY, Services
from tests.conftest import NOW
from tests.making import make_shop, pounds, stock, write

# What does not depend on the kind of store.
on_one_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SINCE, UNTIL = NOW - timedelta(days=30), NOW + timedelta(days=1)
LATER = NOW + timedelta(minutes=9)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    made = make_shop(database, settings)
    stock(database, made, range(1, 6))
    return made


@pytest.fixture
def slate(app: Flask, client: FlaskClient, shop_id: int) -> str:
    """A slate that was shown, with all products but the first."""
    asked = {"shop": "demo", "placement": "product", "product": "p1"}
    found: str = client.get("/v1/slates", query_string=asked).get_json()["slate"]
    services: Services = app.extensions[KEY]
    services.slate_log.flush()
    return found


def line(number: int, mark: str, pieces: int = 1, **values: Any) -> OrderLine:
    made = OrderLine(f"l{number}", f"p{number}", f"v{number}", pieces, pounds("9.90"), properties={PROPERTY: mark})
    return replace(made, **values)


def order(*lines: OrderLine, number: int = 1, **values: Any) -> Change:
    return Current(replace(Order(f"o{number}", LATER, lines, "GBP"), **values), LATER)


def refund(*lines: RefundLine, number: int = 1) -> Change:
    return Current(Refund(f"r{number}", LATER, lines, order="o1"), LATER)


def count(database: Database, shop_id: int) -> Attributed:
    return attributed(database, shop_id, SINCE, UNTIL)


NOTHING = Attributed()


def test_lines_that_name_a_slate_of_the_shop_count(database: Database, shop_id: int, slate: str) -> None:
    plain = replace(line(4, ""), properties={})
    write(database, shop_id, [order(line(2, f"{slate}:1", 2), line(3, f"{slate}:2"), plain)])
    assert count(database, shop_id) == Attributed(1, 2, 3, {"GBP": Decimal("29.70")})


@on_one_store
def test_an_order_that_is_told_again_counts_once(database: Database, shop_id: int, slate: str) -> None:
    for _ in range(3):
        write(database, shop_id, [order(line(2, f"{slate}:1"))])
    assert (count(database, shop_id).orders, count(database, shop_id).pieces) == (1, 1)


def test_the_lists_on_the_shops_own_pages_are_slates_too(database: Database, shop_id: int) -> None:
    mark = list_id("product", "related", "p1")
    write(database, shop_id, [order(line(2, f"{mark}:1"))])
    assert count(database, shop_id).orders == 1


def test_the_themes_liquid_calls_lists_as_we_do(project: Any) -> None:
    snippet = project / "templates" / "shopify" / "extensions" / "shelfwise-theme" / "snippets" / "slate.liquid"
    assert (
        "assign list = placement | append: ' ' | append: key | append: ' ' | append: seed.id | md5"
        in snippet.read_text()
    )
    assert list_id("cart", "complementary", "788032119674292922") == "e78cfb543e52d245e23ae15f9ac69b2f"


@on_one_store
@pytest.mark.parametrize(
    "mark", ["", "0" * 32 + ":1", "nonsense", "é" * 32 + ":1", "{slate}", "{slate}:", "{slate}:-1", "{slate}:1;drop"]
)
def test_what_names_no_slate_of_the_shop_is_ignored(database: Database, shop_id: int, slate: str, mark: str) -> None:
    write(database, shop_id, [order(line(2, mark.replace("{slate}", slate)))])
    assert count(database, shop_id) == Attributed(ignored=1)


def test_a_slate_of_another_shop_counts_for_nothing(
    database: Database, settings: Settings, shop_id: int, slate: str
) -> None:
    other = make_shop(database, settings, "other")
    stock(database, other, [2])
    foreign = list_id("product", "related", "p1")
    write(database, other, [order(line(2, f"{slate}:1"), line(3, f"{foreign}:1"))])
    assert count(database, other) == Attributed(ignored=2)
    assert count(database, shop_id) == NOTHING


@on_one_store
def test_a_product_that_the_slate_did_not_hold_counts_for_nothing(database: Database, shop_id: int, slate: str) -> None:
    write(database, shop_id, [order(line(1, f"{slate}:1"))])
    assert count(database, shop_id) == Attributed(ignored=1)


@on_one_store
def test_an_order_from_before_the_slate_counts_for_nothing(database: Database, shop_id: int, slate: str) -> None:
    write(database, shop_id, [order(line(2, f"{slate}:1"), ordered_at=NOW - timedelta(hours=1))])
    assert count(database, shop_id) == Attributed(ignored=1)


@on_one_store
@pytest.mark.parametrize("values", [{"cancelled_at": LATER}, {"is_test": True}])
def test_cancelled_orders_and_tests_are_none(
    database: Database, shop_id: int, slate: str, values: dict[str, Any]
) -> None:
    write(database, shop_id, [order(line(2, f"{slate}:1"), **values)])
    assert count(database, shop_id) == NOTHING


@on_one_store
def test_an_order_that_was_deleted_counts_no_more(database: Database, shop_id: int, slate: str) -> None:
    write(database, shop_id, [order(line(2, f"{slate}:1"))])
    write(database, shop_id, [Removed(RecordKind.ORDER, "o1", LATER)])
    assert count(database, shop_id) == NOTHING


def test_what_was_given_back_is_taken_off_and_never_more(database: Database, shop_id: int, slate: str) -> None:
    ordered = order(line(2, f"{slate}:1", 3), line(3, f"{slate}:2"))
    write(database, shop_id, [ordered, refund(RefundLine("p2", "v2", 2))])
    assert count(database, shop_id) == Attributed(1, 2, 2, {"GBP": Decimal("19.80")})
    write(database, shop_id, [refund(RefundLine("p2", "", 5), RefundLine("p3", "v3", 1), number=2)])
    assert count(database, shop_id) == NOTHING


@on_one_store
def test_only_the_time_that_is_asked_for_counts(database: Database, shop_id: int, slate: str) -> None:
    write(database, shop_id, [order(line(2, f"{slate}:1"))])
    assert attributed(database, shop_id, SINCE, LATER) == NOTHING
    assert attributed(database, shop_id, LATER, UNTIL).orders == 1


@on_one_store
def test_status_says_what_came_of_our_lists(
    database: Database, settings: Settings, shop_id: int, slate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(database, shop_id, [order(line(2, f"{slate}:1"))])
    monkeypatch.setenv("SHELFWISE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SHELFWISE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("SHELFWISE_REDIS_URL", settings.redis_url)
    monkeypatch.setattr("integration.cli.status.system_clock", lambda: UNTIL)
    answer = CliRunner().invoke(main, ["status"])
    assert "our lists 1 order with 1 piece for 9.90 GBP in 30 days" in answer.output
