"""Recorded and played deliveries, in any order and doubled: the store ends up the same."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from integration.clock import Clock
from integration.services.drain import drain
from integration.settings import Settings
from integration.storage.catalogue_writes import PRODUCT, VARIANT
from integration.storage.database import Database
from integration.storage.delivery_writes import DELIVERY, KEY
from integration.storage.order_writes import CUSTOMER, ORDER, ORDER_LINE, REFUND, REFUND_LINE
from integration.storage.refetch_writes import REFETCH
from integration.storage.stock_writes import LEVEL
from tests.functional.shopify.conftest import Play
from tests.signing import HOOK, sample, sent, shopify_shop, with_app

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TOPICS = (
    *("orders/create", "orders/updated", "orders/edited", "refunds/create", "products/create", "products/update"),
    *("inventory_levels/update", "inventory_levels/connect", "inventory_levels/disconnect"),
    *("variants/in_stock", "variants/out_of_stock", "inventory_items/update", "inventory_items/delete"),
    *("app/scopes_update", "bulk_operations/finish"),
)
HIDDEN = {"id", "shop_id", "product_id", "order_id", "refund_id", "customer_id", "shelf_version", "asked_at"}


def state(database: Database) -> dict[str, list[Any]]:
    """The catalogue, its stock, orders and questions, without row numbers."""
    tables = (PRODUCT, VARIANT, LEVEL, ORDER, ORDER_LINE, REFUND, REFUND_LINE, CUSTOMER, REFETCH)
    with database.read() as connection:
        return {
            table.name: sorted(
                repr(tuple(row)) for row in connection.execute(sa.select(*(c for c in table.c if c.name not in HIDDEN)))
            )
            for table in tables
        }


def recorded() -> list[dict[str, Any]]:
    """Every sample once, and a later state of some, each as a request."""
    found = []
    for place, topic in enumerate(TOPICS):
        found.append(sent(topic, sample(topic), at=AT + timedelta(minutes=place)))
    later = (AT + timedelta(hours=2)).isoformat()
    for topic in ("products/update", "orders/updated", "inventory_levels/update"):
        body = {
            **sample(topic),
            "updated_at": later,
            "title": "Renamed",
            "available": 3,
            "refunds": [sample("refunds/create")],
        }
        found.append(sent(topic, body, at=AT + timedelta(hours=2)))
    return found


def test_the_recorded_deliveries_end_up_the_same_in_any_order_and_doubled(
    make_app: Callable[[Settings], Flask], database: Database, settings: Settings, clock: Clock
) -> None:
    chance = random.Random(20261123)
    client = make_app(with_app(settings)).test_client()
    shop_id = shopify_shop(database, settings)
    posts = recorded()
    ends = []
    for turn in range(6):
        arrivals = posts if turn == 0 else chance.sample(posts + posts, 2 * len(posts))
        for each in arrivals:
            assert client.post(HOOK, **each).status_code == 200
            if chance.random() < 0.3:
                drain(database, shop_id, now=clock())
        drain(database, shop_id, now=clock())
        ends.append(state(database))
        with database.write() as connection:
            assert not connection.execute(sa.select(DELIVERY.c.error).where(DELIVERY.c.error != "")).all()
            for table in (DELIVERY, KEY, ORDER, REFUND, CUSTOMER, REFETCH, LEVEL, PRODUCT):
                connection.execute(sa.delete(table))
    assert all(end == ends[0] for end in ends)
    assert all(ends[0].values())


@pytest.fixture
def played(
    play: Play, make_app: Callable[[Settings], Flask], database: Database, settings: Settings
) -> tuple[Play, int]:
    """A played Shopify whose webhooks reach our app, of a shop that installed it."""
    app = make_app(play.settings(settings))
    shop_id = shopify_shop(database, settings, play.shop)
    play.connect(app)
    play.install()
    play.wait_for_webhooks()
    return play, shop_id


def test_what_a_played_shop_sends_is_all_taken_and_says_what_is_so(
    played: tuple[Play, int], database: Database, clock: Clock
) -> None:
    play, shop_id = played
    variant = play.variant()
    play.hold_webhooks()
    for pieces in (7, 0, 3):
        play.move_stock(variant, pieces)
    order = play.sell(variant)
    play.release_webhooks()
    assert play.sent
    assert {each.answers[-1] if each.answers else None for each in play.sent} <= {200}, play.sent
    while drain(database, shop_id, now=clock()):
        pass
    with database.read() as connection:
        assert not connection.execute(sa.select(DELIVERY.c.error).where(DELIVERY.c.status == "parked")).all()
        counted = connection.execute(sa.select(LEVEL.c.available).where(LEVEL.c.inventory_item == str(variant.item_id)))
        assert counted.scalars().all() == [2]
        kept = connection.execute(sa.select(ORDER.c.external_id)).scalars().all()
    assert kept == [str(order.id)]
    assert list(itertools.islice(play.sent, 1))
