"""The app proxy over HTTP: what Shopify signed gets a slate, whatever is wrong; what it did not sign gets nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from connectors.records import Current, Product, Variant
from connectors.shopify.proxy import sign
from integration.app import create_app
from integration.services.behaviour import EVENT, VISITOR
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.shops import Connection, Shop
from integration.storage.upsert import table_of
from integration.web.services import KEY, Services
from tests.conftest import NOW
from tests.making import START, make_shop, order, pounds, write
from tests.trading import open_for_business

if TYPE_CHECKING:
    from tests.functional.shopify.conftest import Play

on_one_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = on_one_store
CONNECTION = table_of(Connection)
SHOP = table_of(Shop)
DOMAIN, SECRET = "fern-and-ladle.myshopify.com", "hush"
EMPTY = "{% layout none %}"
PAGE = {"placement": "product", "product": "2"}


@pytest.fixture
def app(settings: Settings, make_app: Callable[[Settings], Flask]) -> Flask:
    return make_app(replace(settings, shopify_client_id="id", shopify_client_secret=SECRET))


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    made = make_shop(database, settings)
    write(database, made, [goods(number, f"product-{number}") for number in range(1, 6)])
    connect(database, made)
    return made


def goods(number: int, handle: str, **values: Any) -> Current:
    variant = Variant(f"4{number}", price=pounds("9.90"))
    record = Product(str(number), f"Product {number}", handle, url=f"/products/{handle}", variants=(variant,))
    return Current(replace(record, **values), START)


def connect(database: Database, shop_id: int, domain: str = DOMAIN) -> None:
    with database.write() as connection:
        row = {"shop_id": shop_id, "platform": "shopify", "external_id": domain, "created_at": START}
        connection.execute(CONNECTION.insert().values(row))


def query(domain: str = DOMAIN, customer: str = "", secret: str = SECRET, **page: Any) -> str:
    parameters = {name: each if isinstance(each, list) else [str(each)] for name, each in page.items()}
    parameters |= {
        "shop": [domain],
        "logged_in_customer_id": [customer],
        "path_prefix": ["/apps/shelfwise"],
        "timestamp": [str(int(NOW.timestamp()))],
    }
    return urlencode({**parameters, "signature": [sign(parameters, secret)]}, doseq=True)


def get(client: FlaskClient, path: str = "slates", **asked: Any) -> TestResponse:
    return client.get(f"/shopify/proxy/{path}?{query(**asked)}")


def products(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200
    return [item["product"] for item in answer.get_json()["items"]]


@pytest.mark.usefixtures("shop_id")
def test_a_signed_request_gets_the_slate_that_the_widget_gets(client: FlaskClient) -> None:
    proxied = get(client, **PAGE, count=3).get_json()
    direct = client.get("/v1/slates", query_string={"shop": "demo", **PAGE, "count": 3}).get_json()
    assert len(proxied.pop("slate")) == len(direct.pop("slate"))
    assert proxied == direct
    assert len(proxied["items"]) == 3


@pytest.mark.usefixtures("shop_id")
def test_several_products_are_several(client: FlaskClient) -> None:
    assert set(products(get(client, placement="cart", cart=["1", "2"]))) == {"3", "4", "5"}


@pytest.mark.usefixtures("shop_id")
@pytest.mark.parametrize("path", ["slates", "slates.liquid", "events"])
@pytest.mark.parametrize("change", ["unsigned", "other secret", "other shop", "other customer", "late", "nothing"])
def test_what_shopify_did_not_sign_is_refused(client: FlaskClient, path: str, change: str) -> None:
    signed = query(**PAGE)
    late = signed.replace(f"timestamp={int(NOW.timestamp())}", f"timestamp={int(NOW.timestamp()) - 91}")
    forged = {
        "unsigned": signed.partition("signature")[0],
        "other secret": query(secret="guessed", **PAGE),
        "other shop": signed.replace("fern-and-ladle", "somebody-else"),
        "other customer": signed.replace("logged_in_customer_id=", "logged_in_customer_id=7"),
        "late": late,
        "nothing": "",
    }[change]
    address = f"/shopify/proxy/{path}?{forged}"
    answer = client.post(address, json={}) if path == "events" else client.get(address)
    assert answer.status_code == 401
    assert "Product" not in answer.text


def test_a_shop_that_we_do_not_know_or_that_left_gets_a_small_answer_that_is_kept(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    assert products(get(client, domain="nobody.myshopify.com", **PAGE)) == []
    with database.write() as connection:
        connection.execute(sa.update(SHOP).where(SHOP.c.id == shop_id).values(uninstalled_at=NOW))
    answer = get(client, **PAGE)
    assert (products(answer), answer.headers["Cache-Control"]) == ([], "private, max-age=300")
    assert get(client, "slates.liquid", **PAGE).text == EMPTY
    posted = client.post(f"/shopify/proxy/events?{query()}", json={"consent": True, "events": []})
    assert posted.status_code == 404


@pytest.mark.usefixtures("shop_id")
@pytest.mark.parametrize(
    "page",
    [
        {},
        {"placement": "moon"},
        {"placement": ["product", "home"]},
        {"placement": "home", "count": "many"},
        {"placement": "home", "count": ["4", "5"]},
        {"placement": "home", "visitor": "<script>"},
        {"placement": "product", "product": "1,2"},
        {"placement": "product", "product": ["1"] * 51},
        {"placement": "home", "market": "a\r\nSet-Cookie: b"},
    ],
)
def test_a_wrong_question_gets_an_empty_slate_and_a_word_for_whoever_built_the_page(
    client: FlaskClient, page: dict[str, Any]
) -> None:
    answer = get(client, **page)
    assert products(answer) == []
    assert answer.headers["X-Shelfwise-Problem"]
    assert "Set-Cookie" not in answer.headers
    liquid = get(client, "slates.liquid", **page)
    assert (liquid.status_code, liquid.text) == (200, EMPTY)


@pytest.mark.usefixtures("shop_id")
def test_trouble_of_ours_is_not_shown_to_shoppers(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("the disk is away: /secret/path")

    monkeypatch.setattr("integration.web.shopify.proxy.key_of", broken)
    for path in ("slates", "slates.liquid"):
        answer = get(client, path, **PAGE)
        assert answer.status_code == 200
        assert "secret" not in answer.text + str(answer.headers)


@pytest.mark.usefixtures("shop_id")
def test_no_cookie_is_set_and_nothing_is_kept_by_a_cache(client: FlaskClient) -> None:
    for path, kind in (("slates", "application/json"), ("slates.liquid", "application/liquid")):
        answer = get(client, path, **PAGE)
        assert "Set-Cookie" not in answer.headers
        assert (answer.headers["Cache-Control"], answer.mimetype) == ("no-store", kind)


def test_what_a_product_is_called_never_becomes_liquid(client: FlaskClient, database: Database, shop_id: int) -> None:
    evil = "x' | split: ',' %}{{ 'pwned' }}{% assign a = '"
    write(database, shop_id, [goods(6, evil, title="{{ 'pwned' }}"), goods(7, "a,b"), goods(8, "käse-グラス")])
    text = get(client, "slates.liquid", placement="home", count=20).text
    assert "pwned" not in text
    assert "a,b" not in text
    assert "käse-グラス" in text
    handles = text.partition("assign shelfwise_handles = '")[2].partition("'")[0].split(",")
    ids = text.partition("assign shelfwise_ids = '")[2].partition("'")[0].split(",")
    assert sorted(zip(ids, handles, strict=True)) == [
        *((str(number), f"product-{number}") for number in range(1, 6)),
        ("8", "käse-グラス"),
    ]


def test_liquid_is_asked_for_no_more_products_than_it_looks_up(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    write(database, shop_id, [goods(number, f"product-{number}") for number in range(6, 40)])
    text = get(client, "slates.liquid", placement="home", count=48).text
    assert len(text.partition("assign shelfwise_ids = '")[2].partition("'")[0].split(",")) == 20


def test_a_signed_in_customer_is_known_where_the_page_says_that_they_agreed(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    open_for_business(database, shop_id)
    train(database, settings, shop_id, trigger="test")
    connect(database, shop_id)
    write(database, shop_id, [order(9001, [1, 2], customer="7001", at=START)])

    def strategy(**asked: Any) -> str:
        found: str = get(client, placement="home", **asked).get_json()["strategy"]
        return found

    assert strategy(customer="7001", preferences="1") == "personal"
    assert strategy(customer="7001") == "trending"
    assert strategy(customer="7001", preferences="0") == "trending"
    assert strategy(customer="7002", preferences="1") == "trending"
    assert strategy(preferences="1") == "trending"


def event(**values: Any) -> dict[str, Any]:
    return {"id": "e1", "kind": "view", "product": "1", "at": "2026-11-23T11:59:00+00:00", **values}


def kept(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(EVENT)).scalar_one())


@pytest.mark.parametrize("named", [{}, {"shop": "demo"}, {"shop": "other"}, {"shop": 5}])
def test_events_are_of_the_shop_that_was_signed_for_whatever_they_say(
    client: FlaskClient, database: Database, settings: Settings, shop_id: int, named: dict[str, Any]
) -> None:
    make_shop(database, settings, "other")
    batch = {"consent": True, "visitor": "visitor-1", "events": [event()], **named}
    answer = client.post(f"/shopify/proxy/events?{query()}", json=batch)
    assert (answer.status_code, answer.get_json()) == (202, {"kept": 1, "skipped": {}})
    with database.read() as connection:
        assert connection.scalars(sa.select(VISITOR.c.shop_id)).all() == [shop_id]


@pytest.mark.usefixtures("shop_id")
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"consent":1}', b"\xff", b"[" * 100_000])
def test_events_that_are_none_are_refused_in_words(client: FlaskClient, database: Database, body: bytes) -> None:
    answer = client.post(f"/shopify/proxy/events?{query()}", data=body)
    assert (answer.status_code, kept(database)) == (400, 0)
    assert answer.get_json()["message"].startswith("the body is not a batch of events")


@pytest.mark.usefixtures("shop_id")
def test_without_consent_nothing_of_the_events_is_kept(client: FlaskClient, database: Database) -> None:
    batch = {"consent": False, "visitor": "visitor-1", "events": [event()]}
    assert client.post(f"/shopify/proxy/events?{query()}", json=batch).get_json()["kept"] == 0
    assert kept(database) == 0


def test_where_the_app_is_not_registered_there_is_no_proxy(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    assert make_app(settings).test_client().get(f"/shopify/proxy/slates?{query(**PAGE)}").status_code == 404


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object, **__: object) -> None: ...


@pytest.fixture
def served(play: Play, settings: Settings, database: Database) -> Iterator[int]:
    """An app behind the played Shopify, with the shop's products."""
    app = create_app(play.settings(settings))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    play.install()
    play.platform.app_url = f"http://127.0.0.1:{server.server_port}"
    shop_id = make_shop(database, settings)
    connect(database, shop_id, play.shop)
    on_sale = [each for each in play.state.products.values() if play.state.on_sale(each) and each.status == "ACTIVE"]
    write(database, shop_id, [goods(each.id, each.handle) for each in on_sale])
    yield shop_id
    server.shutdown()
    thread.join()
    server.server_close()
    services: Services = app.extensions[KEY]
    services.slate_log.close()
    services.database.close()


