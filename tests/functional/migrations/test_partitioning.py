"""The step to partitions: rows of before are where they belong, and all are there again after the step back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from integration import migrations
from integration.storage.base import to_micros
from integration.storage.database import Database

NOW = datetime.now(UTC)
DAYS = (0, 1, 9, 40, 400, 4000)
SHOP = "INSERT INTO shop (id, key, name, currency, locale, storefront_url, stock_policy, low_stock_threshold, "
SHOP += "shelf_version, created_at) VALUES (1, 'a', 'A', 'EUR', 'en', '', 'hide', 3, 0, 0)"


def slate_of(moment: datetime) -> str:
    return f"{to_micros(moment) // 1000 << 80:032x}"


def add(connection: sa.Connection, table: str, values: Mapping[str, Any]) -> None:
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


@pytest.fixture
def before(owned_database: Database) -> Database:
    """A database of the version before, with rows of all ages."""
    migrations.migrate(owned_database, "0004")
    with owned_database.across_shops().write() as connection:
        connection.exec_driver_sql(SHOP)
        for table in ("visitor", "session"):
            row: dict[str, Any] = {"shop_id": 1, "token": "t" * 8, "first_seen_at": 0, "last_seen_at": 0}
            if table == "session":
                row = {"shop_id": 1, "visitor_id": 1, "started_at": 0, "last_event_at": 0}
            add(connection, table, row)
        add(connection, "product", PRODUCT)
        for days in DAYS:
            _add_rows(connection, NOW - timedelta(days=days), str(days))
    return owned_database


PRODUCT: Mapping[str, Any] = {
    **dict.fromkeys(("title", "handle", "description", "vendor", "product_type", "url", "image_url"), ""),
    "shop_id": 1,
    "external_id": "1",
    "known": True,
    "tags": "[]",
    "status": "active",
    "published": True,
    "source_version": 0,
    "shelf_version": 0,
    "category": "",
    "collections": "[]",
}


def _add_rows(connection: sa.Connection, moment: datetime, key: str) -> None:
    micros, slate = to_micros(moment), slate_of(moment)
    delivery = {"platform": "direct", "delivery_key": key, "topic": "orders", "aggregate": "", "body": b"{}"}
    add(
        connection,
        "delivery",
        {"shop_id": 1, **delivery, "received_at": micros, "status": "waiting", "attempts": 0, "error": ""},
    )
    event = {"event_key": key, "visitor_id": 1, "session_id": 1, "kind": "view", "occurred_at": micros}
    add(connection, "behaviour_event", {"shop_id": 1, **event, "received_at": micros})
    shown = {"placement": "home", "strategy": "trending", "arm": "", "propensity": 1.0, "visitor": "", "items": "[]"}
    add(connection, "slate", {"shop_id": 1, "slate": slate, **shown, "created_at": micros})
    add(connection, "impression", {"shop_id": 1, "slate": slate, "position": 0, "product_id": 1, "seen_at": micros})


def rows(database: Database, table: str) -> list[tuple[Any, ...]]:
    with database.across_shops().read() as connection:
        return [tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY id"))]


def test_no_row_is_lost_on_the_way_up_or_down(before: Database) -> None:
    tables = ("delivery", "behaviour_event", "slate", "impression")
    kept = {table: rows(before, table) for table in tables}
    assert {len(each) for each in kept.values()} == {len(DAYS)}
    for revision in ("head", "0004"):
        migrations.migrate(before, revision)
        assert {table: rows(before, table) for table in tables} == kept


def test_what_was_kept_before_is_known_again_and_numbers_go_on(before: Database) -> None:
    last = max(row[0] for row in rows(before, "delivery"))
    migrations.migrate(before)
    with before.across_shops().write() as connection:
        keys = connection.execute(sa.text("SELECT delivery_key FROM delivery_key")).scalars().all()
        _add_rows(connection, NOW + timedelta(minutes=1), "next")
    assert sorted(keys) == sorted(map(str, DAYS))
    assert max(row[0] for row in rows(before, "delivery")) == last + 1
