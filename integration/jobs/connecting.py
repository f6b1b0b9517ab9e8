"""The job that tests the keys of a shop that a merchant connects."""

from __future__ import annotations

from contextlib import closing

from integration.jobs.context import open_job
from integration.jobs.queues import enqueue, take_ticket
from integration.services.secrets import Vault
from integration.services.woocommerce.connect import finish


def connect(attempt_id: int) -> str:
    """Test an attempt's keys and connect its shop. Returns how it ended."""
    job = open_job()
    with closing(job):
        take_ticket(job.redis, "connect", attempt_id)
        outcome = finish(job.database, Vault(job.settings.secret_keys), job.settings, attempt_id)
        if outcome is None:
            return "left to another process"
        if outcome.shop_id is None:
            return f"not connected: {outcome.reason}"
        for name in ("set-up", "read"):
            enqueue(job.redis, name, outcome.shop_id)
        return f"connected: {outcome.key}"
