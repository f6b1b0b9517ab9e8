"""Stock as Shopify means it: what its deliveries and its readings say together is what the shelf shows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.records import (
    Change,
    Current,
    InventoryLevel,
    InventoryPolicy,
    Location,
    Money,
    Product,
    ProductStatus,
    RecordKind,
    Removed,
    SoldOut,
    Variant,
)
from connectors.shopify.webhooks import ShopifyWebhooks
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.refetch_writes import REFETCH
from integration.storage.shelf_rows import changed_since
from recommender.serving.availability import Availability, product_availability
from tests.making import write
from tests.signing import HOOK, SECRET, sent, shopify_shop, with_app

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
ONLINE, STORE, OTHER = "61", "62", "63"
SHOPS = itertools.count()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The operator has registered the app."""
    return with_app(settings)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    """A shop that sells online from one of its two locations, and was read whole."""
    made = shopify_shop(database, settings)
    write(database, made, [*places(), *goods("1"), *goods("2")])
    return made


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def places() -> list[Change]:
    return [Current(Location(ONLINE, sells_online=True), START), Current(Location(STORE, sells_online=False), START)]


def goods(number: str, *, pieces: int = 5, **variant: Any) -> list[Change]:
    """A product as it is read: its one variant has ten times its number, its inventory item a hundred times."""
    one = Variant(
        f"{number}0",
        inventory_item=f"{number}00",
        price=Money(Decimal(9), "GBP"),
        **{"tracked": True, **variant},
    )
    record = Product(number, f"Product {number}", published_at=START, variants=(one,))
    return [Current(record, START), Current(InventoryLevel(f"{number}00", ONLINE, pieces), START)]


def level(item: str, pieces: int | None, minutes: float, place: str = ONLINE) -> dict[str, Any]:
    body = {"inventory_item_id": int(item), "location_id": int(place), "available": pieces}
    return {**body, "updated_at": at(minutes).isoformat()}


def told(number: str, minutes: float, **changes: Any) -> dict[str, Any]:
    """A product's webhook."""
    variant = {
        "id": int(f"{number}0"),
        "price": "9.00",
        "inventory_policy": "deny",
        "inventory_item_id": int(f"{number}00"),
    }
    body = {"id": int(number), "title": f"Product {number}", "status": "active", "updated_at": at(minutes).isoformat()}
    return {**body, "published_at": START.isoformat(), "variants": [variant], **changes}


def shown(client: FlaskClient, query: str = "") -> set[str]:
    answer = client.get(f"/v1/slates?shop=fern-and-ladle&placement=home&count=48{query}")
    return {item["product"] for item in answer.get_json()["items"]}


def tell(client: FlaskClient, topic: str, body: dict[str, Any], minutes: float = 60) -> None:
    assert client.post(HOOK, **sent(topic, body, at=at(minutes))).status_code == 200


HIDING: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing left at the only place that sells online": ("inventory_levels/update", level("100", 0, 1)),
    "oversold": ("inventory_levels/update", level("100", -2, 1)),
    "no count": ("inventory_levels/update", level("100", None, 1)),
    "no longer kept there": ("inventory_levels/disconnect", {"inventory_item_id": 100, "location_id": int(ONLINE)}),
    "out of stock": ("variants/out_of_stock", {"id": 10, "product_id": 1}),
    "its item deleted": ("inventory_items/delete", {"id": 100}),
    "the place deleted": ("locations/delete", {"id": int(ONLINE)}),
    "deleted": ("products/delete", {"id": 1}),
    "a draft": ("products/update", told("1", 1, status="draft")),
    "archived": ("products/update", told("1", 1, status="archived")),
    "unlisted": ("products/update", told("1", 1, status="unlisted")),
    "taken from the online shop": ("products/update", told("1", 1, published_at=None)),
    "without variants": ("products/update", told("1", 1, variants=[])),
}


@pytest.mark.parametrize("why", HIDING)
def test_what_cannot_be_bought_any_more_is_hidden_before_the_answer(
    client: FlaskClient, shop_id: int, why: str
) -> None:
    assert shop_id
    assert shown(client) == {"1", "2"}
    tell(client, *HIDING[why])
    assert shown(client) <= {"2"}


