"""Behaviour is kept for as long as the operator says, and not longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from integration.jobs.sweep import DUE
from integration.services import behaviour, retention
from integration.services.behaviour import Events
from integration.services.retention import EVENT, IMPRESSION, SESSION, SLATE, VISITOR
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import make_shop, stock

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAYS = 30
TABLES = (EVENT, IMPRESSION, SLATE, SESSION, VISITOR)


@pytest.fixture
def month(settings: Settings) -> Settings:
    return replace(settings, keep_behaviour_days=DAYS)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    number = make_shop(database, settings)
    stock(database, number, [1, 2])
    return number


def visit(database: Database, shop_id: int, visitor: str, at: datetime, shop: str = "demo") -> None:
    """A slate, of which an item is seen and looked at."""
    slate = f"{int(at.timestamp() * 1000) << 80 | ord(visitor[0]):032x}"
    seen = {"id": f"{visitor}-{at:%j}-s", "kind": "impression", "slate": slate, "position": 0, "product": "p1"}
    viewed = {"id": f"{visitor}-{at:%j}-v", "kind": "view", "product": "p1"}
    told = [{**each, "at": at.isoformat()} for each in (seen, viewed)]
    batch = msgspec.convert({"shop": shop, "consent": True, "visitor": visitor, "events": told}, Events)
    assert behaviour.record(database, batch, now=at, session_minutes=30).kept == 2
    row = {"shop_id": shop_id, "slate": slate, "placement": "home", "strategy": "trending", "items": []}
    with database.write() as connection:
        connection.execute(SLATE.insert().values(**row, created_at=at, visitor=visitor))


def rows(database: Database, shop_id: int) -> list[int]:
    with database.read() as connection:
        counts = [sa.select(sa.func.count()).where(table.c.shop_id == shop_id) for table in TABLES]
        return [int(connection.execute(count).scalar_one()) for count in counts]


def test_what_is_old_goes_and_what_is_not_stays(database: Database, month: Settings, shop_id: int) -> None:
    visit(database, shop_id, "a" * 32, NOW - timedelta(days=DAYS + 2))
    visit(database, shop_id, "a" * 32, NOW - timedelta(days=1))
    visit(database, shop_id, "b" * 32, NOW - timedelta(days=DAYS + 2))
    before = rows(database, shop_id)
    assert retention.due(database, month, NOW) == [shop_id]
    retention.tidy(database, month, shop_id, NOW)
    after = rows(database, shop_id)
    assert [left < was for left, was in zip(after, before, strict=True)] == [True] * len(TABLES)
    assert after == [2, 1, 1, 1, 1]
    assert retention.due(database, month, NOW) == []
    assert retention.tidy(database, month, shop_id, NOW) == 0


def test_another_shop_is_not_touched(database: Database, month: Settings, shop_id: int) -> None:
    other = make_shop(database, month, "other")
    stock(database, other, [1])
    visit(database, other, "c" * 32, NOW - timedelta(days=DAYS + 2), "other")
    kept = rows(database, other)
    retention.tidy(database, month, shop_id, NOW)
    assert rows(database, other) == kept
    assert retention.due(database, month, NOW) == [other]


def test_more_than_one_part_goes(
    database: Database, month: Settings, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for number in range(5):
        visit(database, shop_id, f"{number}" * 32, NOW - timedelta(days=DAYS + 2 + number))
    retention.tidy(database, month, shop_id, NOW)
    assert rows(database, shop_id) == [0, 0, 0, 0, 0]


def test_a_shop_is_tidied_about_once_a_day(database: Database, month: Settings, shop_id: int) -> None:
    visit(database, shop_id, "a" * 32, NOW - timedelta(days=DAYS, hours=12))
    assert retention.due(database, month, NOW) == []
    assert retention.due(database, month, NOW + timedelta(hours=13)) == [shop_id]


def test_retention_is_a_steady_job() -> None:
    assert DUE["tidy"] is retention.due
