"""The servers that tests run on are real, and empty for each test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
import redis
import sqlalchemy as sa

from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.shops import Shop


@pytest.mark.parametrize("_round", [1, 2])
def test_redis_is_empty_for_each_test(redis_url: str, _round: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


@pytest.mark.parametrize("_round", [1, 2])
def test_the_database_is_empty_for_each_test(database: Database, clock: Callable[[], datetime], _round: int) -> None:
    with database.write() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Shop)) == 0
        row = {"key": "left", "name": "behind", "created_at": clock()}
        assert connection.execute(sa.insert(Shop).values(row)).inserted_primary_key == (1,)


def test_settings_point_at_the_servers_of_the_test(settings: Settings, redis_url: str, database_url: str) -> None:
    assert (settings.redis_url, settings.database_url) == (redis_url, database_url)