def test_other_processes_hide_it_too(
    make_app: Callable[[Settings], Flask], settings: Settings, client: FlaskClient, shop_id: int
) -> None:
    assert shop_id
    other = make_app(settings).test_client()
    assert shown(other) == {"1", "2"}
    tell(client, "variants/out_of_stock", {"id": 10, "product_id": 1})
    assert shown(other) == {"2"}


def test_stock_where_the_online_shop_does_not_sell_from_offers_nothing(client: FlaskClient, shop_id: int) -> None:
    assert shop_id
    tell(client, "inventory_levels/update", level("100", 0, 1))
    tell(client, "inventory_levels/connect", level("100", 50, 2, STORE))
    assert shown(client) == {"2"}
    tell(client, "inventory_levels/connect", level("100", 1, 3))
    assert shown(client) == {"1", "2"}


def test_a_place_that_is_not_known_sells_nothing_online_until_it_is_asked_for(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    tell(client, "inventory_levels/update", level("100", 0, 1))
    tell(client, "inventory_levels/connect", level("100", 9, 2, OTHER))
    assert shown(client) == {"2"}
    with database.read() as connection:
        assert ("location", OTHER) in {
            tuple(row) for row in connection.execute(sa.select(REFETCH.c.kind, REFETCH.c.external_id))
        }
    write(database, shop_id, [Current(Location(OTHER, sells_online=True), at(3))])
    assert shown(client) == {"1", "2"}
    write(database, shop_id, [Current(Location(OTHER, sells_online=False), at(4))])
    assert shown(client) == {"2"}


def test_a_variant_that_is_not_tracked_or_sold_beyond_its_stock_never_runs_out(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    free, beyond = goods("3", tracked=False), goods("4", policy=InventoryPolicy.CONTINUE)
    write(database, shop_id, [*free, *beyond])
    for number in ("3", "4"):
        tell(client, "inventory_levels/update", level(f"{number}00", 0, 1))
        tell(client, "variants/out_of_stock", {"id": int(f"{number}0"), "product_id": int(number)})
    assert shown(client) == {"1", "2", "3", "4"}


def test_what_webhooks_do_not_tell_stays_as_it_was_read(client: FlaskClient, database: Database, shop_id: int) -> None:
    record = Product(
        "5", "Abroad", markets=("DE",), collections=("sale",), variants=(Variant("50"),), published_at=START
    )
    write(database, shop_id, [Current(record, START)])
    tell(client, "products/update", told("5", 1, title="Renamed"))
    assert "5" not in shown(client, "&country=FR")
    with database.read() as connection:
        (kept,) = (each for each in changed_since(connection, shop_id, -1) if each.external_id == "5")
    assert (kept.title, kept.markets) == ("Renamed", ("DE",))
    assert not kept.variants[0].stock.tracked


def test_a_gift_card_that_was_read_as_such_is_not_offered_because_a_webhook_calls_it_active(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    card = Product("6", "Gift card", status=ProductStatus.UNLISTED, variants=(Variant("60"),), published_at=START)
    write(database, shop_id, [Current(card, START)])
    tell(client, "products/update", told("6", 1))
    assert shown(client) == {"1", "2"}


def test_a_new_product_is_not_offered_before_its_stock_is_known(client: FlaskClient, shop_id: int) -> None:
    assert shop_id
    tell(client, "products/update", told("7", 1))
    assert "7" not in shown(client)
    tell(client, "inventory_levels/connect", level("700", 3, 2))
    assert "7" in shown(client)


def test_old_counts_do_not_bring_back_what_sold_out_since_and_a_new_one_does(client: FlaskClient, shop_id: int) -> None:
    assert shop_id
    tell(client, "variants/out_of_stock", {"id": 10, "product_id": 1}, minutes=10)
    tell(client, "inventory_levels/update", level("100", 7, 9))
    assert shown(client) == {"2"}
    tell(client, "variants/out_of_stock", {"id": 10, "product_id": 1}, minutes=8)
    tell(client, "inventory_levels/update", level("100", 7, 11))
    assert shown(client) == {"1", "2"}


def test_sold_out_before_the_variant_was_heard_of_is_not_forgotten(
    client: FlaskClient, database: Database, shop_id: int
) -> None:
    tell(client, "variants/out_of_stock", {"id": 80, "product_id": 8}, minutes=10)
    write(database, shop_id, goods("8"))
    assert "8" not in shown(client)


Deliveries = list[tuple[str, dict[str, Any], float]]


@st.composite
def news(draw: st.DrawFn) -> list[Sequence[Change]]:
    """What happened to one product, as deliveries and readings of distinct moments, each as the changes it makes."""
    moments = iter(sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=9))))
    found: list[Sequence[Change]] = []
    webhooks = ShopifyWebhooks()
    for minute in moments:
        kind = draw(st.sampled_from(["level", "level", "store", "gone", "out", "read", "draft", "product"]))
        topic, body = {
            "level": ("inventory_levels/update", level("100", draw(st.integers(-1, 4)), minute)),
            "store": ("inventory_levels/update", level("100", draw(st.integers(0, 4)), minute, STORE)),
            "gone": ("inventory_levels/disconnect", {"inventory_item_id": 100, "location_id": int(ONLINE)}),
            "out": ("variants/out_of_stock", {"id": 10, "product_id": 1}),
            "draft": ("products/update", told("1", minute, status="draft")),
            "product": ("products/update", told("1", minute)),
            "read": ("", {}),
        }[kind]
        if kind == "read":
            found.append([Current(InventoryLevel("100", ONLINE, draw(st.integers(0, 4))), at(minute))])
            continue
        post = sent(topic, body, at=at(minute))
        arrival = webhooks.verify(post["headers"], post["data"], (SECRET,))
        found.append(webhooks.changes(topic, arrival.body, at(minute)))
    return found


