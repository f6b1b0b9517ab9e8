"""The page that answers a search shows what has its words, once there is a model; other pages don't hear them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import make_shop, product, write
from tests.trading import PRODUCTS, open_for_business


@pytest.fixture(autouse=True)
def shop_id(database: Database, settings: Settings) -> int:
    shop_id = make_shop(database, settings)
    for number, title in ((PRODUCTS + 1, "Walnut clock"), (PRODUCTS + 2, "Walnut stool")):
        write(database, shop_id, product(number, title=title))
    open_for_business(database, shop_id)
    train(database, settings, shop_id, trigger="test")
    return shop_id


def titles(client: FlaskClient, placement: str, query: str) -> list[tuple[str, str, str]]:
    """Title, strategy and reason of each item."""
    wanted = {"shop": "demo", "placement": placement, "q": query, "count": 4}
    answer = client.get("/v1/slates", query_string=wanted)
    assert answer.status_code == 200, answer.text
    return [(item["title"], item["strategy"], item["reason"]["kind"]) for item in answer.get_json()["items"]]


def test_what_has_all_the_words_comes_first(client: FlaskClient) -> None:
    found = titles(client, "search", "walnut Clock")
    assert found[:2] == [("Walnut clock", "search", "search"), ("Walnut stool", "search", "search")]
    assert len(found) == 4


def test_another_page_does_not_hear_a_search(client: FlaskClient) -> None:
    assert {strategy for _, strategy, _ in titles(client, "home", "walnut clock")} == {"trending"}


def test_a_search_without_end_is_refused(client: FlaskClient) -> None:
    wanted = {"shop": "demo", "placement": "search", "q": "x" * 201}
    assert client.get("/v1/slates", query_string=wanted).status_code == 400
