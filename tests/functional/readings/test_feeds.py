"""Listening to shops: one that is silent for too long is told of and read at once, one that sleeps is left alone."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from integration.services import feed, readings
from integration.services.status import shop_states
from integration.settings import Settings
from integration.storage.access_writes import keep_granted
from integration.storage.database import Database
from integration.storage.deliveries import Delivery
from integration.storage.reading_writes import READING
from integration.storage.upsert import table_of
from tests.signing import shopify_shop

DELIVERY = table_of(Delivery)
# A Monday, midnight, and what is busy before it.
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
KINDS = ("stock", "products", "orders")
NUMBERS = itertools.count()


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return shopify_shop(database, settings)


def arrive(database: Database, shop_id: int, moments: Iterable[datetime]) -> None:
    rows = [
        {
            "shop_id": shop_id,
            "platform": "shopify",
            "delivery_key": f"feed-{next(NUMBERS)}",
            "topic": "orders/create",
            "aggregate": "",
            "body": b"{}",
            "received_at": each,
            "status": "applied",
            "attempts": 1,
            "error": "",
        }
        for each in moments
    ]
    with database.write() as connection:
        connection.execute(DELIVERY.insert(), rows)


def hours(first: datetime, last: datetime, *, opens: int = 0, closes: int = 24) -> list[datetime]:
    count = int((last - first) / timedelta(hours=1))
    every = (first + timedelta(hours=each, minutes=30) for each in range(count))
    return [each for each in every if opens <= each.hour < closes]


def read_whole(database: Database, shop_id: int, at: datetime) -> None:
    token = {"shop_id": shop_id, "platform": "shopify", "token": b"", "scopes": "", "lost_at": None}
    with database.write() as connection:
        keep_granted(connection, token | dict.fromkeys(("scopes_at", "granted_at", "updated_at"), at))
        readings.start(connection, shop_id, "shopify", KINDS, now=at)
        connection.execute(READING.update().values(finished_at=at))


def open_readings(database: Database, shop_id: int) -> dict[str, bool]:
    """The kinds that wait to be read; whether all of them."""
    with database.read() as connection:
        rows = connection.execute(sa.select(READING).where(READING.c.finished_at.is_(None)))
        return {row.kind: row.since is None for row in rows if row.shop_id == shop_id}


def test_a_busy_shop_that_falls_silent_is_told_of_and_read_at_once(
    database: Database, shop_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    arrive(database, shop_id, hours(MONDAY - timedelta(weeks=3), MONDAY))
    read_whole(database, shop_id, MONDAY)
    assert feed.listen(database, shop_id, MONDAY) is None
    assert feed.listen(database, shop_id, MONDAY + timedelta(hours=1)) is None
    assert open_readings(database, shop_id) == {}
    with caplog.at_level(logging.WARNING):
        silence = feed.listen(database, shop_id, MONDAY + timedelta(hours=8))
    assert silence is not None
    assert silence.since == MONDAY - timedelta(minutes=30)
    assert "no delivery since" in caplog.text
    assert open_readings(database, shop_id) == {"stock": True, "products": True, "orders": False}
    (shop,) = shop_states(database, MONDAY)
    assert shop.silence == silence
    assert "is read again" in silence.sentence


def test_what_the_reading_finds_tells_a_broken_feed_from_a_quiet_shop(database: Database, shop_id: int) -> None:
    arrive(database, shop_id, hours(MONDAY - timedelta(weeks=3), MONDAY))
    read_whole(database, shop_id, MONDAY)
    later = MONDAY + timedelta(hours=9)
    feed.listen(database, shop_id, later - timedelta(hours=1))
    for repaired, is_trouble in ((0, False), (7, True)):
        with database.write() as connection:
            done = READING.update().where(READING.c.started_at > MONDAY)
            connection.execute(done.values(finished_at=later, repaired=repaired))
        silence = feed.listen(database, shop_id, later)
        assert silence is not None
        assert silence.is_trouble is is_trouble
        assert silence.missed == repaired * len(KINDS)
        assert ("may just be quiet" in silence.sentence) is not is_trouble
    arrive(database, shop_id, [later])
    assert feed.listen(database, shop_id, later + timedelta(minutes=11)) is None


def test_a_shop_that_sleeps_at_night_wakes_nobody(database: Database, shop_id: int) -> None:
    arrive(database, shop_id, hours(MONDAY - timedelta(weeks=3), MONDAY, opens=8, closes=20))
    read_whole(database, shop_id, MONDAY)
    for hour in range(-5, 9):
        assert feed.listen(database, shop_id, MONDAY + timedelta(hours=hour)) is None, hour
    assert feed.listen(database, shop_id, MONDAY + timedelta(hours=16)) is not None


def test_a_new_shop_is_left_alone_and_so_is_one_of_which_nothing_ever_came(database: Database, shop_id: int) -> None:
    assert feed.listen(database, shop_id, MONDAY) is None
    arrive(database, shop_id, hours(MONDAY - timedelta(days=3), MONDAY))
    for hour in range(0, 100, 10):
        assert feed.listen(database, shop_id, MONDAY + timedelta(hours=hour)) is None


def test_a_shop_is_listened_to_every_ten_minutes_until_it_leaves(
    database: Database, settings: Settings, shop_id: int
) -> None:
    everywhere = database.across_shops()
    assert feed.due(everywhere, settings, MONDAY) == [shop_id]
    feed.listen(database, shop_id, MONDAY)
    assert feed.due(everywhere, settings, MONDAY + timedelta(minutes=5)) == []
    assert feed.due(everywhere, settings, MONDAY + timedelta(minutes=10)) == [shop_id]


def test_a_silence_of_weeks_stays_one(database: Database, shop_id: int) -> None:
    arrive(database, shop_id, hours(MONDAY - timedelta(weeks=4), MONDAY))
    for day in range(1, 60, 3):
        assert feed.listen(database, shop_id, MONDAY + timedelta(days=day)) is not None, day
