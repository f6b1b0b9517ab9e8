"""The job that reads a shop's plan and reports what it used."""

from __future__ import annotations

from contextlib import closing

from integration.clock import system_clock
from integration.jobs.context import open_job
from integration.jobs.queues import take_ticket
from integration.services.shopify import billing


def bill(shop_id: int) -> str:
    """Bring a shop's billing up to date. Returns how it ended, in words; running it again charges nothing twice."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "bill", shop_id)
        return billing.bill(job.database, job.settings, shop_id, system_clock())
