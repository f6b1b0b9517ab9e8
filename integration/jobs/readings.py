"""The jobs that read connected shops, and ask for single things of them."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from connectors.base import Reader
from connectors.errors import AccessLost, PlatformError
from integration.clock import system_clock
from integration.jobs.context import Job, open_job
from integration.jobs.queues import enqueue, take_ticket
from integration.services import feed, readings, refetches, upkeep
from integration.services.secrets import Vault

FETCHES = 20


def read_shop(shop_id: int) -> str:
    """Read on in a shop for a turn, beginning what is due. Returns how it ended; the sweep brings back what is left."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "read", shop_id)
        try:
            platform, reader = _open(job, shop_id)
            every = timedelta(hours=job.settings.compare_hours)
            readings.plan(job.database, shop_id, platform, reader.kinds, now=system_clock(), compare_every=every)
            ran = readings.run(job.database, shop_id, reader)
        except PlatformError as reason:
            return f"put off: {reason}"
        if ran.more:
            enqueue(job.redis, "read", shop_id)
        if ran.finished:
            _learn(job, shop_id)
        return f"read to the end: {', '.join(ran.finished)}" if ran.finished else "read on"


def refetch(shop_id: int) -> str:
    """Ask for what webhooks left open in a shop. Returns how it ended; the sweep brings back what is left."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "refetch", shop_id)
        asked = 0
        try:
            _platform, reader = _open(job, shop_id)
            for _ in range(FETCHES):
                batch = refetches.fetch(job.database, shop_id, reader)
                asked += batch
                if not batch:
                    return f"asked for {asked}"
        except AccessLost as reason:
            return f"lost: {reason}"
        except PlatformError as reason:
            return f"put off after {asked}: {reason}"
        enqueue(job.redis, "refetch", shop_id)
        return f"asked for {asked}, and there is more"


def listen(shop_id: int) -> str:
    """Find out whether a shop's deliveries still come. Returns how it ended."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "listen", shop_id)
        silence = feed.listen(job.database, shop_id, system_clock())
        if silence is None:
            return "heard"
        if silence.read_at is None:
            enqueue(job.redis, "read", shop_id)
        return f"silent since {silence.since}"


def _learn(job: Job, shop_id: int) -> None:
    """A shop whose history was just read is trained at once."""
    for due in upkeep.due_fits(job.database, job.settings, system_clock()):
        if due.shop_id == shop_id:
            enqueue(job.redis, "train", shop_id, due.trigger)


def _open(job: Job, shop_id: int) -> tuple[str, Reader]:
    return readings.open_reader(job.database, Vault(job.settings.secret_keys), job.settings, shop_id)
