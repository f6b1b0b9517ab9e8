"""Shopify's deliveries in: whose they are, what is kept of them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.shopify.signature import sign
from integration.clock import Clock
from integration.services.drain import drain
from integration.settings import Settings
from integration.storage.access_writes import SHOP as SHOP_TABLE
from integration.storage.access_writes import TOKEN
from integration.storage.catalogue_writes import PRODUCT, VARIANT
from integration.storage.database import Database
from integration.storage.delivery_writes import DELIVERY
from integration.storage.order_writes import CUSTOMER, ORDER, ORDER_LINE, REFUND_LINE
from integration.storage.refetch_writes import READING, REFETCH
from tests.signing import COMPLIANCE_HOOK, HOOK, OLD_SECRET, SECRET, SHOP, sample, sent, shopify_shop, with_app

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The operator has registered the app."""
    return with_app(settings)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    """A shop that installed the app."""
    return shopify_shop(database, settings)


def kept(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(sa.select(DELIVERY).order_by(DELIVERY.c.id)))


def asked(database: Database) -> set[tuple[str, str]]:
    with database.read() as connection:
        return {(row.kind, row.external_id) for row in connection.execute(sa.select(REFETCH))}


def test_an_order_becomes_an_order_and_names_its_customer_by_number_alone(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock
) -> None:
    assert client.post(HOOK, **sent("orders/create", sample("orders/create"))).status_code == 200
    assert drain(database, shop_id, now=clock()) == 1
    with database.read() as connection:
        order = connection.execute(sa.select(ORDER)).one()
        assert connection.execute(sa.select(CUSTOMER.c.external_id)).scalar_one() == "115310627314723954"
        lines = connection.execute(sa.select(ORDER_LINE.c.quantity, ORDER_LINE.c.unit_price)).all()
    assert (order.external_id, order.is_test, order.country, order.channel) == (
        "820982911946154508",
        True,
        "",
        "online",
    )
    assert sorted(str(price) for _, price in lines) == ["119.99", "159.99", "89.99"]


def test_what_was_given_back_comes_with_the_order_and_alone(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock
) -> None:
    client.post(HOOK, **sent("refunds/create", sample("refunds/create")))
    drain(database, shop_id, now=clock())
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(REFUND_LINE)).scalar_one() == 3
    assert asked(database) == {("order", "820982911946154508")}


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_the_new_and_the_old_secret_of_the_app_both_sign(client: FlaskClient, shop_id: int, secret: str) -> None:
    assert shop_id
    assert client.post(HOOK, **sent("orders/create", sample("orders/create"), secret=secret)).status_code == 200


