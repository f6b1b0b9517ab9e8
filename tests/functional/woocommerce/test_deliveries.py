"""WooCommerce's deliveries at the door: what its quirks do to the shop, and what strangers can't do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connectors.records import RecordKind, Refetch
from integration.services.drain import drain
from integration.settings import Settings
from integration.storage.catalogue_writes import PRODUCT
from integration.storage.database import Database
from integration.storage.delivery_writes import DELIVERY
from integration.storage.order_writes import ORDER
from integration.storage.refetch_writes import REFETCH
from tests.recorded import SECRET, body_of, capture, signed, woocommerce_shop

HOOK = "/webhooks/woocommerce/rig"
NOW = datetime(2026, 11, 23, 11, 45, tzinfo=UTC)
MUG = body_of("product.created")


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: NOW


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return woocommerce_shop(database, settings)


def kept(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(sa.select(DELIVERY).order_by(DELIVERY.c.id)))


def asked_for(database: Database) -> set[Refetch]:
    with database.read() as connection:
        return {Refetch(RecordKind(row.kind), row.external_id) for row in connection.execute(sa.select(REFETCH))}


def shown(client: FlaskClient) -> set[str]:
    answer = client.get("/v1/slates?shop=rig&placement=home&count=48")
    return {item["product"] for item in answer.get_json()["items"]}


def mug(second: int, **values: Any) -> dict[str, Any]:
    """A product as it was at a second of 11:36."""
    return MUG | {"date_modified_gmt": f"2026-11-23T11:36:{second:02}"} | values


def post(client: FlaskClient, topic: str, body: Any, **headers: str) -> int:
    return client.post(HOOK, **signed(topic, body, **headers)).status_code


def pushed(quantity: int | None, status: str, *, at: str, manages: Any = True) -> dict[str, Any]:
    """The plugin's message about the mug."""
    item = {"id": 39, "parent_id": 0, "type": "simple", "manages": manages, "quantity": quantity, "status": status}
    return {"sent_at": at, "items": [item | {"backorders": "no"}]}


@pytest.mark.parametrize("key", ["rig", "nobody"])
def test_a_ping_is_answered_and_nothing_is_kept(
    client: FlaskClient, database: Database, shop_id: int, key: str
) -> None:
    assert client.post(f"/webhooks/woocommerce/{key}", **capture("ping")).status_code == 200
    assert kept(database) == []


def test_deliveries_that_share_an_id_are_all_kept(client: FlaskClient, database: Database, shop_id: int) -> None:
    names = ("product.updated", "collision-2.product.updated", "product.updated.variation")
    ids = {capture(name)["headers"]["X-WC-Webhook-Delivery-ID"] for name in names}
    assert len(ids) == 1
    for name in (*names, *names):
        assert client.post(HOOK, **capture(name)).status_code == 200
    assert [each.aggregate for each in kept(database)] == ["product/32", "product/31", "product/12"]
    assert {"31", "32"} <= shown(client)


@pytest.mark.parametrize("name", ["product.restored.error-body", "coupon.restored.error-body"])
def test_a_signed_error_is_acknowledged_and_changes_nothing(
    client: FlaskClient, database: Database, shop_id: int, name: str
) -> None:
    client.post(HOOK, **capture("product.created"))
    assert client.post(HOOK, **capture(name)).status_code == 200
    last = kept(database)[-1]
    assert last.body == b""
    assert ("product_invalid_id" in last.error) is name.startswith("product")
    assert shown(client) == {"39"}


def test_a_coupon_that_is_deleted_takes_no_product_along(client: FlaskClient, shop_id: int) -> None:
    client.post(HOOK, **capture("product.created"))
    for name in ("product.deleted.is-a-coupon-id", "coupon.deleted.is-a-product-id", "coupon.deleted"):
        assert client.post(HOOK, **capture(name)).status_code == 200
    assert shown(client) == {"39"}


