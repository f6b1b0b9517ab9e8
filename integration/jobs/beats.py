"""Signs of life in Redis: of schedulers, which say every few seconds whether they lead, and of RQ's workers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from integration.clock import system_clock
from integration.settings import Settings

PREFIX = "shelfwise:scheduler-beat:"
LEADS, STANDS_BY = "leads", "stands by"
BEAT_SECONDS = 15
# A worker that waits for a job gives a sign within the first, and one that is not heard of for the second is gone.
WORKER_SECONDS = 60
WORKER_GONE = timedelta(seconds=150)
PATIENCE_SECONDS = 1.0


def beat(redis: Redis, *, leads: bool) -> None:
    """This process lives. Raises RedisError."""
    redis.set(f"{PREFIX}{socket.gethostname()}:{os.getpid()}", LEADS if leads else STANDS_BY, ex=BEAT_SECONDS)


def leave(redis: Redis) -> None:
    """This process ends. Raises RedisError."""
    redis.delete(f"{PREFIX}{socket.gethostname()}:{os.getpid()}")


def beats(redis: Redis) -> dict[str, str]:
    """Every scheduler that lives, as "host:process" -> whether it leads or stands by. Raises RedisError."""
    keys = sorted(_text(key) for key in redis.scan_iter(f"{PREFIX}*"))
    states = redis.mget(keys) if keys else []
    return {key.removeprefix(PREFIX): _text(state) for key, state in zip(keys, states, strict=True) if state}


def schedulers(settings: Settings) -> dict[str, str]:
    """Every scheduler that lives, as `beats` tells them. Raises RedisError, soon."""
    with patiently(settings) as redis:
        return beats(redis)


def scheduler_hosts(settings: Settings) -> set[str]:
    """The machines on which a scheduler lives. Raises RedisError."""
    return {name.rpartition(":")[0] for name in schedulers(settings)}


def worker_hosts(settings: Settings) -> set[str]:
    """The machines on which a worker lives. Raises RedisError."""
    with patiently(settings) as redis:
        return {worker.hostname or "" for worker in Worker.all(redis, serializer=JSONSerializer) if _is_alive(worker)}


def workers_of(queue: Queue) -> int:
    """How many workers serve a queue; one that was killed is counted for some two minutes more. Raises RedisError."""
    return sum(_is_alive(worker) for worker in Worker.all(queue=queue, serializer=JSONSerializer))


@contextmanager
def patiently(settings: Settings) -> Iterator[Redis]:
    """Redis for questions that may wait for a second."""
    times = {"socket_connect_timeout": PATIENCE_SECONDS, "socket_timeout": PATIENCE_SECONDS}
    with closing(Redis.from_url(settings.redis_url, retry=Retry(NoBackoff(), 0), **times)) as redis:
        yield redis


def _is_alive(worker: BaseWorker) -> bool:
    return worker.last_heartbeat is not None and worker.last_heartbeat > system_clock() - WORKER_GONE


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
