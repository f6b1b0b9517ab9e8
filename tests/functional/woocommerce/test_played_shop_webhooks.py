"""Every behaviour that was observed of WooCommerce's webhooks, as the played shop has it."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import requests

from demo.woocommerce.sender import FORGIVEN
from demo.woocommerce.trade import cancel_order, change_status, refund_order, trash_order
from tests.functional.woocommerce.conftest import Woo

HOOK = "http://app.example/webhooks/woocommerce/shop"
TOPICS = (
    *("order.created", "order.updated", "order.deleted", "order.restored"),
    *("product.created", "product.updated", "product.deleted", "product.restored"),
    *("customer.created", "customer.updated", "customer.deleted"),
)


@pytest.fixture
def answers(woo: Woo) -> list[int]:
    """What the app answers from now on, in turn; 200 where nothing is said."""
    said: list[int] = []
    woo.site.sender.post = lambda _address, _headers, _body: said.pop(0) if said else 200
    woo.listen(HOOK, "secret", *TOPICS)
    return said


def bodies(woo: Woo, topic: str) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in woo.sent if each.topic == topic]


def topics(woo: Woo) -> list[str]:
    return [each.topic for each in woo.sent]


def stopped(woo: Woo) -> Callable[..., None]:
    """Stop the shop's clock; what comes back moves it on."""
    at = [datetime(2026, 11, 20, 12, 0, tzinfo=UTC)]
    woo.state.clock = lambda: at[0]

    def later(**by: float) -> None:
        at[0] += timedelta(**by)

    return later


def test_different_things_of_one_second_share_a_delivery_id(woo: Woo, answers: list[int]) -> None:
    stopped(woo)
    for place in range(3):
        woo.state.set_stock(woo.product(place).id, 7)
    woo.deliver()
    assert len({each.headers["X-WC-Webhook-Delivery-ID"] for each in woo.sent}) == 1
    assert len({each["id"] for each in bodies(woo, "product.updated")}) == 3


def test_the_signature_is_over_the_very_bytes(woo: Woo, answers: list[int]) -> None:
    woo.state.set_stock(woo.product().id, 7)
    sent = woo.deliver()[0]
    digest = hmac.new(b"secret", sent.body, sha256).digest()
    assert sent.headers["X-WC-Webhook-Signature"] == base64.b64encode(digest).decode()


def test_the_body_is_built_when_it_is_sent_and_one_delivery_stands_for_all(woo: Woo, answers: list[int]) -> None:
    order = woo.sell(woo.product())
    for status in ("on-hold", "processing", "completed"):
        change_status(woo.state, order.id, status)
    woo.deliver()
    assert [each["status"] for each in bodies(woo, "order.updated")] == ["completed"]
    assert [each["status"] for each in bodies(woo, "order.created")] == ["completed"]


def test_orders_come_in_pairs_and_those_of_the_store_api_the_other_way_round(woo: Woo, answers: list[int]) -> None:
    woo.sell(woo.product())
    woo.sell(woo.product(), created_via="store-api")
    woo.deliver()
    orders = [each for each in topics(woo) if each.startswith("order")]
    assert orders == ["order.created", "order.updated", "order.updated", "order.created"]


def test_each_ordered_item_that_counts_its_stock_is_told_of_alone(woo: Woo, answers: list[int]) -> None:
    variation = woo.product(kind="variation")
    woo.sell(variation)
    woo.deliver()
    (told,) = bodies(woo, "product.updated")
    assert (told["id"], told["type"], told["parent_id"]) == (variation.id, "variation", variation.parent_id)


def test_stock_that_the_parent_counts_is_told_of_the_parent(woo: Woo, answers: list[int]) -> None:
    variation = woo.product(kind="variation")
    woo.state.change(variation.id, stock=None)
    woo.state.change(variation.parent_id, stock=9)
    woo.deliver()
    woo.sell(variation)
    sent = woo.deliver()
    told = [json.loads(each.body) for each in sent if each.topic == "product.updated"]
    assert [(each["id"], each["stock_quantity"]) for each in told] == [(variation.parent_id, 8)]


def test_what_was_deleted_before_it_is_told_of_comes_as_a_signed_error(woo: Woo, answers: list[int]) -> None:
    product = woo.product()
    woo.state.set_stock(product.id, 3)
    woo.state.delete(product.id)
    woo.deliver()
    assert [each["code"] for each in bodies(woo, "product.updated")] == ["woocommerce_rest_product_invalid_id"]


def test_deleting_for_good_is_told_to_nobody(woo: Woo, answers: list[int]) -> None:
    woo.state.delete(woo.product().id)
    woo.state.delete(woo.product(kind="variation").id)
    assert woo.deliver() == []


