"""What a merchant is told while the app gets to know the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.shopify.api import App
from connectors.shopify.id_tokens import check
from integration.services import readings
from integration.services.progress import READING, Step
from integration.services.secrets import Vault
from integration.services.shopify.install import Opened, open_app
from integration.services.shopify.progress import Progress, progress_of
from integration.settings import Settings
from integration.storage.database import Database
from tests.functional.shopify.conftest import Play


@pytest.fixture
def database_url(_sqlite_copies: Callable[[], tuple[str, Callable[[], None]]]) -> Iterator[str]:
    """SQLite alone: words are the same on every database."""
    url, remove = _sqlite_copies()
    yield url
    remove()


@pytest.fixture
def ours(play: Play, settings: Settings) -> Settings:
    return play.settings(settings)


@pytest.fixture
def shop(play: Play, database: Database, ours: Settings) -> Opened:
    play.install()
    app = App(play.client_id, play.client_secret, play_url=play.url)
    return open_app(database, Vault(ours.secret_keys), app, check(play.id_token(), app), now=datetime.now(UTC))


def told(database: Database, shop: Opened) -> Progress:
    return progress_of(database, shop.shop_id, shop.key, datetime.now(UTC))


def step(database: Database, shop: Opened, key: str) -> Step:
    return next(each for each in told(database, shop).steps if each.key == key)


def reading(database: Database, shop: Opened, kind: str, **values: Any) -> None:
    now = datetime.now(UTC)
    known = {"platform": "shopify", "position": "", "read": 0, "repaired": 0, "attempts": 0, "error": ""}
    with database.write() as connection:
        row = {**known, "started_at": now, "progressed_at": now, **values}
        connection.execute(READING.insert().values(shop_id=shop.shop_id, kind=kind, **row))


def test_at_first_everything_is_yet_to_come(database: Database, shop: Opened) -> None:
    states = {each.key: each.state.value for each in told(database, shop).steps}
    assert states == {
        "connected": "done",
        "products": "waiting",
        "orders": "waiting",
        "learning": "waiting",
        "lists": "waiting",
        "widgets": "yours",
    }
    assert told(database, shop).moving


def test_while_it_reads_it_says_how_far_it_is(database: Database, shop: Opened) -> None:
    reading(database, shop, "stock", read=120)
    assert "First your stock is counted: 120 so far" in step(database, shop, "products").detail
    reading(database, shop, "products", read=1250, expected=5000)
    products = step(database, shop, "products")
    assert (products.state.value, products.fraction) == ("doing", 0.25)
    assert products.detail == "1,250 of 5,000 products read so far."
    reading(database, shop, "orders")
    assert step(database, shop, "orders").detail == "Shopify is preparing the list."


def test_a_failure_is_said_with_its_reason_and_that_nobody_has_to_do_anything(database: Database, shop: Opened) -> None:
    reading(database, shop, "orders", read=5, error="shopify: HTTP 502")
    orders = step(database, shop, "orders")
    assert orders.state.value == "failed"
    assert "tried again by itself" in orders.detail
    assert "HTTP 502" in orders.detail
    assert told(database, shop).headline == "Shelfwise needs another moment"


def test_more_than_was_expected_is_not_more_than_all(database: Database, shop: Opened) -> None:
    reading(database, shop, "products", read=11, expected=10)
    assert step(database, shop, "products").fraction == 1.0


def test_a_reading_that_is_repeated_every_week_does_not_make_the_shop_new_again(
    database: Database, shop: Opened
) -> None:
    reading(database, shop, "products", read=10, finished_at=datetime.now(UTC))
    reading(database, shop, "products", read=1, expected=10)
    assert step(database, shop, "products").state.value == "done"


def test_a_shop_without_orders_is_told_what_shoppers_see_instead(database: Database, shop: Opened) -> None:
    reading(database, shop, "orders", finished_at=datetime.now(UTC))
    learning = step(database, shop, "learning")
    assert learning.state.value == "done"
    assert "no orders to learn from yet" in learning.detail


def test_after_the_shop_was_read_all_its_goods_and_orders_are_counted(
    database: Database, shop: Opened, ours: Settings, play: Play
) -> None:
    platform, reader = readings.open_reader(database, Vault(ours.secret_keys), ours, shop.shop_id)
    readings.plan(database, shop.shop_id, platform, reader.kinds, now=datetime.now(UTC))
    while readings.run(database, shop.shop_id, reader).more:
        pass
    products, orders = step(database, shop, "products"), step(database, shop, "orders")
    assert (products.state.value, orders.state.value) == ("done", "done")
    assert products.detail.startswith(f"{len(play.state.products)} products read")
    assert "the last 60 days" in orders.detail
    assert step(database, shop, "learning").state.value == "waiting"


def test_lost_access_is_said(database: Database, shop: Opened) -> None:
    from integration.storage.access_writes import TOKEN

    assert told(database, shop).notices == ()
    with database.write() as connection:
        connection.execute(sa.update(TOKEN).values(lost_at=datetime.now(UTC)))
    assert "lost its access" in told(database, shop).notices[0]


def test_a_scope_that_was_not_granted_is_named(database: Database, shop: Opened) -> None:
    from integration.storage.access_writes import TOKEN

    with database.write() as connection:
        connection.execute(sa.update(TOKEN).values(scopes="write_products"))
    assert "read_orders" in told(database, shop).notices[0]
