"""The worker and the scheduler as they are started in life."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from redis import Redis

from integration.clock import system_clock
from integration.jobs.queues import connect, enqueue
from integration.services.status import FitState, shop_states
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.fits import SHOP
from integration.storage.models import FitStatus
from integration.storage.order_writes import ORDER
from tests.making import START, delivery, make_shop
from tests.trading import open_for_business, shelfwise, wait_until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    client = connect(settings)
    yield client
    client.close()


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    number = make_shop(database, settings)
    open_for_business(database, number, orders=120)
    return number


def last_fit(database: Database) -> FitState | None:
    return shop_states(database, system_clock())[0].last_fit


def has(database: Database, status: FitStatus, stage: str = "") -> bool:
    fit = last_fit(database)
    return fit is not None and fit.status is status and stage in (fit.stage, "")


def an_order() -> dict[str, object]:
    line = {"id": "1", "product": "p1", "variant": "v1", "quantity": 1, "unit_price": "9.90"}
    return {
        "id": "o900",
        "ordered_at": START.isoformat(),
        "updated_at": START.isoformat(),
        "currency": "GBP",
        "lines": [line],
    }


def is_there(database: Database, external_id: str) -> bool:
    with database.read() as connection:
        return connection.execute(sa.select(ORDER.c.id).where(ORDER.c.external_id == external_id)).first() is not None


def test_the_worker_trains_and_drains_and_the_web_sees_the_new_model(
    database: Database, settings: Settings, shop_id: int, redis: Redis, client: FlaskClient
) -> None:
    slates = "/v1/slates?shop=demo&placement=product&product=p1"
    assert client.get(slates).get_json()["model_version"] is None
    with shelfwise(settings, "worker") as worker:
        enqueue(redis, "train", shop_id, "hand")
        wait_until(lambda: has(database, FitStatus.PUBLISHED), worker)
        fit = last_fit(database)
        assert fit is not None
        wait_until(lambda: client.get(slates).get_json()["model_version"] == fit.version, worker)
        assert client.post("/webhooks/direct/demo", **delivery("order.created", an_order())).status_code == 200
        enqueue(redis, "drain", shop_id)
        wait_until(lambda: is_there(database, "o900"), worker)
        worker.terminate()
        assert worker.wait(timeout=20) == 0


def test_a_worker_told_to_end_stops_its_fit_in_good_order(
    database: Database, settings: Settings, shop_id: int, redis: Redis
) -> None:
    with shelfwise(settings, "worker", iterations=1_000_000) as worker:
        enqueue(redis, "train", shop_id, "nightly")
        wait_until(lambda: has(database, FitStatus.RUNNING, "fit"), worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0
    assert has(database, FitStatus.KILLED)


def test_a_killed_worker_leaves_no_process_behind(
    database: Database, settings: Settings, shop_id: int, redis: Redis
) -> None:
    with shelfwise(settings, "worker", iterations=1_000_000) as worker:
        enqueue(redis, "train", shop_id, "nightly")
        wait_until(lambda: has(database, FitStatus.RUNNING, "fit"), worker)
        started = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
        assert psutil.wait_procs(started, timeout=20)[1] == []
    assert has(database, FitStatus.KILLED)


def test_a_worker_waits_for_redis_and_says_so(settings: Settings, tmp_path: Path) -> None:
    lonely = replace(settings, redis_url=f"unix://{tmp_path / 'nobody.sock'}")
    with shelfwise(lonely, "worker") as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline().startswith("Waiting for Redis")
        worker.terminate()
        worker.wait(timeout=20)


def test_the_scheduler_brings_a_missed_delivery_to_the_worker(
    database: Database, settings: Settings, shop_id: int, client: FlaskClient, redis: Redis
) -> None:
    assert client.post("/webhooks/direct/demo", **delivery("order.created", an_order())).status_code == 200
    redis.flushall()
    with shelfwise(settings, "scheduler") as scheduler, shelfwise(settings, "worker", "--queue", "intake") as worker:
        wait_until(lambda: is_there(database, "o900"), worker)
        for process in (scheduler, worker):
            process.terminate()
            assert process.wait(timeout=20) == 0


def test_the_scheduler_has_a_shop_trained_that_was_never_trained(
    database: Database, settings: Settings, shop_id: int
) -> None:
    with database.write() as connection:
        connection.execute(sa.update(SHOP).values(created_at=system_clock() - timedelta(days=2)))
    with shelfwise(settings, "scheduler"), shelfwise(settings, "worker") as worker:
        began = time.monotonic()
        wait_until(lambda: has(database, FitStatus.PUBLISHED), worker)
        assert time.monotonic() - began < 60
