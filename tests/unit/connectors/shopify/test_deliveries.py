"""What Shopify's bodies say, what is kept of them, and that no nonsense in them does harm."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.errors import BadDelivery
from connectors.records import Change, Current, Order, Product, ProductStatus, RecordKind, Refetch, SoldOut
from connectors.shopify.deliveries.topics import BODIES, COMPLIANCE_TOPICS, STOCK_TOPICS
from connectors.shopify.webhooks import ShopifyWebhooks
from tests.signing import SAMPLES, SECRET, sample, sent

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TOPICS = sorted(topic for topic in BODIES if (SAMPLES / f"{topic.replace('/', '_')}.json").is_file())
WEBHOOKS = ShopifyWebhooks()
# Keys under which Shopify tells who somebody is, where they live and how they are reached.
PERSONAL = (
    *("name", "first_name", "last_name", "shop_owner", "company"),
    *("email", "contact_email", "customer_email", "phone", "browser_ip"),
    *("address1", "address2", "city", "zip", "province", "latitude", "longitude"),
    *("note", "staff_note", "order_status_url", "token", "cart_token"),
)
MARK = "Zz-Somebody-Zz"


def taken(topic: str, body: dict[str, Any] | bytes) -> tuple[bytes, str]:
    post = sent(topic, body, at=AT)
    delivery = WEBHOOKS.verify(post["headers"], post["data"], (SECRET,))
    return delivery.body, delivery.unreadable


def said(topic: str, body: dict[str, Any]) -> list[Change]:
    kept, unreadable = taken(topic, body)
    assert not unreadable
    return list(WEBHOOKS.changes(topic, kept, AT))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def people(value: Any, of_a_person: bool = False) -> Iterator[str]:
    """Texts of a sample that tell who somebody is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from people(inner, key in PERSONAL)
    elif isinstance(value, list):
        for inner in value:
            yield from people(inner)
    elif isinstance(value, str) and of_a_person and len(value) > 3:
        yield value


@pytest.mark.parametrize("topic", TOPICS)
def test_of_every_recorded_body_no_person_is_kept(topic: str) -> None:
    kept, unreadable = taken(topic, sample(topic))
    assert not unreadable
    there = set(strings(json.loads(kept)))
    assert not there & set(PERSONAL)
    assert not there & set(people(sample(topic)))


@pytest.mark.parametrize("topic", TOPICS)
def test_what_is_kept_says_the_same_and_is_kept_as_it_is(topic: str) -> None:
    kept, _ = taken(topic, sample(topic))
    again, _ = taken(topic, kept)
    assert again == kept


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(MARK),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PERSONAL), inner, max_size=4),
    max_leaves=8,
)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    topic=st.sampled_from(TOPICS), more=st.dictionaries(st.sampled_from(PERSONAL), VALUES, min_size=1), data=st.data()
)
def test_wherever_a_person_is_written_into_a_body_nothing_of_it_is_kept(
    topic: str, more: dict[str, Any], data: st.DataObject
) -> None:
    body = sample(topic)
    # A shop has a name of its own, which is nobody's.
    places = [each for each in _objects(body) if each is not body or topic != "shop/update"]
    data.draw(st.sampled_from(places)).update(more)
    kept, unreadable = taken(topic, body) if topic not in COMPLIANCE_TOPICS else _duty(topic, body)
    assert MARK not in kept.decode()
    assert MARK not in unreadable


def _duty(topic: str, body: dict[str, Any]) -> tuple[bytes, str]:
    try:
        return taken(topic, body)
    except BadDelivery as error:
        return b"", str(error)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def test_of_what_a_cart_and_its_lines_carry_only_our_own_marks_are_kept() -> None:
    order = sample("orders/create")
    order["note_attributes"] = [
        {"name": "_shelfwise_visitor", "value": "visitor-token-1"},
        {"name": "_shelfwise_visitor", "value": MARK + " lives at No. 1"},
        {"name": "Gift note", "value": MARK},
    ]
    order["line_items"][0]["properties"] = [
        {"name": "_shelfwise", "value": f"{'a' * 32}:3"},
        {"name": "_shelfwise", "value": MARK},
        {"name": "Engraving", "value": MARK},
        {"name": MARK, "value": {"name": MARK}},
    ]
    kept, _ = taken("orders/create", order)
    assert MARK not in kept.decode()
    (change,) = said("orders/create", order)
    assert isinstance(change, Current)
    assert isinstance(change.record, Order)
    assert change.record.visitor == "visitor-token-1"
    assert change.record.lines[0].properties == {"_shelfwise": f"{'a' * 32}:3"}


HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    (
        *(None, True, -1, 0, 2**63, 2**70, 1.5, 1e308),
        *("", "x", "\u0000", "NaN", "Infinity", "-0", "1e400", "9" * 400, "\U0001f9ff" * 300),
        *([], {}, [[]], {"id": 1}),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z"),
    )
).map(copy.deepcopy)


@hypothesis_settings(max_examples=400, deadline=None)
@given(topic=st.sampled_from(TOPICS), data=st.data())
def test_a_recorded_body_with_nonsense_in_it_is_read_or_called_unreadable(topic: str, data: st.DataObject) -> None:
    body = copy.deepcopy(sample(topic))
    for _ in range(data.draw(st.integers(1, 3))):
        thing = data.draw(st.sampled_from(list(_objects(body))))
        if thing:
            thing[data.draw(st.sampled_from(sorted(thing)))] = data.draw(HOSTILE)
    try:
        kept, unreadable = taken(topic, body)
    except BadDelivery:
        assert topic in COMPLIANCE_TOPICS
        return
    if unreadable:
        assert kept == b""
    else:
        WEBHOOKS.changes(topic, kept, AT)


