"""Drains take turns: a flood waits for no one shop, a killed process is soon missed, and what kills it is found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psutil
import pytest
import sqlalchemy as sa
from redis import Redis

from connectors.base import Delivery
from integration.jobs import intake, turns
from integration.jobs.queues import connect, enqueue, enqueue_lost, next_waiting, queue_states, take_ticket
from integration.jobs.sweep import sweep_deliveries
from integration.jobs.turns import Turn, mark_name
from integration.services import drain as deliveries
from integration.services.drain import Drained
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.delivery_writes import DELIVERY, keep
from integration.storage.waiting_deliveries import due
from tests.functional.conftest import environ_of
from tests.making import START, make_shop
from tests.trading import shelfwise, wait_until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BODY = (
    b'{"id":"%d","ordered_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:00:00Z","currency":"GBP","lines":[]}'
)


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    client = connect(settings)
    yield client
    client.close()


@pytest.fixture
def shops(database: Database, settings: Settings) -> list[int]:
    return [make_shop(database, settings, f"shop-{number}") for number in range(3)]


@pytest.fixture(autouse=True)
def _as_a_worker_has_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job runs in the test's own process, and does not wait for others to come."""
    for name, value in environ_of(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(intake, "SERVE_SECONDS", 5.0)


def arrive(database: Database, shop_id: int, count: int = 1) -> None:
    with database.write() as connection:
        for number in range(count):
            arrival = Delivery("direct", "order.updated", f"d{number}", BODY % number, f"order/{number}", START)
            keep(connection, shop_id, arrival, received_at=datetime.now(UTC), status=DeliveryStatus.WAITING)


def waiting(database: Database, shop_id: int) -> int:
    here = (DELIVERY.c.shop_id == shop_id, DELIVERY.c.status == DeliveryStatus.WAITING)
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).where(*here)).scalar_one())


def test_one_process_drains_every_shop_on_the_queue(
    database: Database, settings: Settings, shops: list[int], redis: Redis
) -> None:
    for shop_id in shops:
        arrive(database, shop_id, 3)
        enqueue(redis, "drain", shop_id)
    assert next_waiting(redis, "drain", 0.1) == shops[0]
    assert intake.drain(shops[0]) == 9
    assert queue_states(settings)[0].waiting == 0
    assert [key for key in redis.scan_iter() if b"rq:job" in key or b"intermediate" in key] == []


def test_a_flooding_shop_goes_to_the_end_of_the_queue_and_is_drained_all_the_same(
    database: Database, shops: list[int], redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SHARED_SECONDS", 0.0)
    monkeypatch.setattr(intake, "FIRST", 10)
    monkeypatch.setattr(deliveries, "BATCH", 10)
    served: list[int] = []
    drain = deliveries.drain_batch

    def seen(of: Database, shop_id: int, *, now: datetime, limit: int) -> Drained:
        served.append(shop_id)
        return drain(of, shop_id, now=now, limit=limit)

    monkeypatch.setattr(deliveries, "drain_batch", seen)
    arrive(database, shops[0], 50)
    for shop_id in shops[1:]:
        arrive(database, shop_id)
        enqueue(redis, "drain", shop_id)
    assert intake.drain(shops[0]) == 52
    assert list(dict.fromkeys(served)) == shops, "each has its turn"
    assert served.index(shops[2]) < 4 < served.count(shops[0]), "and the flood has to wait for it"
    assert waiting(database, shops[0]) == 0


def test_a_second_process_leaves_a_shop_alone_and_the_first_looks_again(redis: Redis) -> None:
    first, second = Turn(redis, 7), Turn(redis, 7)
    assert first.begin()
    assert not second.begin()
    assert first.end(), "somebody came by"
    assert first.begin()
    assert not first.end()


def test_a_shop_whose_process_was_killed_is_free_within_seconds(redis: Redis) -> None:
    assert Turn(redis, 7).begin()
    left = redis.pttl(mark_name(7))
    assert isinstance(left, int)
    assert 0 < left <= turns.MARK_SECONDS * 1000 <= 3000


def test_an_announcement_that_a_killed_worker_took_along_keeps_nothing_off_the_queue(
    database: Database, shops: list[int], redis: Redis
) -> None:
    arrive(database, shops[0])
    enqueue(redis, "drain", shops[0])
    assert sweep_deliveries(database, redis, datetime.now(UTC)) == 0, "it is on the queue"
    redis.delete("rq:queue:intake")
    assert not enqueue(redis, "drain", shops[0]), "it looks announced"
    assert sweep_deliveries(database, redis, datetime.now(UTC)) == 1
    assert Turn(redis, shops[0]).begin()
    take_ticket(redis, "drain", shops[0])
    assert sweep_deliveries(database, redis, datetime.now(UTC)) == 0, "a process is at it"


def test_nothing_lost_is_nothing_to_enqueue(redis: Redis) -> None:
    assert enqueue_lost(redis, "drain", []) == 0


def test_batches_shrink_with_each_process_that_dies_until_the_cause_stands_alone(redis: Redis) -> None:
    assert [Turn(redis, 7).size(200) for _ in range(5)] == [200, 25, 3, 1, 0]
    turn = Turn(redis, 7)
    turn.passed(1, 200)
    assert turn.size(200) == 2
    turn.passed(200, 200)
    assert turn.size(200) == 200


def test_a_delivery_that_kills_its_process_is_put_off_and_the_others_are_applied(
    database: Database, shops: list[int], redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(database, shops[0], 30)

    class Killed(BaseException):
        """As if the process were gone."""

    def deadly(of: Database, shop_id: int, *, now: datetime, limit: int) -> Drained:
        with of.read() as connection:
            batch = due(connection, shop_id, now, limit=limit, most_bytes=1 << 20)
        if any(row.aggregate == "order/17" for row in batch):
            raise Killed
        return drain(of, shop_id, now=now, limit=limit)

    drain = deliveries.drain_batch
    monkeypatch.setattr(deliveries, "drain_batch", deadly)
    deaths = 0
    while waiting(database, shops[0]) > 1:
        try:
            intake.drain(shops[0])
        except Killed:
            deaths += 1
        redis.delete(mark_name(shops[0]))
        assert deaths < 20
    with database.read() as connection:
        row = connection.execute(sa.select(DELIVERY).where(DELIVERY.c.status == DeliveryStatus.WAITING)).one()
    assert (row.aggregate, row.attempts) == ("order/17", 1)
    assert "died" in row.error


def test_after_kill_9_of_a_worker_another_drains_its_shop_within_seconds(
    database: Database, settings: Settings, shops: list[int], redis: Redis
) -> None:
    arrive(database, shops[0], 600)
    with shelfwise(settings, "scheduler"):
        with shelfwise(settings, "worker", "--queue", "intake") as worker:
            wait_until(lambda: 0 < waiting(database, shops[0]) < 600, worker)
            for process in (psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)):
                process.kill()
        assert waiting(database, shops[0]) > 0
        with shelfwise(settings, "worker", "--queue", "intake") as other:
            began = time.monotonic()
            wait_until(lambda: waiting(database, shops[0]) == 0, other)
            assert time.monotonic() - began < 30