def expected(history: Sequence[Sequence[Change]]) -> Availability:
    """What the newest of each says, worked out the slow way."""
    pieces, counted_at, sold_out_at, active, told_at = 5, START, datetime.min.replace(tzinfo=UTC), True, START
    for change in itertools.chain.from_iterable(history):
        match change:
            case Current(InventoryLevel(location=place) as record, version) if place == ONLINE and version > counted_at:
                pieces, counted_at = record.available, version
            case Removed(RecordKind.INVENTORY_LEVEL, version=version) if version > counted_at:
                pieces, counted_at = 0, version
            case SoldOut(version=version):
                sold_out_at = max(sold_out_at, version)
            case Current(Product() as record, version) if version > told_at:
                active, told_at = record.status == "active", version
    left = pieces if counted_at > sold_out_at else 0
    if not active:
        return Availability.HIDDEN
    return Availability.IN_STOCK if left > 0 else Availability.SOLD_OUT


def standing(database: Database, shop_id: int) -> Availability:
    with database.read() as connection:
        (row,) = list(changed_since(connection, shop_id, -1))
    stock = [each.stock for each in row.variants]
    return product_availability(
        active=row.offered, published=True, sold_in_market=True, variants=stock, low_stock_threshold=0
    )


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=news(), data=st.data())
def test_whatever_the_order_doubling_and_delay_of_news_the_shelf_is_that_of_the_newest(
    database: Database, settings: Settings, history: list[Sequence[Change]], data: st.DataObject
) -> None:
    shop_id = shopify_shop(database, settings, f"shop-{next(SHOPS)}.myshopify.com")
    write(database, shop_id, [*places(), *goods("1")])
    arrivals = data.draw(st.permutations(history + history[::2]))
    cut = data.draw(st.integers(0, len(arrivals)))
    for arrival in arrivals[:cut]:
        write(database, shop_id, arrival)
    write(database, shop_id, list(itertools.chain.from_iterable(arrivals[cut:])))
    assert standing(database, shop_id) == expected(sorted(history, key=_moment))


def _moment(changes: Sequence[Change]) -> datetime:
    return min(change.version for change in changes if not hasattr(change, "request") and hasattr(change, "version"))