def _product(**changes: Any) -> Current:
    first, refetch = said("products/update", {**sample("products/update"), **changes})
    assert refetch == Refetch(RecordKind.PRODUCT, "788032119674292922")
    assert isinstance(first, Current)
    return first


def _record(**changes: Any) -> Product:
    record = _product(**changes).record
    assert isinstance(record, Product)
    return record


@pytest.mark.parametrize(
    ("status", "known"),
    [
        ("active", ProductStatus.ACTIVE),
        ("DRAFT", ProductStatus.DRAFT),
        ("archived", ProductStatus.ARCHIVED),
        ("unlisted", ProductStatus.UNLISTED),
        ("a new word", ProductStatus.DRAFT),
        (None, ProductStatus.DRAFT),
    ],
)
def test_a_status_that_is_not_known_offers_nothing(status: str | None, known: ProductStatus) -> None:
    assert _record(status=status).status == known


def test_a_product_without_a_date_of_publication_is_not_shown() -> None:
    assert not _record(published_at=None).published
    assert not _record(published_at="2150-01-01T00:00:00Z").published
    assert _record().published


def test_what_this_shape_does_not_tell_is_said_to_be_untold() -> None:
    assert {"category", "collections", "markets", "variants.tracked", "variants.prices"} <= _product().untold
    assert "variants" not in _product().untold
    assert "variants" in _product(variants=sample("products/update")["variants"][:1]).untold
    assert "variants" in _product(variants=None).untold
    assert "variants.inventory_item" in _product().untold
    assert {"title", "tags", "image_url"} <= _product(title=None, tags=None, image=None).untold
    assert not {"title", "tags"} & _product().untold


def test_ids_may_be_text_numbers_or_graphql_ids_and_money_text_or_numbers() -> None:
    variant = sample("products/update")["variants"][0]
    for external_id in (7, "7", "gid://shopify/ProductVariant/7"):
        record = _record(id=788032119674292922, variants=[{**variant, "id": external_id, "price": 19.5}])
        assert record.variants[0].external_id == "7"
        assert record.variants[0].price is not None
        assert record.variants[0].price.amount == Decimal("19.5")


@pytest.mark.parametrize(("tags", "read"), [("a, b,, c ", ("a", "b", "c")), ("", ()), (None, ()), (["a"], ("a",))])
def test_tags_are_one_text(tags: Any, read: tuple[str, ...]) -> None:
    assert _record(tags=tags).tags == read


def _order(**changes: Any) -> Order:
    change = said("orders/updated", {**sample("orders/updated"), **changes})[0]
    assert isinstance(change, Current)
    assert isinstance(change.record, Order)
    return change.record


def test_a_line_counts_what_was_bought_without_what_an_edit_took_off_and_with_what_was_given_back() -> None:
    line = {"id": 5, "product_id": 7, "quantity": 6, "current_quantity": 3, "price": "10.00"}
    refund = {"id": 9, "refund_line_items": [{"quantity": 2, "line_item_id": 5, "line_item": {"product_id": 7}}]}
    assert _order(line_items=[line], refunds=[refund]).lines[0].quantity == 5
    assert _order(line_items=[line], refunds=[]).lines[0].quantity == 3


def test_a_price_is_what_was_paid_for_a_piece_after_every_discount() -> None:
    line = {"id": 5, "product_id": 7, "quantity": 3, "price": "10.00", "total_discount": "1.00"}
    assert _order(line_items=[line]).lines[0].unit_price.amount == Decimal("9.666667")
    split = [{"amount": "1.00"}, {"amount": 2}]
    assert _order(line_items=[{**line, "discount_allocations": split}]).lines[0].unit_price.amount == Decimal(9)
    assert _order(line_items=[{**line, "total_discount": "99"}]).lines[0].unit_price.amount == 0


def test_lines_of_no_product_are_left_out() -> None:
    assert [line.product for line in _order().lines] == ["788032119674292922"] * 3


def test_out_of_stock_counts_from_the_event_and_not_from_the_variants_last_edit() -> None:
    assert said("variants/out_of_stock", sample("variants/out_of_stock")) == [
        SoldOut("642667041472713922", AT, "788032119674292922")
    ]


def test_every_topic_that_can_empty_a_shelf_is_one_that_we_read() -> None:
    assert STOCK_TOPICS - set(BODIES) == {"product/delete"}


@pytest.mark.parametrize(
    ("triggered", "version"),
    [
        ("10:00:00.4", "10:00:00.4"),
        ("09:59:59.9", "10:00:00"),
        ("10:00:07", "10:00:00.999999"),
    ],
)
def test_within_the_second_that_a_body_tells_the_events_own_time_says_the_order(triggered: str, version: str) -> None:
    body = {**sample("inventory_levels/update"), "updated_at": "2026-11-20T10:00:00Z"}
    (change,) = WEBHOOKS.changes(
        "inventory_levels/update", json.dumps(body).encode(), datetime.fromisoformat(f"2026-11-20T{triggered}+00:00")
    )
    assert isinstance(change, Current)
    assert change.version == datetime.fromisoformat(f"2026-11-20T{version}+00:00")
