"""The job that folds a shop's waiting deliveries into the store."""

from __future__ import annotations

from contextlib import closing, suppress

from redis import Redis
from redis.exceptions import LockError

from integration.clock import system_clock
from integration.jobs.context import Job, open_job
from integration.jobs.queues import is_announced, take_ticket
from integration.services import drain as deliveries

LOCK_SECONDS = 60


def drain(shop_id: int) -> int:
    """Apply a shop's waiting deliveries, oldest first, and return how many. Running it again changes nothing.

    One drain a shop at a time: a second one leaves at once, and the first looks for news before it ends.
    """
    job = open_job(shop_id)
    with closing(job):
        applied = 0
        while True:
            applied += _drain_alone(job, shop_id)
            if not is_announced(job.redis, "drain", shop_id) or _is_locked(job.redis, shop_id):
                return applied


def _drain_alone(job: Job, shop_id: int) -> int:
    # The lock outlives a killed job by no more than a minute; each batch prolongs it.
    lock = job.redis.lock(_lock_name(shop_id), timeout=LOCK_SECONDS, blocking=False)
    if not lock.acquire():
        return 0
    applied = 0
    try:
        take_ticket(job.redis, "drain", shop_id)
        while batch := deliveries.drain(job.database, shop_id, now=system_clock()):
            applied += batch
            lock.reacquire()
        return applied
    finally:
        with suppress(LockError):
            lock.release()


def _is_locked(redis: Redis, shop_id: int) -> bool:
    return bool(redis.exists(_lock_name(shop_id)))


def _lock_name(shop_id: int) -> str:
    return f"shelfwise:drain:{shop_id}:lock"