def _headers(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(post: dict[str, Any]) -> None:
        for name, value in changes.items():
            full = f"X-Shopify-{name.replace('_', '-')}"
            post["headers"].pop(full, None)
            if value is not None:
                post["headers"][full] = value

    return change


def _doubled(post: dict[str, Any]) -> None:
    right = post["headers"]["X-Shopify-Hmac-Sha256"]
    post["headers"] = [*post["headers"].items(), ("X-Shopify-Hmac-Sha256", right)]


FORGERIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another secret": lambda post: post.update(sent("orders/create", b"{}", secret="somebody else's")),
    "an empty secret": lambda post: post.update(sent("orders/create", b"{}", secret="")),
    "a changed body": lambda post: post.update(data=post["data"] + b" "),
    "no signature": _headers(Hmac_Sha256=None),
    "an empty signature": _headers(Hmac_Sha256=""),
    "not ascii": _headers(Hmac_Sha256="\xff\xfe\xe9"),
    "the signature twice": _doubled,
    "both families": lambda post: post["headers"].update({"Shopify-Hmac-Sha256": "x"}),
    "hex and not base64": _headers(Hmac_Sha256="ab" * 32),
    "no shop": _headers(Shop_Domain=None),
    "a shop elsewhere": _headers(Shop_Domain="evil.example.com"),
    "a shop that never came": _headers(Shop_Domain="nobody.myshopify.com"),
    "a shop with more behind it": _headers(Shop_Domain=f"{SHOP}.evil.example.com"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_shopify_did_not_sign_is_refused_with_one_answer_and_not_kept(
    client: FlaskClient, database: Database, shop_id: int, forgery: str
) -> None:
    assert shop_id
    post = sent("orders/create", sample("orders/create"))
    FORGERIES[forgery](post)
    answer = client.post(HOOK, **post)
    assert answer.status_code == 401
    assert answer.get_json() == {
        "error": "bad_signature",
        "message": "the body is not signed with a secret of this shop",
    }
    assert kept(database) == []


def test_without_an_app_secret_nothing_verifies_not_even_with_an_empty_key(
    make_app: Callable[[Settings], Flask], database: Database, settings: Settings
) -> None:
    from dataclasses import replace

    shopify_shop(database, settings)
    bare = make_app(replace(settings, shopify_client_secret="", shopify_old_client_secret="")).test_client()
    for secret in ("", SECRET):
        assert bare.post(HOOK, **sent("orders/create", b"{}", secret=secret)).status_code == 401


def test_a_body_about_another_shop_is_no_delivery_of_this_one(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    assert shop_id
    body = {**sample("shop/redact"), "shop_domain": "other.myshopify.com"}
    assert client.post(COMPLIANCE_HOOK, **sent("shop/redact", body)).status_code == 401
    assert kept(database) == []


@pytest.mark.parametrize("family", ["X-Shopify-", "x-shopify-", "Shopify-"])
def test_both_families_of_headers_come_in_by_one_door(client: FlaskClient, shop_id: int, family: str) -> None:
    assert shop_id
    assert client.post(HOOK, **sent("products/delete", {"id": 1}, family=family)).status_code == 200


def test_a_repeat_is_known_by_its_webhook_id_and_not_by_its_event(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    assert shop_id
    for key in ("one", "one", "two"):
        client.post(HOOK, **sent("orders/create", sample("orders/create"), key=key))
    assert [row.delivery_key for row in kept(database)] == ["one", "two"]


@pytest.mark.parametrize(
    ("topic", "action", "resource", "wanted"),
    [
        ("Product", "update", "gid://shopify/Product/788", ("product", "788")),
        ("InventoryLevel", "update", "gid://shopify/InventoryLevel/2?inventory_item_id=7", ("inventory_item", "7")),
        ("Order", "create", "gid://shopify/Order/5", ("order", "5")),
    ],
)
def test_an_event_of_the_next_generation_asks_for_its_thing(
    client: FlaskClient,
    database: Database,
    shop_id: int,
    clock: Clock,
    topic: str,
    action: str,
    resource: str,
    wanted: tuple[str, str],
) -> None:
    body = {"topic": topic, "action": action, "fields_changed": ["product.title"], "data": {"product": {"title": "x"}}}
    post = sent(topic, body, family="Shopify-")
    post["headers"] |= {"Shopify-Action": action, "Shopify-Resource-Id": resource, "Shopify-Handle": "ours"}
    assert client.post(HOOK, **post).status_code == 200
    drain(database, shop_id, now=clock())
    assert asked(database) == {wanted}


def test_an_unknown_topic_is_kept_without_its_body_and_changes_nothing(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock
) -> None:
    assert client.post(HOOK, **sent("customers/update", {"id": 1, "email": "jon@example.com"})).status_code == 200
    assert [(row.topic, row.body) for row in kept(database)] == [("customers/update", b"")]
    drain(database, shop_id, now=clock())
    assert [row.status for row in kept(database)] == ["applied"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": -1}',
        b'{"id": true}',
        b'{"id": 1.5}',
        b'{"id": 99999999999999999999999}',
        b'{"id": "drop table"}',
        b'{"id": 1, "line_items": [{"id": 1, "quantity": -3}]}',
        b'{"id": 1, "line_items": [{"id": 1, "quantity": 1, "product_id": 1, "price": "NaN"}]}',
        b'{"id": 1, "line_items": [{"id": 1, "quantity": 1, "product_id": 1, "price": "1e99"}]}',
        b'{"id": 1, "line_items": [], "updated_at": "0001-01-01T00:00:00+00:00"}',
        b'{"id": 1, "line_items": [], "updated_at": "2026-11-20T10:00:00"}',
        b'{"id": 1, "line_items": [], "updated_at": "yesterday"}',
    ],
)
def test_a_signed_body_that_cannot_be_read_is_parked_so_that_it_is_not_sent_for_ever(
    client: FlaskClient, database: Database, shop_id: int, body: bytes
) -> None:
    assert shop_id
    assert client.post(HOOK, **sent("orders/create", body)).status_code == 200
    (row,) = kept(database)
    assert (row.status, row.body) == ("parked", b"")
    assert row.error


def test_a_duty_that_cannot_be_read_is_refused_so_that_somebody_notices(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    assert shop_id
    assert client.post(COMPLIANCE_HOOK, **sent("customers/redact", b"{")).status_code == 400
    assert kept(database) == []


def test_a_body_past_the_limit_is_refused(client: FlaskClient, shop_id: int, settings: Settings) -> None:
    assert shop_id
    huge = b" " * (settings.max_body_bytes + 1)
    assert client.post(HOOK, **sent("orders/create", huge)).status_code == 413


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Topic", None),
        ("Topic", "x" * 300),
        ("Webhook-Id", None),
        ("Webhook-Id", "x" * 300),
        ("Triggered-At", "yesterday"),
        ("Triggered-At", "2026-11-20T10:00:00"),
        ("Triggered-At", "2026-13-40T10:00:00Z"),
        ("Triggered-At", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_headers_that_cannot_be_meant_are_refused_by_name(
    client: FlaskClient, database: Database, shop_id: int, header: str, value: str | None
) -> None:
    assert shop_id
    post = sent("orders/create", sample("orders/create"))
    _headers(**{header.replace("-", "_"): value})(post)
    answer = client.post(HOOK, **post)
    assert answer.status_code == 400
    assert header in answer.get_json()["message"]
    assert kept(database) == []


def test_nine_places_of_a_second_are_usual(client: FlaskClient, database: Database, shop_id: int) -> None:
    assert shop_id
    post = sent("orders/create", sample("orders/create"))
    post["headers"]["X-Shopify-Triggered-At"] = "2026-11-20T10:00:00.123456789Z"
    assert client.post(HOOK, **post).status_code == 200
    assert kept(database)[0].triggered_at == AT + timedelta(microseconds=123456)


def test_a_shop_that_left_is_unknown_but_for_its_duties(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock
) -> None:
    client.post(HOOK, **sent("app/uninstalled", sample("app/uninstalled")))
    drain(database, shop_id, now=clock())
    with database.read() as connection:
        assert connection.execute(sa.select(SHOP_TABLE.c.uninstalled_at)).scalar_one() is not None
    assert client.post(HOOK, **sent("orders/create", sample("orders/create"))).status_code == 401
    assert client.post(HOOK, **sent("app/uninstalled", sample("app/uninstalled"))).status_code == 200
    assert client.post(COMPLIANCE_HOOK, **sent("customers/redact", sample("customers/redact"))).status_code == 200


def test_a_duty_towards_a_shop_that_is_not_here_is_done_already(client: FlaskClient, database: Database) -> None:
    for topic in ("customers/data_request", "customers/redact", "shop/redact"):
        assert client.post(COMPLIANCE_HOOK, **sent(topic, sample(topic))).status_code == 200
        assert client.post(COMPLIANCE_HOOK, **sent(topic, sample(topic), secret="not ours")).status_code == 401
    assert kept(database) == []


def test_scopes_and_name_of_the_shop_follow_the_newest_word(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock
) -> None:
    with database.write() as connection:
        row = {"shop_id": shop_id, "platform": "shopify", "token": b"x", "scopes": "read_products"}
        times = dict.fromkeys(("scopes_at", "granted_at", "updated_at"), datetime(2020, 1, 1, tzinfo=UTC))
        connection.execute(TOKEN.insert().values(**row, **times))
    client.post(HOOK, **sent("app/scopes_update", sample("app/scopes_update")))
    for name, at in (("New Name", AT), ("Old Name", AT - timedelta(days=1))):
        client.post(HOOK, **sent("shop/update", {"name": name, "currency": "EUR", "updated_at": at.isoformat()}))
    drain(database, shop_id, now=clock())
    with database.read() as connection:
        shop = connection.execute(sa.select(SHOP_TABLE)).one()
        assert connection.execute(sa.select(TOKEN.c.scopes)).scalar_one() == "read_products,write_products"
    assert (shop.name, shop.currency) == ("New Name", "EUR")


def test_a_finished_bulk_operation_wakes_the_reading_that_waits_for_it(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock
) -> None:
    with database.write() as connection:
        times = {"started_at": clock(), "progressed_at": clock(), "next_attempt_at": clock() + timedelta(hours=1)}
        row = {"shop_id": shop_id, "platform": "shopify", "kind": "products", "position": "", "error": ""}
        connection.execute(READING.insert().values(**row, **times, read=0, repaired=0, attempts=0))
    client.post(HOOK, **sent("bulk_operations/finish", sample("bulk_operations/finish")))
    drain(database, shop_id, now=clock())
    with database.read() as connection:
        assert connection.execute(sa.select(READING.c.next_attempt_at)).scalar_one() is None


def test_of_a_product_with_more_variants_than_are_told_none_is_taken_away(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    whole = {**sample("products/update"), "updated_at": "2026-11-20T10:00:00Z"}
    client.post(HOOK, **sent("products/update", whole))
    part = {**whole, "updated_at": "2026-11-20T11:00:00Z", "variants": whole["variants"][:1], "title": "Renamed"}
    client.post(HOOK, **sent("products/update", part))
    with database.read() as connection:
        assert connection.execute(sa.select(PRODUCT.c.title)).scalar_one() == "Renamed"
        there = connection.execute(sa.select(VARIANT.c.external_id).where(VARIANT.c.removed_at.is_(None))).all()
    assert len(there) == 2
    assert shop_id
    assert asked(database) == {("product", "788032119674292922")}


def test_a_store_that_refuses_a_stock_delivery_leaves_it_to_the_drain(
    client: FlaskClient, database: Database, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("a value that this database can't hold")

    assert shop_id
    monkeypatch.setattr("integration.services.intake.apply", broken)
    assert client.post(HOOK, **sent("products/delete", {"id": 1})).status_code == 200
    assert [row.status for row in kept(database)] == ["waiting"]


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), signature=st.text(max_size=60), topic=st.text(max_size=30))
def test_no_header_and_no_body_makes_the_intake_fail(
    client: FlaskClient, shop_id: int, body: bytes, signature: str, topic: str
) -> None:
    assert shop_id
    post = sent("orders/create", body)
    printable = "".join(each for each in topic if each.isprintable()).encode("latin-1", "replace").decode("latin-1")
    post["headers"]["X-Shopify-Topic"] = printable
    assert client.post(HOOK, **post).status_code in {200, 400}
    safe = "".join(each for each in signature if each.isprintable()).encode("latin-1", "replace").decode("latin-1")
    post["headers"]["X-Shopify-Hmac-Sha256"] = safe
    assert client.post(HOOK, **post).status_code == (200 if safe == sign(SECRET, body) else 401)