@pytest.mark.usefixtures("served")
def test_the_shops_theme_renders_cards_with_the_stock_and_prices_of_the_moment(play: Play) -> None:
    address = f"{play.url}/{play.shop}/apps/shelfwise/slates.liquid"
    asked = {"placement": "home", "count": "20"}
    shown = requests.get(address, params=asked, timeout=10)
    assert (shown.status_code, shown.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    assert shown.text.count('<li class="shelfwise-card"') > 5
    assert "{{" not in shown.text
    assert "{%" not in shown.text
    first = shown.text.partition('data-product="')[2].partition('"')[0]
    for variant in play.state.products[int(first)].variants:
        variant.tracked, variant.policy = True, "DENY"
        for place in variant.levels:
            play.move_stock(variant, 0, place)
    later = requests.get(address, params=asked, timeout=10).text
    assert f'data-product="{first}"' not in later
    assert later.count('<li class="shelfwise-card"') > 5


@pytest.mark.usefixtures("served")
def test_shoppers_pages_ask_through_the_shop_itself(play: Play, database: Database) -> None:
    base = f"{play.url}/{play.shop}/apps/shelfwise"
    product = next(str(each.id) for each in play.state.products.values() if each.status == "ACTIVE")
    slate = requests.get(f"{base}/slates", params={"placement": "product", "product": product}, timeout=10).json()
    assert slate["items"]
    seen = {
        "id": "e1",
        "kind": "impression",
        "product": slate["items"][0]["product"],
        "slate": slate["slate"],
        "position": 1,
        "at": datetime.now(UTC).isoformat(),
    }
    batch = {"consent": True, "visitor": "visitor-1", "events": [seen]}
    assert requests.post(f"{base}/events", json=batch, timeout=10).status_code == 202
    assert kept(database) == 1