def test_a_trashed_coupon_is_told_as_a_product_that_nobody_knows(woo: Woo, answers: list[int]) -> None:
    coupon = woo.state.add_coupon("ten")
    woo.state.trash_coupon(coupon.id)
    woo.state.restore_coupon(coupon.id)
    woo.deliver()
    assert bodies(woo, "product.deleted") == [{"id": coupon.id}]
    assert bodies(woo, "product.restored")[0]["code"] == "woocommerce_rest_product_invalid_id"


def test_making_a_webhook_pings_without_a_signature_and_stays_active_whatever_is_answered(woo_tls: Woo) -> None:
    pinged: list[tuple[Mapping[str, str], bytes]] = []

    def refuse(_address: str, headers: Mapping[str, str], body: bytes) -> int:
        pinged.append((headers, body))
        return 500

    woo_tls.site.sender.post = refuse
    made = requests.post(
        f"{woo_tls.address}/wp-json/wc/v3/webhooks",
        json={"topic": "order.created", "delivery_url": HOOK, "secret": "secret"},
        auth=(woo_tls.key, woo_tls.secret),
        verify=str(woo_tls.site.certificate),
        timeout=10,
    ).json()
    assert made["status"] == "active"
    assert "secret" not in made
    ((headers, body),) = pinged
    assert body == f"webhook_id={made['id']}".encode()
    assert not [each for each in headers if each.startswith("X-WC")]


def test_nothing_is_sent_again_and_the_seventh_failure_in_a_row_disables(woo: Woo, answers: list[int]) -> None:
    answers.extend([500] * (FORGIVEN + 1))
    webhook = next(each for each in woo.state.webhooks.values() if each.topic == "product.updated")
    for place in range(FORGIVEN + 1):
        assert webhook.status == "active"
        woo.state.set_stock(woo.product().id, 50 + place)
        woo.deliver()
    assert webhook.status == "disabled"
    assert len(woo.sent) == FORGIVEN + 1
    woo.state.set_stock(woo.product().id, 90)
    assert woo.deliver() == []


def test_a_redirection_counts_as_success_and_so_the_count_begins_anew(woo: Woo, answers: list[int]) -> None:
    answers.extend([500, 410, 302, 500])
    webhook = next(each for each in woo.state.webhooks.values() if each.topic == "product.updated")
    failures = []
    for place in range(4):
        woo.state.set_stock(woo.product().id, 50 + place)
        woo.deliver()
        failures.append(webhook.failures)
    assert failures == [1, 2, 0, 1]


def test_a_lost_delivery_never_comes(woo: Woo, answers: list[int]) -> None:
    woo.site.sender.lost = 1
    woo.state.set_stock(woo.product().id, 5)
    woo.deliver()
    assert woo.sent == []


def test_refunds_and_cancellations_put_pieces_back(woo: Woo, answers: list[int]) -> None:
    product = woo.product()
    had = product.stock or 0
    order = woo.sell(product)
    refund_order(woo.state, order.id, {order.lines[0].id: 1})
    assert (product.stock, order.status) == (had, "refunded")
    cancel_order(woo.state, woo.sell(product).id)
    assert product.stock == had
    other = woo.sell(product)
    woo.deliver()
    trash_order(woo.state, other.id)
    woo.deliver()
    assert bodies(woo, "order.deleted") == [{"id": other.id}]


def test_late_deliveries_leave_by_themselves_once_cron_runs(woo: Woo, answers: list[int]) -> None:
    woo.site.sender.delay_seconds = 0.05
    woo.site.sender.start()
    woo.state.set_stock(woo.product().id, 5)
    assert woo.sent == []
    woo.site.sender.wait()
    assert topics(woo) == ["product.updated"]


def test_the_plugin_tells_stock_at_once_in_one_message(woo: Woo, answers: list[int]) -> None:
    woo.state.link = {"api": "http://app.example", "shop": "shop", "secret": "linked", "name": "Shelfwise"}
    woo.site.sender.delay_seconds = 60.0
    woo.site.sender.start()
    product, variation = woo.product(), woo.product(kind="variation")
    woo.state.take_stock({product.id: product.stock or 0, variation.id: 1})
    for _ in range(500):
        if woo.sent:
            break
        woo.site.sender._changed.acquire()
        woo.site.sender._changed.wait(0.01)
        woo.site.sender._changed.release()
    (sent,) = woo.sent
    assert sent.address == HOOK
    items = {each["id"]: each for each in json.loads(sent.body)["items"]}
    assert items[product.id]["status"] == "outofstock"
    assert items[product.id]["quantity"] == 0
    assert items[variation.id]["parent_id"] == variation.parent_id
    digest = hmac.new(b"linked", sent.body, sha256).digest()
    assert sent.headers["X-WC-Webhook-Signature"] == base64.b64encode(digest).decode()
