"""What WooCommerce's bodies say, what is kept of them, and that no nonsense in them does harm."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from connectors.records import (
    Change,
    Current,
    InventoryLevel,
    InventoryPolicy,
    Order,
    Product,
    ProductStatus,
    RecordKind,
    Refetch,
    Refund,
    Removed,
    SoldOut,
    Variant,
    VariantOf,
)
from connectors.woocommerce import orders, products
from connectors.woocommerce.deliveries.topics import BODIES
from connectors.woocommerce.webhooks import WooCommerceWebhooks
from tests.recorded import NAMES, SECRET, body_of, capture, rest, signed

AT = datetime(2026, 11, 23, 11, 45, tzinfo=UTC)
WEBHOOKS = WooCommerceWebhooks()
TOLD = [name for name in NAMES if capture(name)["headers"]["X-WC-Webhook-Topic"] in BODIES and "error" not in name]
MUG, TEE, TEE_S = body_of("product.created"), body_of("product.updated.variable"), body_of("product.created.variation")
ORDER = body_of("order.created")
MARK = "Zz-Somebody-Zz"
PERSONAL = ("first_name", "last_name", "email", "phone", "address_1", "customer_note", "customer_ip_address")


def said(topic: str, body: Any) -> list[Change]:
    post = signed(topic, body)
    delivery = WEBHOOKS.verify(post["headers"], post["data"], (SECRET,))
    assert not delivery.unreadable
    return list(WEBHOOKS.changes(topic, delivery.body, AT))


def product(**values: Any) -> Product:
    (first, *_) = said("product.updated", MUG | values)
    assert isinstance(first, Current)
    assert isinstance(first.record, Product)
    return first.record


def variant(**values: Any) -> Variant:
    return product(**values).variants[0]


def order(**values: Any) -> Order:
    (first, *_) = said("order.updated", ORDER | values)
    assert isinstance(first, Current)
    assert isinstance(first.record, Order)
    return first.record


def line(**values: Any) -> Any:
    return order(line_items=[ORDER["line_items"][0] | values]).lines[0]


def level(changes: list[Change]) -> dict[str, int]:
    records = [each.record for each in changes if isinstance(each, Current)]
    return {each.inventory_item: each.available for each in records if isinstance(each, InventoryLevel)}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_kept_says_the_same_and_is_kept_as_it_is(name: str) -> None:
    post = capture(name)
    first = WEBHOOKS.verify(post["headers"], post["data"], (SECRET,))
    again = signed(first.topic, first.body)
    assert WEBHOOKS.verify(again["headers"], again["data"], (SECRET,)).body == first.body
    assert WEBHOOKS.changes(first.topic, first.body, AT) == WEBHOOKS.changes(first.topic, post["data"], AT)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from objects(each)


@trials(max_examples=60, deadline=None)
@given(name=st.sampled_from(TOLD), key=st.sampled_from(PERSONAL), data=st.data())
def test_wherever_a_person_is_written_into_a_body_nothing_of_it_is_kept(
    name: str, key: str, data: st.DataObject
) -> None:
    body = copy.deepcopy(body_of(name))
    data.draw(st.sampled_from(list(objects(body))))[key] = MARK
    for meta in ("meta_data", "line_items"):
        if meta in body:
            body[meta] = [*body[meta], {"id": 1, "key": MARK, "value": {"x": MARK}, "meta_data": [{"key": MARK}]}]
    post = signed(capture(name)["headers"]["X-WC-Webhook-Topic"], body)
    delivery = WEBHOOKS.verify(post["headers"], post["data"], (SECRET,))
    assert MARK not in delivery.body.decode()
    assert MARK not in delivery.unreadable


HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    (
        *(None, True, False, -1, 0, 2**63, 2**70, 10**400, 1.5, 1e308),
        *("", "x", "\u0000", "NaN", "Infinity", "-0", "1e400", "9" * 400, "parent", "\U0001f9ff" * 300),
        *([], {}, [[]], {"id": 1}, {"1": {"name": "x"}}),
        *("0000-00-00T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "2026-02-30T00:00:00"),
    )
).map(copy.deepcopy)


@trials(max_examples=400, deadline=None)
@given(name=st.sampled_from(TOLD), data=st.data())
def test_a_recorded_body_with_nonsense_in_it_is_read_or_called_unreadable(name: str, data: st.DataObject) -> None:
    body = copy.deepcopy(body_of(name))
    for _ in range(data.draw(st.integers(1, 3))):
        thing = data.draw(st.sampled_from([each for each in objects(body) if each]))
        thing[data.draw(st.sampled_from(sorted(thing)))] = data.draw(HOSTILE)
    topic = capture(name)["headers"]["X-WC-Webhook-Topic"]
    post = signed(topic, body)
    delivery = WEBHOOKS.verify(post["headers"], post["data"], (SECRET,))
    if delivery.unreadable:
        assert delivery.body == b""
    else:
        WEBHOOKS.changes(topic, delivery.body, AT)


def test_a_product_is_told_with_its_words_as_text() -> None:
    told = product(
        name="Tom &amp; Jerry",
        description="<p>Warm</p><style>p{}</style><script>x()</script> &lt;3",
        categories=[{"name": "Uncategorized", "slug": "uncategorized"}, {"name": "Mugs &amp; Cups", "slug": "mugs"}],
        brands=[{"name": "Rig"}],
        tags=[{"name": "gift"}],
        attributes=[{"name": "Color", "options": ["Red", "Blue"], "visible": True}],
        images=[{"src": "javascript:alert(1)"}, {"src": "https://rig.example/mug.jpg"}],
    )
    assert (told.title, told.description) == ("Tom & Jerry", "Warm <3")
    assert (told.vendor, told.product_type, told.collections) == ("Rig", "Mugs & Cups", ("mugs",))
    assert told.tags == ("gift", "Color: Red", "Color: Blue")
    assert told.image_url == "https://rig.example/mug.jpg"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, ProductStatus.ACTIVE),
        ({"status": "private"}, ProductStatus.DRAFT),
        ({"status": "pending"}, ProductStatus.DRAFT),
        ({"status": "trash"}, ProductStatus.DRAFT),
        ({"status": "a plugin's own"}, ProductStatus.DRAFT),
        ({"catalog_visibility": "hidden"}, ProductStatus.UNLISTED),
        ({"catalog_visibility": "search"}, ProductStatus.UNLISTED),
        ({"post_password": "secret"}, ProductStatus.UNLISTED),
        ({"purchasable": False, "price": ""}, ProductStatus.UNLISTED),
        ({"purchasable": False, "type": "external"}, ProductStatus.ACTIVE),
        ({"purchasable": False, "type": "grouped"}, ProductStatus.ACTIVE),
        ({"purchasable": False, "type": "variable", "variations": [40]}, ProductStatus.ACTIVE),
    ],
)
def test_only_what_the_shop_shows_and_sells_is_offered(values: dict[str, Any], status: ProductStatus) -> None:
    assert product(**values).status == status


@pytest.mark.parametrize(
    ("values", "tracked", "left", "policy"),
    [
        ({}, True, {"39": 7}, "deny"),
        ({"stock_quantity": -2, "backorders": "notify", "stock_status": "onbackorder"}, True, {"39": -2}, "continue"),
        ({"stock_quantity": 2, "stock_status": "outofstock"}, True, {"39": 0}, "deny"),
        ({"stock_quantity": 2.9}, True, {"39": 2}, "deny"),
        ({"manage_stock": "yes", "stock_quantity": "3"}, True, {"39": 3}, "deny"),
        ({"manage_stock": False, "stock_quantity": None}, False, {}, "deny"),
        ({"manage_stock": False, "stock_status": "outofstock"}, True, {"39": 0}, "deny"),
        ({"manage_stock": False, "stock_status": "onbackorder"}, False, {}, "continue"),
        ({"type": "external", "manage_stock": False, "stock_status": "outofstock"}, False, {}, "deny"),
    ],
)
def test_stock_is_counted_or_a_status_alone(
    values: dict[str, Any], tracked: bool, left: dict[str, int], policy: str
) -> None:
    told = variant(**values)
    assert (told.tracked, told.policy) == (tracked, InventoryPolicy(policy))
    assert level(said("product.updated", MUG | values)) == left


def test_a_price_in_a_sale_is_told_beside_the_regular_one() -> None:
    told = variant(price="9.50", regular_price="12.50", on_sale=True)
    assert told.price is not None
    assert told.compare_at_price is not None
    assert (told.price.amount, told.compare_at_price.amount) == (Decimal("9.5"), Decimal("12.5"))
    assert variant(price="12.50", regular_price="12.50", on_sale=False).compare_at_price is None
    assert variant(price="", purchasable=False).price is None


def test_a_variable_product_names_its_variations_and_the_rest_is_asked_for() -> None:
    told = said("product.updated", TEE | {"variations": [57, "58"]})
    (first, *_) = told
    assert isinstance(first, Current)
    assert isinstance(first.record, Product)
    assert [each.external_id for each in first.record.variants] == ["57", "58"]
    assert "variants.details" in first.untold
    assert Refetch(RecordKind.PRODUCT, "56") in told


def test_a_variation_is_told_alone_with_its_choices() -> None:
    (first, *_) = said("product.updated", TEE_S)
    assert isinstance(first, Current)
    assert isinstance(first.record, VariantOf)
    told = first.record.variant
    assert (first.record.product, told.external_id, told.title, told.options) == ("56", "57", "S", {"Size": "S"})


@pytest.mark.parametrize("values", [{"status": "private"}, {"purchasable": False, "price": ""}])
def test_of_a_variation_that_is_switched_off_nothing_can_be_sold(values: dict[str, Any]) -> None:
    told = said("product.updated", TEE_S | values)
    assert level(told) == {"57": 0}
    assert any(isinstance(each, SoldOut) for each in told)


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        *(("processing", True), ("on-hold", True), ("completed", True), ("a-plugins-own", True)),
        *(("pending", False), ("failed", False), ("cancelled", False), ("refunded", False)),
    ],
)
def test_an_order_counts_once_it_is_placed_and_until_it_is_undone(status: str, counts: bool) -> None:
    assert (order(status=status).cancelled_at is None) is counts


@pytest.mark.parametrize("status", ["checkout-draft", "auto-draft", "trash"])
def test_what_is_no_order_yet_or_no_more_is_none(status: str) -> None:
    (gone,) = said("order.updated", ORDER | {"status": status})
    assert isinstance(gone, Removed)
    assert gone.kind is RecordKind.ORDER


@pytest.mark.parametrize(
    ("values", "pieces", "unit_price"),
    [
        ({"quantity": 2, "total": "30.00", "subtotal": "36.00"}, 2, "15"),
        ({"quantity": "2", "total": "10"}, 2, "5"),
        ({"quantity": 0.4, "total": "3.20"}, 1, "3.2"),
        ({"quantity": 3, "total": "10.00"}, 3, "3.333333"),
        ({"quantity": -1, "total": "-5.00"}, 0, "0"),
        ({"quantity": 0, "total": ""}, 0, "0"),
    ],
)
def test_a_piece_costs_what_was_paid_after_discounts(values: dict[str, Any], pieces: int, unit_price: str) -> None:
    told = line(**values)
    assert (told.quantity, told.unit_price.amount) == (pieces, Decimal(unit_price))


def test_where_prices_are_told_with_tax_a_piece_costs_it_too() -> None:
    items = [ORDER["line_items"][0] | {"quantity": 1, "total": "10.00", "total_tax": "2.00"}]
    assert order(line_items=items).lines[0].unit_price.amount == 10
    assert order(line_items=items, prices_include_tax=True).lines[0].unit_price.amount == 12


def test_of_what_plugins_write_on_an_order_only_our_own_marks_are_read() -> None:
    slate = f"{'a' * 32}:3"
    items = [ORDER["line_items"][0] | {"meta_data": [{"key": "_shelfwise", "value": slate}, {"key": "Engraving"}]}]
    meta = [{"key": "_shelfwise_visitor", "value": "visitor-token-1"}, {"key": "_vat", "value": {"x": [MARK]}}]
    told = order(meta_data=meta, line_items=items)
    assert (told.visitor, told.lines[0].properties) == ("visitor-token-1", {"_shelfwise": slate})
    forged = order(meta_data=[{"key": "_shelfwise_visitor", "value": "<b>"}, {"key": "_shelfwise_visitor"}])
    assert forged.visitor == ""


def test_a_guest_is_nobody_and_a_line_of_no_product_is_kept_apart() -> None:
    told = order(customer_id=0, line_items=[ORDER["line_items"][0] | {"product_id": 0, "variation_id": 0}])
    assert (told.customer, told.lines[0].product, told.country) == ("", "", "FR")
    assert order(billing=[], shipping={"country": "de"}).country == "DE"


def test_a_list_that_php_wrote_as_an_object_is_a_list() -> None:
    told = order(line_items={"1": ORDER["line_items"][0], "4": ORDER["line_items"][2]})
    assert [(each.product, each.variant) for each in told.lines] == [("32", "32"), ("12", "35")]


def test_a_refund_is_read_with_what_was_given_back() -> None:
    given_back = {"id": 38, "date_created_gmt": "2026-11-23T11:35:19"}
    lines = [{"id": 9, "product_id": 12, "variation_id": 35, "quantity": -1, "total": "-45.00"}]
    body = msgspec.convert(rest("orders")[0], orders.OrderBody)
    refund = msgspec.convert(given_back | {"line_items": lines}, orders.RefundBody)
    told = [each.record for each in orders.read(body, [refund], AT) if isinstance(each, Current)]
    (back,) = [each for each in told if isinstance(each, Refund)]
    assert (back.order, back.lines[0].product, back.lines[0].variant, back.lines[0].quantity) == ("36", "12", "35", 1)
    assert back.lines[0].amount is not None
    assert back.lines[0].amount.amount == 45


def test_what_was_read_is_newer_than_what_was_told_of_before_and_older_than_what_changes_after() -> None:
    body = msgspec.convert(MUG, products.ProductBody)
    versions = {each.version for each in products.read(body, None, AT) if isinstance(each, Current)}
    assert versions == {AT}
    later = datetime(2026, 11, 23, 11, 50, tzinfo=UTC)
    changed = msgspec.convert(MUG | {"date_modified_gmt": "2026-11-23T11:50:00"}, products.ProductBody)
    assert {each.version for each in products.read(changed, None, AT) if isinstance(each, Current)} == {later}


@pytest.mark.parametrize("given_time", [None, "", "0000-00-00T00:00:00", "2026-02-30T00:00:00", False])
def test_what_has_no_time_of_its_own_is_as_new_as_its_arrival(given_time: Any) -> None:
    (first, *_) = said("product.updated", MUG | {"date_modified_gmt": given_time})
    assert isinstance(first, Current)
    assert first.version == AT


def test_a_message_of_more_items_than_the_plugin_ever_sends_is_unreadable() -> None:
    item = {"id": 1, "manages": True, "quantity": 1, "status": "instock"}
    post = signed("shelfwise.stock", {"sent_at": "2026-11-23T11:36:05.5Z", "items": [item] * 501})
    assert WEBHOOKS.verify(post["headers"], post["data"], (SECRET,)).unreadable


def test_a_recorded_body_stays_small() -> None:
    post = capture("order.created")
    kept = WEBHOOKS.verify(post["headers"], post["data"], (SECRET,)).body
    assert len(kept) < len(post["data"]) / 4
    assert json.loads(kept)["billing"] == {"country": "FR"}
