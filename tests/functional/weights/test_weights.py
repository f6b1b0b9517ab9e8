"""A merchant's weights, from where they are set to the slates of every process."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from benchmarks.web_server import served
from benchmarks.wire import Client, get_bytes
from connectors.records import Current, Product, Refund, RefundLine, Variant
from integration.services import weights
from integration.services.shops import UnknownShop
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from recommender.blend.business import BadWeights, BusinessWeights
from tests.making import START, level, make_shop, pounds, stock, write
from tests.trading import open_for_business

PAGE = "/v1/slates?shop=demo&placement=product&product=p1"
HOME = "/v1/slates?shop=demo&placement=home"


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    """A shop with products and orders."""
    made = make_shop(database, settings)
    open_for_business(database, made)
    return made


def shown(client: FlaskClient, page: str) -> list[str]:
    return [item["product"] for item in client.get(page).get_json()["items"]]


def test_the_next_slate_of_every_process_follows_a_changed_weight(
    database: Database, settings: Settings, shop_id: int
) -> None:
    train(database, settings, shop_id, trigger="test")

    def firsts(port: int) -> set[str]:
        found = set()
        for _ in range(12):
            client = Client(port)
            status, body = client.send(get_bytes(PAGE))
            assert status == 200
            found.add(json.loads(body)["items"][0]["product"])
            client.close()
        return found

    with served(replace(settings, web_processes=2)) as port:
        (usual,) = firsts(port)
        (least,) = {"p2", "p3", "p4"} - {usual, "p4" if usual != "p4" else "p3"}
        weights.change(database, "demo", values={}, boosts={least: 10.0})
        assert firsts(port) == {least}
        weights.change(database, "demo", values={}, boosts={}, reset=True)
        assert firsts(port) == {usual}


def test_each_trait_brings_up_what_has_most_of_it(
    database: Database, settings: Settings, shop_id: int, client: FlaskClient
) -> None:
    train(database, settings, shop_id, trigger="test")
    best = Variant("v9", price=pounds("10.00"), unit_cost=pounds("1.00"), tracked=True)
    worst = Variant("v10", price=pounds("10.00"), unit_cost=pounds("9.00"), tracked=True)
    later = START + timedelta(hours=1)
    write(
        database,
        shop_id,
        [
            Current(Product("p9", "Nine", published_at=START, variants=(best,)), later),
            Current(Product("p10", "Ten", published_at=START, variants=(worst,)), later),
            level(20, 500, later),
        ],
    )

    def favoured(name: str) -> str:
        weights.change(database, "demo", values={name: 5.0}, boosts={}, reset=True)
        return shown(client, HOME)[0]

    assert favoured("margin") == "p9"
    assert favoured("stock_depth") == "p20"
    # The newest of all are p25 to p32.
    assert int(favoured("new_arrivals").removeprefix("p")) > 24


def test_a_sale_moves_what_is_weighed_by_stock_in_the_very_next_slate(
    database: Database, settings: Settings, shop_id: int, client: FlaskClient
) -> None:
    train(database, settings, shop_id, trigger="test")
    weights.change(database, "demo", values={"stock_depth": 5.0}, boosts={})
    write(database, shop_id, [level(5, 700, START + timedelta(hours=1)), level(6, 600, START + timedelta(hours=1))])
    assert shown(client, HOME)[0] == "p5"
    write(database, shop_id, [level(5, 4, START + timedelta(hours=2))])
    assert shown(client, HOME)[0] == "p6"
    write(database, shop_id, [level(6, 0, START + timedelta(hours=3))])
    assert "p6" not in shown(client, HOME)


def test_what_comes_back_often_sinks_when_returns_are_weighed(
    database: Database, settings: Settings, shop_id: int, client: FlaskClient
) -> None:
    train(database, settings, shop_id, trigger="test")
    first = shown(client, HOME)[0]
    lines = (RefundLine(first, "", 1),)
    write(
        database,
        shop_id,
        [Current(Refund(f"r{number}", START, lines), START) for number in range(40)],
    )
    assert shown(client, HOME)[0] == first
    weights.change(database, "demo", values={"returns": 5.0}, boosts={})
    assert first not in shown(client, HOME)


def test_a_shop_without_a_model_follows_its_weights_as_far_as_it_can(
    database: Database, settings: Settings, shop_id: int, client: FlaskClient
) -> None:
    weights.change(database, "demo", values={"margin": 1.0, "novelty": 1.0, "diversity": 1.0}, boosts={"p3": 2.0})
    assert len(shown(client, PAGE)) == 8


def test_weights_that_were_spoilt_in_the_store_cost_the_weights_and_not_the_slate(
    database: Database, shop_id: int, client: FlaskClient
) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("""UPDATE shop SET weights = '{"profit": 1}'""")
    assert len(shown(client, HOME)) == 8
    with pytest.raises(BadWeights, match="'profit'"):
        weights.in_use(database, "demo")
    weights.change(database, "demo", values={"margin": 1.0}, boosts={}, reset=True)
    assert weights.in_use(database, "demo").weights == BusinessWeights(margin=1.0)


def test_changes_add_up_and_what_is_neutral_is_taken_away(database: Database, shop_id: int) -> None:
    weights.change(database, "demo", values={"margin": 0.5}, boosts={"p1": 2.0, "p2": 0.5})
    weights.change(database, "demo", values={"novelty": 0.25, "margin": 0.0}, boosts={"p2": 1.0})
    now = weights.in_use(database, "demo")
    assert now.weights.as_dict() == {"novelty": 0.25, "boosts": {str(*now.boosted): 2.0}}
    assert [*now.boosted.values()] == [("Product 1", "p1")]
    weights.change(database, "demo", values={}, boosts={}, reset=True)
    assert not weights.in_use(database, "demo").weights


def test_a_change_that_cannot_be_made_changes_nothing(database: Database, shop_id: int) -> None:
    weights.change(database, "demo", values={"margin": 0.5}, boosts={})
    with pytest.raises(BadWeights):
        weights.change(database, "demo", values={"novelty": 1.0, "margin": 9.0}, boosts={})
    with pytest.raises(weights.UnknownProduct, match="demo has no product 'tea'"):
        weights.change(database, "demo", values={"novelty": 1.0}, boosts={"tea": 2.0})
    with pytest.raises(UnknownShop):
        weights.change(database, "nobody", values={"novelty": 1.0}, boosts={})
    assert weights.in_use(database, "demo").weights == BusinessWeights(margin=0.5)


def test_another_shops_weights_are_its_own(database: Database, settings: Settings, shop_id: int) -> None:
    other = make_shop(database, settings, "other")
    stock(database, other, [1])
    weights.change(database, "other", values={"margin": 2.0}, boosts={"p1": 3.0})
    assert not weights.in_use(database, "demo").weights
    # Nor does a product of one shop count for the other, though both platforms call it p1.
    (product,) = weights.in_use(database, "other").boosted
    weights.change(database, "demo", values={}, boosts={"p1": 3.0})
    assert product not in weights.in_use(database, "demo").boosted


def test_costs_are_measured_by_a_model_that_has_not_seen_the_orders(
    database: Database, settings: Settings, shop_id: int
) -> None:
    weights.change(database, "demo", values={"novelty": 0.3}, boosts={})
    told: list[tuple[str, float]] = []
    found = weights.costs(database, settings, "demo", progress=lambda stage, share: told.append((stage, share)))
    assert found["cases"] >= 20
    assert [each["weight"] for each in found["weights"]["novelty"]["levels"]] == [0.3, 0.5, 1.0, 2.0]
    assert found["weights"]["stock_depth"]["known"] == 1.0
    assert found["weights"]["margin"] == {"known": 0.0, "levels": []}
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert told[-1] == ("done", 1.0)


def test_a_product_that_is_sold_in_one_market_alone_counts_in_the_costs(
    database: Database, settings: Settings, shop_id: int
) -> None:
    stock(database, shop_id, range(1, 33), markets=("UK",))
    found = weights.costs(database, settings, "demo", progress=lambda _stage, _share: None)
    assert found["weights"]["stock_depth"]["known"] == 1.0


def test_too_few_orders_are_said(database: Database, settings: Settings) -> None:
    made = make_shop(database, settings)
    open_for_business(database, made, orders=5)
    with pytest.raises(weights.TooFewOrders, match="it takes 20"):
        weights.costs(database, settings, "demo", progress=lambda _stage, _share: None)
