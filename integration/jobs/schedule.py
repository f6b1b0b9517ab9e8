"""The scheduler process: sweeps at a steady pace. Any number may run; one of them works, the others stand by.

RQ's own CronScheduler is not used: it pickles what it enqueues, counts hours in local time, and two of them double
the work.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from threading import Event

from redis import Redis
from redis.exceptions import LockError, RedisError
from redis.lock import Lock
from sqlalchemy.exc import SQLAlchemyError

from integration.clock import Clock, system_clock
from integration.jobs.beats import beat, leave
from integration.jobs.sweep import Swept, sweep, sweep_deliveries
from integration.settings import Settings
from integration.storage.database import Database

log = logging.getLogger(__name__)

PACE = timedelta(seconds=2)
FULL_SWEEP = timedelta(seconds=20)
LEAD_SECONDS = 15
NOTHING = Swept(0, 0, 0)


class Scheduler:
    """Sweeps while it holds the lead, which lapses soon after its process does."""

    def __init__(self, database: Database, settings: Settings, redis: Redis) -> None:
        self._database, self._settings, self._redis = database, settings, redis
        self._lead: Lock = redis.lock("shelfwise:scheduler", timeout=LEAD_SECONDS, blocking=False)
        self._swept_at: datetime | None = None

    def tick(self, now: datetime) -> bool:
        """One round. False if another scheduler leads. Raises RedisError or SQLAlchemyError when a store is away."""
        leads = self._keep_lead()
        beat(self._redis, leads=leads)
        if not leads:
            return False
        if self._swept_at is None or now - self._swept_at >= FULL_SWEEP:
            done = sweep(self._database, self._settings, self._redis, now)
            if done != NOTHING:
                log.info("enqueued %s drains and %s fits; %s fits were lost", done.drains, done.fits, done.lost)
            self._swept_at = now
        else:
            sweep_deliveries(self._database, self._redis, now)
        return True

    def step_down(self) -> None:
        """Leave the lead to another one at once."""
        if self._lead.owned():
            self._lead.release()
        leave(self._redis)

    def _keep_lead(self) -> bool:
        try:
            return bool(self._lead.reacquire())
        except LockError:
            return bool(self._lead.acquire())


def run(scheduler: Scheduler, stop: Event, clock: Clock = system_clock) -> None:
    """Tick until told to stop. A store that is away is said once, and asked again at the next tick."""
    away = ""
    while not stop.is_set():
        try:
            scheduler.tick(clock())
            away = ""
        except (RedisError, SQLAlchemyError) as error:
            if str(error) != away:
                away = str(error)
                log.warning("waiting: %s", away)
        stop.wait(PACE.total_seconds())
    try:
        scheduler.step_down()
    except RedisError:
        log.debug("the lead lapses by itself")
