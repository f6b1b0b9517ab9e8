"""The safety net: puts on the queues what the store says is due and the queues missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from redis import Redis

from integration.jobs.queues import enqueue, enqueue_lost
from integration.jobs.turns import unserved
from integration.services import access, duties, feed, readings, refetches, retention, set_up, upkeep
from integration.services.shopify import billing, published_lists
from integration.services.woocommerce import attempts
from integration.settings import Settings
from integration.storage.database import Database

DueShops = Callable[[Database, Settings, datetime], Iterable[int]]

# Jobs by name, each with what says which shops are due for it; a service and a line here make a steady job.
DUE: Mapping[str, DueShops] = MappingProxyType(
    {
        "renew": access.due,
        "bill": billing.due,
        "tidy": retention.due,
        "duties": duties.due,
        "connect": attempts.due,
        "set-up": set_up.due,
        "publish": published_lists.due,
        "listen": feed.due,
        "read": readings.due,
        "refetch": refetches.due,
    }
)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many drains, fits and other jobs were enqueued, and how many lost fits were marked as killed."""

    drains: int
    fits: int
    lost: int
    others: int = 0


def sweep_deliveries(database: Database, redis: Redis, now: datetime) -> int:
    """Enqueue a drain for each shop with deliveries to apply, where none waits or works. Returns how many."""
    return enqueue_lost(redis, "drain", unserved(redis, upkeep.shops_with_waiting_deliveries(database, now)))


def sweep(database: Database, settings: Settings, redis: Redis, now: datetime) -> Swept:
    """Enqueue every drain and fit that is due, after marking fits whose process vanished. Safe to run twice."""
    retention.keep_parts(database, settings, now)
    lost = upkeep.bury_lost_fits(database, now)
    fits = sum(enqueue(redis, "train", due.shop_id, due.trigger) for due in upkeep.due_fits(database, settings, now))
    others = sum(enqueue(redis, name, shop_id) for name, due in DUE.items() for shop_id in due(database, settings, now))
    return Swept(sweep_deliveries(database, redis, now), fits, lost, others)
