"""Slates over HTTP: what they hold, what they never hold, and that there always is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from connectors.records import Current, InventoryPolicy, Money, Product, ProductStatus, RecordKind, Removed
from integration.settings import Settings
from integration.storage.behaviour import Slate
from integration.storage.database import Database
from integration.storage.shops import StockPolicy
from integration.storage.upsert import table_of
from integration.web.services import KEY, Services
from tests.making import START, level, make_shop, pounds, product, stock, write

SLATE = table_of(Slate)


def slate(client: FlaskClient, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/v1/slates", query_string={"shop": "demo", "placement": "home", "count": 48, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def products(found: dict[str, Any]) -> list[str]:
    return [item["product"] for item in found["items"]]


def test_a_new_shop_without_a_model_shows_its_newest_products_first(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    stock(database, make_shop(database, settings), [1, 2, 3])
    found = slate(client)
    assert products(found) == ["p3", "p2", "p1"]
    assert (found["strategy"], found["model_version"]) == ("newest", None)
    assert {item["reason"]["kind"] for item in found["items"]} == {"new"}


def test_an_item_says_what_a_card_needs(client: FlaskClient, database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    write(database, shop_id, product(1, pieces=2, title='A "quoted" <mug> ☕', image_url="/a.svg", url="/p/1"))
    (item,) = slate(client)["items"]
    assert item["title"] == 'A "quoted" <mug> ☕'
    assert item["price"] == {"amount": "9.90", "currency": "GBP"}
    assert (item["variant"], item["url"], item["image"], item["stock"]) == ("v1", "/p/1", "/a.svg", "low")


def test_what_is_in_view_or_in_the_cart_is_not_recommended(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    stock(database, make_shop(database, settings), range(1, 7))
    found = slate(client, product=["p1", "p2", "never heard of"], cart=["p3"])
    assert sorted(products(found)) == ["p4", "p5", "p6"]


def test_the_count_is_kept(client: FlaskClient, database: Database, settings: Settings) -> None:
    stock(database, make_shop(database, settings), range(1, 20))
    assert len(products(slate(client, count=5))) == 5


def test_the_same_kind_of_product_comes_before_the_newest(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    for number, kind in enumerate(["Mugs", "Mugs", "Rugs", "Rugs"], start=1):
        write(database, shop_id, product(number, product_type=kind))
    found = slate(client, placement="product", product="p1")
    assert products(found)[0] == "p2"
    assert found["strategy"] == "category"
    assert found["items"][0]["reason"]["kind"] == "same_category"


@pytest.mark.parametrize(
    "gone",
    [
        [Removed(RecordKind.PRODUCT, "p1", START + timedelta(days=1))],
        [Removed(RecordKind.VARIANT, "v1", START + timedelta(days=1))],
        [Removed(RecordKind.INVENTORY_LEVEL, "v1", START + timedelta(days=1), location="shop")],
        [level(1, 0, START + timedelta(days=1))],
        [level(1, -3, START + timedelta(days=1))],
        product(1, published=False),
        product(1, status=ProductStatus.DRAFT),
        product(1, status=ProductStatus.UNLISTED),
        product(1, status=ProductStatus.ARCHIVED),
        product(1, markets=()),
        [Current(Product("p1", "Without a variant"), START)],
    ],
)
def test_what_cannot_be_bought_is_gone_from_the_next_slate(
    client: FlaskClient, database: Database, settings: Settings, gone: list[Any]
) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, [1, 2])
    assert sorted(products(slate(client))) == ["p1", "p2"]
    write(database, shop_id, gone)
    assert products(slate(client)) == ["p2"]


def test_stock_of_several_locations_adds_up(client: FlaskClient, database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    write(database, shop_id, [*product(1, pieces=0), level(1, 5, START, location="cellar")])
    assert products(slate(client)) == ["p1"]
    write(database, shop_id, [level(1, 0, START + timedelta(hours=1), location="cellar")])
    assert products(slate(client)) == []


def test_stock_that_arrives_before_its_product_is_not_lost(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    write(database, shop_id, [level(1, 0, START + timedelta(days=1))])
    write(database, shop_id, product(1, pieces=9))
    assert products(slate(client)) == []


def test_a_shop_that_continues_selling_shows_what_it_has_not(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    write(database, make_shop(database, settings), product(1, pieces=0, policy=InventoryPolicy.CONTINUE))
    assert products(slate(client)) == ["p1"]


def test_a_shop_may_have_sold_out_products_last_with_a_mark(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings, stock_policy=StockPolicy.LAST)
    stock(database, shop_id, [1, 2, 3])
    write(database, shop_id, [level(3, 0, START + timedelta(days=1))])
    found = slate(client)
    assert products(found) == ["p2", "p1", "p3"]
    assert [item["stock"] for item in found["items"]] == ["in_stock", "in_stock", "back_soon"]


def test_a_product_is_shown_only_in_the_markets_where_it_is_sold_and_at_their_price(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    euros = {"DE": Money(Decimal("11.50"), "EUR")}
    write(database, shop_id, [*product(1, markets=("GB", "DE"), prices=euros), *product(2)])
    assert sorted(products(slate(client, market="DE"))) == ["p1", "p2"]
    assert sorted(products(slate(client, market="GB"))) == ["p1", "p2"]
    assert products(slate(client, market="US")) == ["p2"]
    assert products(slate(client)) == ["p2"]
    for parameters in ({"market": "DE"}, {"currency": "EUR"}):
        prices = {item["product"]: item["price"] for item in slate(client, **parameters)["items"]}
        assert prices == {
            "p1": {"amount": "11.50", "currency": "EUR"},
            "p2": {"amount": "9.90", "currency": "GBP"},
        }


def test_a_change_of_price_or_title_is_in_the_next_slate(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, [1])
    slate(client)
    record = product(1, title="New name", price=pounds("1.00"))[0].record  # type: ignore[union-attr]
    write(database, shop_id, [Current(record, START + timedelta(days=1))])
    (item,) = slate(client)["items"]
    assert (item["title"], item["price"]["amount"]) == ("New name", "1.00")


def test_a_visitor_who_looked_at_something_gets_a_slate_from_it(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    for number, kind in enumerate(["Mugs", "Mugs", "Rugs", "Rugs"], start=1):
        write(database, shop_id, product(number, product_type=kind))
    view = {"id": "e1", "kind": "view", "product": "p1", "at": "2026-11-23T11:59:00+00:00"}
    client.post("/v1/events", json={"shop": "demo", "consent": True, "visitor": "visitor-1", "events": [view]})
    assert products(slate(client, visitor="visitor-1"))[0] == "p2"
    assert products(slate(client, visitor="visitor-2"))[0] == "p4"


def test_every_slate_is_kept_as_it_was_shown(
    app: Flask, client: FlaskClient, database: Database, settings: Settings
) -> None:
    stock(database, make_shop(database, settings), [1, 2])
    found = slate(client, placement="cart", visitor="visitor-1")
    services: Services = app.extensions[KEY]
    services.slate_log.flush()
    with database.read() as connection:
        (row,) = connection.execute(sa.select(SLATE)).all()
    assert (row.slate, row.placement, row.visitor, row.propensity) == (found["slate"], "cart", "visitor-1", 1.0)
    assert len(row.items) == len(found["items"]) == 2
    assert [item[1:4:2] for item in row.items] == [["newest", "new"]] * 2


def test_shops_see_their_own_products_only(client: FlaskClient, database: Database, settings: Settings) -> None:
    stock(database, make_shop(database, settings), [1])
    stock(database, make_shop(database, settings, "other"), [2])
    assert products(slate(client)) == ["p1"]
    assert products(slate(client, shop="other")) == ["p2"]


def test_a_shop_that_left_or_never_was_is_unknown(client: FlaskClient, database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE shop SET uninstalled_at = 1 WHERE id = :id"), {"id": shop_id})
    for key in ("demo", "nobody"):
        answer = client.get("/v1/slates", query_string={"shop": key, "placement": "home"})
        assert answer.status_code == 404
        assert answer.get_json()["error"] == "unknown_shop"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"placement": "sidebar"}, "placement"),
        ({"shop": ""}, "shop"),
        ({"count": "0"}, "count"),
        ({"count": "many"}, "count"),
        ({"count": "49"}, "count"),
        ({"visitor": "<script>"}, "visitor"),
        ({"market": "gb"}, "market"),
        ({"currency": "pounds"}, "currency"),
        ({"locale": "!"}, "locale"),
        ({"product": ["x"] * 51}, "product"),
        ({"cart": "y" * 300}, "cart"),
        ({"product": ["x"] * 200}, "parameters"),
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, parameters: dict[str, Any], named: str) -> None:
    answer = client.get("/v1/slates", query_string={"shop": "demo", "placement": "home", **parameters})
    assert answer.status_code == 400
    assert named in answer.get_json()["message"]


def test_without_a_store_the_slate_is_empty_and_not_an_error(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    gone = replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")
    found = slate(make_app(gone).test_client())
    assert (found["items"], found["strategy"]) == ([], "")


def test_a_model_that_cannot_be_loaded_leaves_the_rungs_that_need_none(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, [1])
    with database.write() as connection:
        connection.execute(sa.text("UPDATE shop SET serving_version = 'lost' WHERE id = :id"), {"id": shop_id})
    found = slate(client)
    assert products(found) == ["p1"]
    assert found["model_version"] is None


def test_any_page_may_read_a_slate(client: FlaskClient, database: Database, settings: Settings) -> None:
    make_shop(database, settings)
    answer = client.get("/v1/slates", query_string={"shop": "demo", "placement": "home"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_a_process_may_read_its_shelves_before_anybody_asks(
    app: Flask, client: FlaskClient, database: Database, settings: Settings
) -> None:
    stock(database, make_shop(database, settings), [1])
    services: Services = app.extensions[KEY]
    services.slates.warm()
    reads: list[str] = []
    sa.event.listen(services.database.engine, "before_cursor_execute", lambda *event: reads.append(event[2]))
    assert products(slate(client)) == ["p1"]
    assert not [each for each in reads if "variant" in each]


def test_a_process_starts_without_a_store(make_app: Callable[[Settings], Flask], settings: Settings) -> None:
    gone = replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")
    services: Services = make_app(gone).extensions[KEY]
    services.slates.warm()
