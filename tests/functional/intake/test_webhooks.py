"""Signed deliveries in: kept once, applied at once when they can empty a shelf, refused when they are not ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integration.clock import Clock
from integration.services.drain import drain
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.delivery_writes import DELIVERY
from integration.storage.order_writes import ORDER_LINE
from tests.making import START, delivery, inventory, make_shop, stock

HOOK = "/webhooks/direct/demo"
ORDER: dict[str, Any] = {
    "id": "o1",
    "ordered_at": "2026-11-20T10:00:00+00:00",
    "updated_at": "2026-11-20T10:00:00+00:00",
    "currency": "GBP",
    "customer": "c1",
    "lines": [{"id": "l1", "product": "p1", "variant": "v1", "quantity": 2, "unit_price": "9.90"}],
}


def deliveries(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(sa.select(DELIVERY).order_by(DELIVERY.c.id)))


def shown(client: FlaskClient) -> set[str]:
    answer = client.get("/v1/slates?shop=demo&placement=home&count=48")
    return {item["product"] for item in answer.get_json()["items"]}


def test_an_inventory_delivery_hides_the_product_before_it_is_answered(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    stock(database, make_shop(database, settings), [1, 2])
    assert shown(client) == {"p1", "p2"}
    answer = client.post(HOOK, **delivery("inventory.updated", inventory(1, 0, START + timedelta(days=1))))
    assert answer.status_code == 200
    assert shown(client) == {"p2"}


def test_a_late_delivery_does_not_bring_a_sold_out_product_back(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    stock(database, make_shop(database, settings), [1, 2])
    client.post(HOOK, **delivery("inventory.updated", inventory(1, 0, START + timedelta(days=2))))
    late = client.post(HOOK, **delivery("inventory.updated", inventory(1, 7, START + timedelta(days=1))))
    assert late.status_code == 200
    assert shown(client) == {"p2"}


def test_a_repeat_is_answered_200_and_changes_nothing(
    client: FlaskClient, database: Database, settings: Settings, clock: Clock
) -> None:
    shop_id = make_shop(database, settings)
    for _ in range(3):
        assert client.post(HOOK, **delivery("order.created", ORDER, key="same")).status_code == 200
    assert len(deliveries(database)) == 1
    drain(database, shop_id, now=clock())
    with database.read() as connection:
        assert connection.execute(sa.select(ORDER_LINE.c.quantity)).scalars().all() == [2]


def test_an_order_waits_for_the_drain_and_is_applied_by_it_once(
    client: FlaskClient, database: Database, settings: Settings, clock: Clock
) -> None:
    shop_id = make_shop(database, settings)
    client.post(HOOK, **delivery("order.created", ORDER))
    assert [row.status for row in deliveries(database)] == ["waiting"]
    assert drain(database, shop_id, now=clock()) == 1
    assert drain(database, shop_id, now=clock()) == 0
    assert [row.status for row in deliveries(database)] == ["applied"]


@pytest.mark.parametrize("tampering", ["body", "secret", "no signature", "another shop", "unknown shop", "not ascii"])
def test_what_is_not_signed_by_the_shop_is_refused_and_not_kept(
    client: FlaskClient, database: Database, settings: Settings, tampering: str
) -> None:
    make_shop(database, settings)
    sent, address = delivery("order.created", ORDER), HOOK
    if tampering == "body":
        sent["data"] += b" "
    elif tampering == "secret":
        sent = delivery("order.created", ORDER, secret="somebody else's")
    elif tampering == "no signature":
        del sent["headers"]["X-Shelfwise-Signature"]
    elif tampering == "not ascii":
        sent["headers"]["X-Shelfwise-Signature"] = "sha256=\xff\xfe"
    else:
        address = "/webhooks/direct/nobody"
        if tampering == "another shop":
            address = "/webhooks/direct/other"
            _other_shop(database, settings)
    answer = client.post(address, **sent)
    assert answer.status_code == 401
    assert answer.get_json()["error"] == "bad_signature"
    assert deliveries(database) == []


def _other_shop(database: Database, settings: Settings) -> None:
    create_shop(
        database,
        Vault(settings.secret_keys),
        key="other",
        name="Other",
        platform="direct",
        external_id="other",
        webhook_secret="the other shop's own",
    )


def test_an_unknown_topic_is_kept_and_changes_nothing(
    client: FlaskClient, database: Database, settings: Settings, clock: Clock
) -> None:
    shop_id = make_shop(database, settings)
    assert client.post(HOOK, **delivery("weather.changed", {"rain": True})).status_code == 200
    drain(database, shop_id, now=clock())
    assert [row.status for row in deliveries(database)] == ["applied"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"null",
        b'{"id": "o1"}',
        b'{"inventory_item":"v1","location":"shop","available":1e400,"updated_at":"2026-11-01T00:00:00+00:00"}',
        b'{"inventory_item":"v1","location":"shop","available":"3","updated_at":"2026-11-01T00:00:00+00:00"}',
        b'{"inventory_item":"v1","location":"shop","available":3,"updated_at":"2026-11-01T00:00:00"}',
        b'{"inventory_item":"v1","location":"shop","available":3,"updated_at":"0001-01-01T00:00:00+00:00"}',
        b'{"inventory_item":"v\\u0000","location":"shop","available":3,"updated_at":"2026-11-01T00:00:00+00:00"}',
        b'{"inventory_item":"' + b"v" * 300 + b'","location":"s","available":3,"updated_at":"2026-11-01T00:00:00Z"}',
    ],
)
def test_a_signed_body_that_cannot_be_read_is_told_so(
    client: FlaskClient, database: Database, settings: Settings, body: bytes
) -> None:
    make_shop(database, settings)
    answer = client.post(HOOK, **delivery("inventory.updated", body))
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "bad_delivery"
    assert deliveries(database) == []


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=12,
    ).map(lambda each: repr(each).encode()),
    topic=st.sampled_from(["inventory.updated", "product.updated", "order.created", "refund.created", "x"]),
)
def test_no_signed_body_makes_the_intake_fail(
    client: FlaskClient, database: Database, settings: Settings, body: bytes, topic: str
) -> None:
    with database.read() as connection:
        if connection.execute(sa.text("SELECT count(*) FROM shop")).scalar() == 0:
            make_shop(database, settings)
    assert client.post(HOOK, **delivery(topic, body)).status_code in {200, 400}


def test_a_body_past_the_limit_is_refused(client: FlaskClient, database: Database, settings: Settings) -> None:
    make_shop(database, settings)
    answer = client.post(HOOK, **delivery("order.created", b" " * (settings.max_body_bytes + 1)))
    assert answer.status_code == 413
    assert deliveries(database) == []


@pytest.mark.parametrize("header", ["X-Shelfwise-Topic", "X-Shelfwise-Delivery-Id"])
def test_a_delivery_without_its_headers_is_told_which(
    client: FlaskClient, database: Database, settings: Settings, header: str
) -> None:
    make_shop(database, settings)
    sent = delivery("order.created", ORDER)
    del sent["headers"][header]
    answer = client.post(HOOK, **sent)
    assert answer.status_code == 400
    assert header in answer.get_json()["message"]


def test_an_unknown_platform_is_named(client: FlaskClient) -> None:
    answer = client.post("/webhooks/myspace/demo", data=b"{}")
    assert answer.status_code == 404
    assert "direct" in answer.get_json()["message"]


def test_a_poisonous_delivery_is_put_off_and_the_others_are_applied(
    client: FlaskClient, database: Database, settings: Settings, clock: Clock
) -> None:
    shop_id = make_shop(database, settings)
    client.post(HOOK, **delivery("order.created", ORDER))
    client.post(HOOK, **delivery("order.created", {**ORDER, "id": "o2"}))
    with database.write() as connection:
        connection.execute(sa.update(DELIVERY).where(DELIVERY.c.id == 1).values(body=b"no longer JSON"))
    drain(database, shop_id, now=clock())
    assert [row.status for row in deliveries(database)] == ["parked", "applied"]
    assert "not what this topic promises" in deliveries(database)[0].error


def test_without_a_redis_a_delivery_is_kept_all_the_same(
    make_app: Callable[[Settings], Flask], database: Database, settings: Settings
) -> None:
    make_shop(database, settings)
    without = make_app(replace(settings, redis_url="unix:///nowhere/redis.sock")).test_client()
    assert without.post(HOOK, **delivery("order.created", ORDER)).status_code == 200
    assert len(deliveries(database)) == 1


def test_a_store_that_is_down_is_answered_503_so_that_the_platform_sends_again(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    gone = replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")
    answer = make_app(gone).test_client().post(HOOK, **delivery("order.created", ORDER))
    assert answer.status_code == 503
    assert answer.get_json()["error"] == "try_again"
