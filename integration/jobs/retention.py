"""The job that deletes behaviour of which the time is over."""

from __future__ import annotations

from contextlib import closing

from integration.clock import system_clock
from integration.jobs.context import open_job
from integration.jobs.queues import take_ticket
from integration.services import retention


def tidy(shop_id: int) -> int:
    """Tidy a shop and return how many rows went. Running it again changes nothing."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "tidy", shop_id)
        return retention.tidy(job.database, job.settings, shop_id, system_clock())
