"""The demo shop's pages over a real store, asked without a browser."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from connectors.base import ImportRequest
from demo.cart import COOKIE, read_cart
from demo.source import DemoImporter
from integration.services.imports import apply_import
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import make_shop

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def empty_shop(settings: Settings, make_app: Callable[[Settings], Flask]) -> FlaskClient:
    return make_app(replace(settings, demo=True)).test_client()


@pytest.fixture
def client(empty_shop: FlaskClient, settings: Settings) -> FlaskClient:
    with closing(Database(settings.database_url)) as database:
        shop_id = make_shop(database, settings)
        theirs = database.of(shop_id)
        opened = DemoImporter(NOW).open("seed=3&products=130&customers=5", ImportRequest())
        apply_import(theirs, shop_id, opened)
    return empty_shop


def test_a_shop_that_is_not_loaded_says_so(empty_shop: FlaskClient) -> None:
    answer = empty_shop.get("/demo/")
    assert answer.status_code == 503
    assert "being loaded" in answer.text


def test_pages_answer_and_pictures_are_kept_for_long(client: FlaskClient) -> None:
    home = client.get("/demo/")
    assert home.status_code == 200
    assert "Departments" in home.text
    assert client.get("/demo/collections/kitchen").status_code == 200
    assert client.get("/demo/collections/everything?page=999").status_code == 404
    picture = client.get("/demo/pictures/harlow-enamel-watering-can.svg?colour=sage")
    assert picture.mimetype == "image/svg+xml"
    assert picture.cache_control.max_age == 30 * 86_400
    again = client.get(
        "/demo/pictures/harlow-enamel-watering-can.svg?colour=sage", headers={"If-None-Match": picture.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_search_escapes_what_was_asked_for(client: FlaskClient) -> None:
    found = client.get("/demo/search", query_string={"q": "<script>alert(1)</script>"})
    assert "<script>alert" not in found.text


@pytest.mark.parametrize("path", ["/demo/cart/add", "/demo/buy", "/demo/shelf/anything"])
def test_no_other_site_can_buy_or_empty_a_shelf(client: FlaskClient, path: str) -> None:
    assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_nobody_is_sent_to_another_site(client: FlaskClient) -> None:
    for back in ("https://elsewhere.example/", "//elsewhere.example", "/demo/..\\..", "/v1/slates"):
        answer = client.post("/demo/consent", data={"choice": "no", "back": back})
        assert answer.headers["Location"] == "/demo/"


def test_no_more_is_put_into_a_cart_than_there_is(client: FlaskClient) -> None:
    answer = client.post("/demo/cart/add", data={"product": "none", "variant": "none", "quantity": "1"})
    assert answer.status_code == 409
    asked = client.post(
        "/demo/cart/add", data={"product": "none", "variant": "none"}, headers={"Accept": "application/json"}
    )
    assert (asked.status_code, asked.json) == (409, {"message": "That is no longer sold."})
    cookie = client.get_cookie(COOKIE, path="/demo")
    assert cookie is None or read_cart(cookie.value) == {}
