"""The job that puts in place what the app needs in a shop."""

from __future__ import annotations

from contextlib import closing

from connectors.errors import PlatformError
from integration.clock import system_clock
from integration.jobs.context import open_job
from integration.jobs.queues import take_ticket
from integration.services.secrets import Vault
from integration.services.set_up import put_off, set_up


def set_up_shop(shop_id: int) -> str:
    """Set a shop up. Returns how it ended; what is left undone is tried again by the sweep, ever more rarely."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "set-up", shop_id)
        try:
            trouble = set_up(job.database, Vault(job.settings.secret_keys), job.settings, shop_id)
        except PlatformError as reason:
            put_off(job.database, shop_id, reason.sentence, system_clock())
            return f"put off: {reason}"
        return f"not yet: {', '.join(trouble)}" if trouble else "set up"
