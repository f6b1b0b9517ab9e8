"""A visitor of whom nothing is known sees what their country buys, and nothing of it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connectors.records import Current, Order
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import START, make_shop, order, stock, write

PRODUCTS = range(1, 21)
# Germany buys the first ten products, Britain the others.
FIRST = {f"p{number}" for number in range(1, 11)}


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, PRODUCTS)
    changes = []
    for number in range(400):
        country, begin = ("DE", 0) if number % 2 else ("GB", 10)
        bought = [begin + 1 + (number // 2 + step) % 10 for step in (0, 3)]
        change = order(number + 1, bought, at=START - timedelta(hours=400 - number))
        assert isinstance(change, Current)
        assert isinstance(change.record, Order)
        changes.append(Current(replace(change.record, country=country), change.version))
    write(database, shop_id, changes)
    train(database, settings, shop_id, trigger="test")
    return shop_id


def home(client: FlaskClient, **query: str) -> set[str]:
    answer = client.get("/v1/slates", query_string={"shop": "demo", "placement": "home", "count": 8, **query})
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert found["strategy"] == "trending"
    return {item["product"] for item in found["items"]}


@pytest.mark.usefixtures("shop_id")
def test_a_visitor_sees_what_is_bought_in_their_country(client: FlaskClient) -> None:
    assert home(client, country="DE") <= FIRST
    assert not home(client, country="GB") & FIRST
    assert home(client, market="DE") <= FIRST
    assert not home(client, market="DE", country="GB") & FIRST


@pytest.mark.usefixtures("shop_id")
def test_an_unknown_country_or_referrer_changes_nothing(client: FlaskClient) -> None:
    assert home(client, country="FR", referrer="www.google.com") == home(client)


@pytest.mark.parametrize("query", [{"country": "Germany"}, {"referrer": "https://a.example/path"}])
def test_what_is_neither_a_country_nor_a_host_is_refused(
    client: FlaskClient, database: Database, settings: Settings, query: dict[str, str]
) -> None:
    make_shop(database, settings)
    answer = client.get("/v1/slates", query_string={"shop": "demo", "placement": "home", **query})
    assert answer.status_code == 400


@pytest.mark.usefixtures("shop_id")
def test_nothing_of_where_a_visitor_comes_from_is_kept(client: FlaskClient, database: Database) -> None:
    home(client, country="DE", referrer="somewhere.example")
    with database.read() as connection:
        for table in ("visitor", "session", "behaviour_event"):
            assert connection.execute(sa.text(f"SELECT COUNT(*) FROM {table}")).scalar() == 0
