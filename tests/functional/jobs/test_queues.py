"""How work gets onto the queues: once, as plain JSON, and at no cost when Redis is away."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from integration.jobs.queues import INTAKE, KINDS, QUEUES, Enqueuer, connect, enqueue, queue_states, take_ticket
from integration.settings import Settings

SETTINGS = Settings.from_environ({})
SHORTEST_HANG_SECONDS = 0.5


@pytest.fixture
def here(redis_url: str) -> Settings:
    """Settings with a real Redis; nothing here needs a store."""
    return replace(SETTINGS, redis_url=redis_url)


@pytest.fixture
def redis(here: Settings) -> Iterator[Redis]:
    client = connect(here)
    yield client
    client.close()


def test_a_shops_drain_is_enqueued_once_until_it_begins(redis: Redis) -> None:
    assert enqueue(redis, "drain", 7)
    assert not enqueue(redis, "drain", 7)
    assert enqueue(redis, "drain", 8)
    assert take_ticket(redis, "drain", 7)
    assert enqueue(redis, "drain", 7)
    assert Queue(INTAKE, connection=redis, serializer=JSONSerializer).count == 3


def test_jobs_carry_ids_as_json_and_nothing_pickled(redis: Redis) -> None:
    enqueue(redis, "train", 7, "hand")
    (key,) = redis.scan_iter("rq:job:*")
    data = redis.hget(key, "data")
    assert isinstance(data, bytes)
    import zlib

    assert json.loads(zlib.decompress(data))[2] == [7, "hand"]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_of_job_has_a_time_out_a_queue_and_a_function_that_exists(name: str) -> None:
    from importlib import import_module

    kind = KINDS[name]
    module, _, function = kind.function.rpartition(".")
    assert callable(getattr(import_module(module), function))
    assert kind.queue in QUEUES
    assert kind.timeout_seconds > 0
    assert kind.ticket_seconds > 0


def test_announcing_a_delivery_puts_its_drain_on_the_queue(here: Settings) -> None:
    enqueuer = Enqueuer(here)
    enqueuer.drain(7)
    enqueuer.drain(7)
    assert [(state.name, state.waiting) for state in queue_states(here)] == [
        ("intake", 1),
        ("platform", 0),
        ("training", 0),
        ("graph", 0),
    ]
    enqueuer.close()


def test_without_redis_announcing_costs_nothing_to_speak_of(tmp_path: Path) -> None:
    enqueuer = Enqueuer(replace(SETTINGS, redis_url=f"unix://{tmp_path / 'nobody.sock'}"))
    began = time.perf_counter()
    for shop_id in range(100):
        enqueuer.drain(shop_id)
    assert time.perf_counter() - began < SHORTEST_HANG_SECONDS


def test_a_redis_that_hangs_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        enqueuer = Enqueuer(replace(SETTINGS, redis_url=f"redis://127.0.0.1:{port}/0"))
        began = time.perf_counter()
        for shop_id in range(100):
            enqueuer.drain(shop_id)
        assert time.perf_counter() - began < SHORTEST_HANG_SECONDS
        enqueuer.close()
