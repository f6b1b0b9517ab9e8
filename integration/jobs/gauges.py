"""How Redis, the queues and those who serve them stand, for whoever collects metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from integration.jobs.beats import LEADS, STANDS_BY, beats, patiently, workers_of
from integration.jobs.queues import QUEUES, connect_quickly
from integration.observability import catalogue as metrics
from integration.observability.metrics import Reading
from integration.settings import Settings


def queue_gauges(settings: Settings, now: datetime) -> list[Reading]:
    """Every gauge of the queues; that Redis is down, and nothing else, where it does not answer soon."""
    try:
        with patiently(settings) as redis:
            redis.ping()
            return [Reading(metrics.REDIS_UP, 1), *_schedulers(redis), *_queues(redis, now)]
    except RedisError:
        return [Reading(metrics.REDIS_UP, 0)]


def reach(settings: Settings) -> None:
    """Raises RedisError where Redis does not answer soon."""
    redis = connect_quickly(settings)
    try:
        redis.ping()
    finally:
        redis.close()


def _schedulers(redis: Redis) -> Iterator[Reading]:
    states = list(beats(redis).values())
    for state in (LEADS, STANDS_BY):
        yield Reading(metrics.SCHEDULERS, states.count(state), (state,))


def _queues(redis: Redis, now: datetime) -> Iterator[Reading]:
    for name in QUEUES:
        queue = Queue(name, connection=redis, serializer=JSONSerializer)
        counts = {
            "waiting": queue.count,
            "running": queue.started_job_registry.get_job_count(cleanup=False),
            "failed": queue.failed_job_registry.get_job_count(cleanup=False),
        }
        for state, count in counts.items():
            yield Reading(metrics.QUEUE_JOBS, count, (name, state))
        yield Reading(metrics.QUEUE_OLDEST_SECONDS, _oldest(queue, now), (name,))
        yield Reading(metrics.WORKERS, workers_of(queue), (name,))


def _oldest(queue: Queue, now: datetime) -> float:
    """How long the job that comes next has waited; queues are served first in, first out."""
    for job_id in queue.get_job_ids(0, 1):
        job = queue.fetch_job(job_id)
        if job is not None and job.enqueued_at is not None:
            enqueued = job.enqueued_at if job.enqueued_at.tzinfo else job.enqueued_at.replace(tzinfo=UTC)
            return max(0.0, (now - enqueued).total_seconds())
    return 0.0
