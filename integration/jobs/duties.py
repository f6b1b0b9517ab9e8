"""The job that serves what is owed to customers, and to shops that left."""

from __future__ import annotations

from contextlib import closing

from integration.clock import system_clock
from integration.jobs.context import open_job
from integration.jobs.queues import take_ticket
from integration.services import duties
from integration.services.secrets import Vault


def serve(shop_id: int) -> int:
    """Do what can be done for a shop's duties, and return how many are done. Running it again changes nothing."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "duties", shop_id)
        vault = Vault(job.settings.secret_keys)
        return duties.serve(job.database, vault, job.settings, shop_id, system_clock())