def test_an_order_that_has_a_products_number_takes_no_product_along(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    post(client, "product.created", mug(1))
    post(client, "order.deleted", {"id": 39})
    post(client, "customer.deleted", {"id": 39})
    drain(database, shop_id, now=NOW)
    assert shown(client) == {"39"}


def test_a_deleted_product_is_hidden_before_the_answer_and_asked_for(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    post(client, "product.created", mug(1))
    post(client, "product.deleted", {"id": 39})
    assert shown(client) == set()
    assert asked_for(database) == {Refetch(RecordKind.PRODUCT, "39")}


def test_the_same_product_can_be_deleted_restored_and_deleted_again(client: FlaskClient, shop_id: int) -> None:
    post(client, "product.created", mug(1))
    post(client, "product.deleted", {"id": 39}, delivery="d1")
    post(client, "product.restored", mug(3), delivery="d2")
    assert shown(client) == {"39"}
    post(client, "product.deleted", {"id": 39}, delivery="d3")
    assert shown(client) == set()


def test_a_deletion_that_comes_hours_late_does_not_outvote_what_is_changed_after_the_restoring(
    client: FlaskClient, shop_id: int
) -> None:
    """Both deliveries waited for a visitor to wake WordPress; the restored product was changed meanwhile."""
    an_hour_ago = (NOW - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
    post(client, "product.deleted", {"id": 39})
    post(client, "product.restored", MUG | {"date_modified_gmt": an_hour_ago})
    assert shown(client) == {"39"}


def test_an_order_is_deleted_and_restored_in_one_batch(client: FlaskClient, database: Database, shop_id: int) -> None:
    order = body_of("order.restored")
    for topic, body in (("order.created", order), ("order.deleted", {"id": 59}), ("order.restored", order)):
        post(client, topic, body)
    drain(database, shop_id, now=NOW)
    with database.read() as connection:
        assert connection.scalars(sa.select(ORDER.c.removed_at)).all() == [None]


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_bodies_of_one_second_the_one_without_stock_counts(client: FlaskClient, shop_id: int, turn: int) -> None:
    bodies = [
        mug(1, manage_stock=False, stock_quantity=None, stock_status="instock"),
        mug(1, manage_stock=False, stock_quantity=None, stock_status="outofstock"),
    ]
    for body in bodies[::turn]:
        post(client, "product.updated", body)
    assert shown(client) == set()
    post(client, "product.updated", mug(2, manage_stock=False, stock_quantity=None, stock_status="instock"))
    assert shown(client) == {"39"}


def test_what_the_plugin_pushes_is_not_undone_by_a_webhook_of_before(client: FlaskClient, shop_id: int) -> None:
    post(client, "product.updated", mug(1, stock_quantity=2))
    post(client, "shelfwise.stock", pushed(0, "outofstock", at="2026-11-23T11:36:05.500000Z"), id="0")
    assert shown(client) == set()
    post(client, "product.updated", mug(5, stock_quantity=2))
    assert shown(client) == set()
    post(client, "shelfwise.stock", pushed(3, "instock", at="2026-11-23T11:36:05.600000Z"), id="0")
    assert shown(client) == {"39"}


def test_a_status_alone_is_pushed_too(client: FlaskClient, database: Database, shop_id: int) -> None:
    post(client, "product.updated", mug(1, manage_stock=False, stock_quantity=None))
    post(client, "shelfwise.stock", pushed(None, "outofstock", at="2026-11-23T11:36:05.5Z", manages=False), id="0")
    assert shown(client) == set()
    post(client, "shelfwise.stock", pushed(None, "instock", at="2026-11-23T11:36:06.5Z", manages=False), id="0")
    assert Refetch(RecordKind.PRODUCT, "39") in asked_for(database)
    post(client, "product.updated", mug(6, manage_stock=False, stock_quantity=None))
    assert shown(client) == {"39"}


def test_a_stock_that_the_parent_counts_is_one_for_all_its_variations(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    parent = mug(1, id=56, type="variable", variations=[57], manage_stock=True, stock_quantity=4)
    form = body_of("product.created.variation") | {"manage_stock": "parent", "stock_quantity": 4}
    post(client, "product.updated", parent)
    post(client, "product.updated", form | {"date_modified_gmt": "2026-11-23T11:36:02"})
    assert shown(client) == {"56"}
    post(client, "product.updated", parent | {"date_modified_gmt": "2026-11-23T11:36:03", "stock_quantity": 0})
    assert shown(client) == set()
    items = [
        {"id": 56, "type": "variable", "manages": True, "quantity": 2, "status": "instock"},
        {"id": 57, "parent_id": 56, "type": "variation", "manages": "parent", "quantity": 2, "status": "instock"},
    ]
    post(client, "shelfwise.stock", {"sent_at": "2026-11-23T11:36:04.5Z", "items": items}, id="0")
    assert shown(client) == {"56"}
    assert asked_for(database) == {Refetch(RecordKind.PRODUCT, "56")}


HOSTILE: dict[str, Any] = {
    "no body": b"",
    "not JSON": b"<html>maintenance</html>",
    "a list": [],
    "a form": b"webhook_id=12&x=1",
    "no id": {"name": "x"},
    "an id that is none": mug(1, id="39; DROP TABLE"),
    "a huge id": mug(1, id=10**400),
    "deep": b'{"id":1,"name":' + b"[" * 100_000,
    "a lone surrogate": b'{"id":39,"name":"\\ud800"}',
    "an order": {"id": 39, "line_items": "many"},
    "not a number": b'{"id":39,"price":NaN}',
}


@pytest.mark.parametrize("topic", ["product.updated", "product.deleted", "order.updated", "shelfwise.stock"])
def test_what_is_signed_and_can_t_be_read_is_acknowledged_and_harms_nobody(
    client: FlaskClient, database: Database, shop_id: int, topic: str
) -> None:
    post(client, "product.created", mug(1))
    for body in HOSTILE.values():
        assert post(client, topic, body) == 200
    while drain(database, shop_id, now=NOW):
        pass
    assert shown(client) == {"39"}


@pytest.mark.parametrize(
    ("header", "value"),
    [("Resource", "coupon"), ("Event", "deleted"), ("Topic", ""), ("Topic", "no topic"), ("Topic", "\u00e9.\u00e9")],
)
def test_headers_that_contradict_each_other_are_kept_without_effect(
    client: FlaskClient, database: Database, shop_id: int, header: str, value: str
) -> None:
    sent = signed("product.created", mug(1))
    sent["headers"][f"X-WC-Webhook-{header}"] = value
    assert client.post(HOOK, **sent).status_code == 200
    assert [each.status for each in kept(database)] == ["parked"]
    assert shown(client) == set()


def test_a_body_under_the_topic_of_a_deletion_deletes_nothing(client: FlaskClient, shop_id: int) -> None:
    post(client, "product.created", mug(1))
    assert post(client, "product.deleted", mug(1)) == 200
    assert shown(client) == {"39"}


@pytest.mark.parametrize("topic", ["coupon.updated", "action.woocommerce_add_to_cart", "order.published"])
def test_of_a_topic_that_says_nothing_to_us_only_its_coming_is_kept(
    client: FlaskClient, database: Database, shop_id: int, topic: str
) -> None:
    assert post(client, topic, {"id": 1, "email": "ana@example.test"}) == 200
    (arrival,) = kept(database)
    assert (arrival.topic, bytes(arrival.body), arrival.error) == (topic, b"", "")


def test_a_delivery_for_one_shop_is_nothing_at_another(
    client: FlaskClient, database: Database, settings: Settings, shop_id: int
) -> None:
    woocommerce_shop(database, settings, "other", webhook_secret="another secret")
    for key in ("other", "nobody", ""):
        assert client.post(f"/webhooks/woocommerce/{key}".rstrip("/"), **capture("product.created")).status_code == 401
    assert kept(database) == []


@pytest.mark.parametrize("secret", ["", "wrong", SECRET.upper()])
def test_a_forged_delivery_leaves_nothing(client: FlaskClient, database: Database, shop_id: int, secret: str) -> None:
    assert client.post(HOOK, **signed("product.created", MUG, secret=secret)).status_code == 401
    assert kept(database) == []


def test_a_time_of_the_far_future_does_not_outvote_what_comes_after(client: FlaskClient, shop_id: int) -> None:
    post(client, "product.updated", MUG | {"date_modified_gmt": "2099-01-01T00:00:00"}, delivery="d1")
    later = MUG | {"date_modified_gmt": "2026-11-23T11:45:01", "stock_quantity": 0, "stock_status": "outofstock"}
    post(client, "product.updated", later, delivery="d2")
    assert shown(client) == set()


def test_no_person_is_kept_of_any_recorded_delivery(client: FlaskClient, database: Database, shop_id: int) -> None:
    for name in ("order.created", "order.created.store-api", "customer.created", "order.created.guest-pending"):
        client.post(HOOK, **capture(name))
    bodies = b" ".join(bytes(each.body) for each in kept(database))
    for personal in (b"Ana", b"Ortiz", b"rue X", b"Lyon", b"69001", b"example.test", b"5551234", b"wc_order_"):
        assert personal not in bodies


def test_a_product_unknown_to_us_that_is_gone_is_never_shown(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    client.post(HOOK, **capture("product.deleted.is-a-coupon-id"))
    with database.read() as connection:
        assert connection.scalars(sa.select(PRODUCT.c.known)).all() == [False]
