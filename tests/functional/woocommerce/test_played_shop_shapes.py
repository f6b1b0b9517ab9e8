"""The played shop answers and sends what was recorded of a real one: every key that was there, and no other."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.woocommerce.trade import refund_order
from tests.functional.woocommerce.conftest import Woo

RECORDED = Path(__file__).parents[2] / "payloads" / "woocommerce"
# Recorded of a shop without pictures, tags and brands, and of orders of guests; options are the world's countries.
OFTEN_EMPTY = (
    "meta_data[].",
    "images[].",
    "tags[].",
    "brands[].",
    "image.",
    "_links.customer",
    "_links.up",
    ".options.",
)
# How long an answer is, and what it links to, is its own.
IGNORED_HEADERS = {"Transfer-Encoding", "Content-Length", "Connection", "Link"}
# Of the recorded shop: its own path, host and length.
OWN = {"Host", "Content-Length"}


def keys(body: Any, path: str = "") -> set[str]:
    """Every key of a body, by its path."""
    if isinstance(body, list):
        return set().union(*(keys(each, f"{path}[].") for each in body)) if body else set()
    if not isinstance(body, dict):
        return set()
    return {f"{path}{name}" for name in body}.union(
        *(keys(value, f"{path}{name}") for name, value in named(body, path))
    )


def named(body: Mapping[str, Any], path: str) -> list[tuple[str, Any]]:
    return [(f"{name}." if isinstance(value, dict) else name, value) for name, value in body.items()]


def told(found: set[str]) -> set[str]:
    return {each for each in found if not any(part in f"{each}." for part in OFTEN_EMPTY)}


@pytest.fixture
def browser(woo_tls: Woo) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(woo_tls.site.certificate)
    session.auth = (woo_tls.key, woo_tls.secret)
    return session


@pytest.mark.parametrize(
    ("recorded", "path"),
    [
        ("products_page1", "products?per_page=100"),
        ("products_page_beyond", "products?page=99"),
        ("products_bad_perpage", "products?per_page=101"),
        ("products_variations", "products/{variable}/variations"),
        ("orders", "orders?per_page=100"),
        ("orders_modified_after", "orders?modified_after=2020-01-01T00:00:00&dates_are_gmt=true&orderby=modified"),
        ("customers", "customers?role=all"),
        ("product_categories", "products/categories?per_page=100"),
        ("settings_general", "settings/general"),
        ("system_status", "system_status"),
        ("webhooks", "webhooks?per_page=3"),
        ("webhook_one", "webhooks/1"),
    ],
)
def test_rest_answers_have_the_recorded_keys_and_headers(
    woo_tls: Woo, browser: requests.Session, recorded: str, path: str
) -> None:
    real = json.loads((RECORDED / "rest" / f"{recorded}.json").read_text())
    refund_order(woo_tls.state, next(iter(woo_tls.state.orders)), amount=Decimal(1))
    woo_tls.sell(woo_tls.product(kind="variation"))
    woo_tls.listen("http://127.0.0.1:9/", "secret", *(["order.created"] * 5))
    place = path.format(variable=woo_tls.product(kind="variation").parent_id)
    found = browser.get(f"{woo_tls.address}/wp-json/wc/v3/{place}", timeout=10)
    assert found.status_code == real["status"]
    assert told(keys(found.json())) == told(keys(real["body"]))
    assert set(found.headers) - IGNORED_HEADERS == set(real["headers"]) - IGNORED_HEADERS


@pytest.mark.parametrize("recorded", ["webhook_bad_topic", "webhook_bad_url"])
def test_webhooks_are_refused_in_the_recorded_words(woo_tls: Woo, browser: requests.Session, recorded: str) -> None:
    real = json.loads((RECORDED / "rest" / f"{recorded}.json").read_text())
    wrong = {
        "webhook_bad_topic": {"topic": "order.published", "delivery_url": "https://app.example/"},
        "webhook_bad_url": {"topic": "order.created", "delivery_url": "app.example"},
    }[recorded]
    found = browser.post(f"{woo_tls.address}/wp-json/wc/v3/webhooks", json=wrong, timeout=10)
    assert (found.status_code, found.json()) == (real["status"], real["body"])


def test_nobody_s_call_is_refused_in_the_recorded_words(woo_tls: Woo, browser: requests.Session) -> None:
    real = json.loads((RECORDED / "rest" / "bad_auth.json").read_text())
    browser.auth = None
    found = browser.get(f"{woo_tls.address}/wp-json/wc/v3/products", timeout=10)
    assert (found.status_code, found.json()) == (real["status"], real["body"])


def test_the_store_api_tells_products_as_recorded(woo: Woo) -> None:
    real = json.loads((RECORDED / "rest" / "store_api_products.json").read_text())
    found = requests.get(f"{woo.address}/wp-json/wc/store/v1/products?per_page=20", timeout=10).json()
    more = {"variations[].", "price_range."}
    for one, other in ((keys(real["body"]), keys(found)), (keys(found), keys(real["body"]))):
        assert not {each for each in told(one) - other if not any(part in f"{each}." for part in more)}


def captures() -> dict[str, dict[str, Any]]:
    files = sorted((RECORDED / "captures").glob("*.json"))
    return {each.stem: json.loads(each.read_text()) for each in files if each.stem not in {"INDEX", "SECRET"}}


def replay(woo: Woo) -> None:
    """Everything that the recorded topics tell of, in the played shop."""
    product, variation = woo.product(), woo.product(kind="variation")
    buyer = woo.state.add_customer(country="FR")
    refund_order(woo.state, woo.sell(product, customer_id=buyer.id).id, amount=Decimal(1))
    woo.sell(variation, created_via="store-api")
    woo.state.change(variation.parent_id, name="Another name")
    woo.deliver()
    coupon = woo.state.add_coupon("ten")
    woo.deliver()
    for deed in (woo.state.trash, woo.state.restore):
        deed(product.id)
        woo.deliver()
    woo.state.trash_coupon(coupon.id)
    woo.state.restore_coupon(coupon.id)
    woo.state.delete_customer(buyer.id)
    woo.deliver()


def test_deliveries_have_the_recorded_keys_and_headers(woo: Woo) -> None:
    real = captures()
    topics = sorted({each["topic"] for each in real.values() if each["topic"]} - {"ping"})
    woo.listen("http://app.example/hook", "secret", *topics)
    woo.site.sender.post = lambda _address, _headers, _body: 200
    replay(woo)
    seen: dict[tuple[str, str], set[str]] = {}
    for sent in woo.sent:
        body = json.loads(sent.body)
        seen.setdefault((sent.topic, str(body.get("type", min(body)))), set()).update(told(keys(body)))
    compared = 0
    for capture in real.values():
        if capture["topic"] not in topics:
            continue
        body = json.loads(base64.b64decode(capture["body_base64"]))
        kind = (capture["topic"], str(body.get("type", min(body))))
        if kind in seen:
            recorded = told(keys(body))
            assert recorded <= seen[kind], kind
            assert set(body) <= {each.partition(".")[0].partition("[")[0] for each in seen[kind]}, kind
            compared += 1
        assert [name for name, _ in capture["headers"] if name not in OWN] == list(woo.sent[0].headers)
    assert compared > 15


def test_json_is_written_as_php_writes_it(woo_tls: Woo, browser: requests.Session) -> None:
    found = browser.get(f"{woo_tls.address}/wp-json/wc/v3/products?per_page=1", timeout=10).text
    assert '"permalink":"https:\\/\\/127.0.0.1' in found
