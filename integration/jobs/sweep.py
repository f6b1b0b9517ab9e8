"""The safety net: puts on the queues what the store says is due and the queues missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from integration.jobs.queues import enqueue
from integration.services import upkeep
from integration.settings import Settings
from integration.storage.database import Database


@dataclass(frozen=True, slots=True)
class Swept:
    """How many drains and fits were enqueued, and how many lost fits were marked as killed."""

    drains: int
    fits: int
    lost: int


def sweep_deliveries(database: Database, redis: Redis, now: datetime) -> int:
    """Enqueue a drain for each shop with waiting deliveries. Returns how many were not on the queue already."""
    return sum(enqueue(redis, "drain", shop_id) for shop_id in upkeep.shops_with_waiting_deliveries(database, now))


def sweep(database: Database, settings: Settings, redis: Redis, now: datetime) -> Swept:
    """Enqueue every drain and fit that is due, after marking fits whose process vanished. Safe to run twice."""
    lost = upkeep.bury_lost_fits(database, now)
    fits = sum(enqueue(redis, "train", due.shop_id, due.trigger) for due in upkeep.due_fits(database, settings, now))
    return Swept(sweep_deliveries(database, redis, now), fits, lost)
