"""A visitor whom an order has told by name gets slates from what they bought before; nobody else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from connectors.records import Current, Customer, Order, RecordKind, Removed
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import START, make_shop, order, write
from tests.trading import GROUP, open_for_business

VISITOR = "visitor-1"


@pytest.fixture
def shop_id(database: Database, settings: Settings, client: FlaskClient) -> int:
    """A shop with a model and one consenting visitor, who has looked at nothing that is for sale."""
    shop_id = make_shop(database, settings)
    open_for_business(database, shop_id)
    train(database, settings, shop_id, trigger="test")
    search = {"id": "e1", "kind": "search", "query": "mugs", "at": "2026-11-23T11:59:00+00:00"}
    sent = client.post("/v1/events", json={"shop": "demo", "consent": True, "visitor": VISITOR, "events": [search]})
    assert sent.status_code == 202
    return shop_id


def buy(database: Database, shop_id: int, number: int, visitor: str = VISITOR, customer: str = "somebody new") -> None:
    change = order(number, [1, 2], customer=customer, at=START + timedelta(hours=number % 1000))
    assert isinstance(change, Current)
    assert isinstance(change.record, Order)
    write(database, shop_id, [Current(replace(change.record, visitor=visitor), change.version)])


def home(client: FlaskClient, visitor: str = VISITOR) -> dict[str, object]:
    query = {"shop": "demo", "placement": "home", "visitor": visitor, "count": 3}
    found: dict[str, object] = client.get("/v1/slates", query_string=query).get_json()
    return found


def test_the_home_page_goes_by_what_the_customer_bought(client: FlaskClient, database: Database, shop_id: int) -> None:
    assert home(client)["strategy"] == "trending"
    buy(database, shop_id, 9001)
    slate = home(client)
    assert slate["strategy"] == "personal"
    items = slate["items"]
    assert isinstance(items, list)
    assert sum(int(item["product"][1:]) <= GROUP for item in items) >= 2
    assert {item["reason"]["kind"] for item in items} & {"history", "bought_before", "bought_together"}
    assert home(client, "visitor-2")["strategy"] == "trending"


def test_a_browser_that_did_not_agree_is_not_recognised(client: FlaskClient, database: Database, shop_id: int) -> None:
    buy(database, shop_id, 9001, visitor="visitor-2")
    assert home(client, "visitor-2")["strategy"] == "trending"


def test_cancelled_orders_tell_nothing(client: FlaskClient, database: Database, shop_id: int) -> None:
    buy(database, shop_id, 9001)
    write(database, shop_id, [Removed(RecordKind.ORDER, "o9001", START + timedelta(days=30))])
    assert home(client)["strategy"] == "trending"


def test_a_customer_who_was_erased_is_not_recognised(client: FlaskClient, database: Database, shop_id: int) -> None:
    buy(database, shop_id, 9001)
    erased = Removed(RecordKind.CUSTOMER, Customer("somebody new").external_id, START + timedelta(days=30))
    write(database, shop_id, [erased])
    assert home(client)["strategy"] == "trending"


def test_another_customer_at_the_same_browser_takes_over(client: FlaskClient, database: Database, shop_id: int) -> None:
    buy(database, shop_id, 9001)
    change = order(9002, [9, 10], customer="somebody else", at=START + timedelta(days=9))
    assert isinstance(change, Current)
    assert isinstance(change.record, Order)
    write(database, shop_id, [Current(replace(change.record, visitor=VISITOR), change.version)])
    items = home(client)["items"]
    assert isinstance(items, list)
    assert sum((int(item["product"][1:]) - 1) // GROUP == 2 for item in items) >= 2
