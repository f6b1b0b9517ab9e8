"""The job that puts a shop's lists into the shop."""

from __future__ import annotations

from contextlib import closing, suppress

from redis.exceptions import LockError

from connectors.errors import AccessLost, PlatformError
from integration.clock import system_clock
from integration.jobs.context import open_job
from integration.jobs.queues import take_ticket
from integration.services.access import access_to
from integration.services.secrets import Vault
from integration.services.shopify import published_lists

# Longer than the slowest call; each one prolongs it.
LOCK_SECONDS = 300


def publish(shop_id: int) -> str:
    """Put a shop's lists into the shop, as far as they differ. Returns how it ended; what failed is due again later."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "publish", shop_id)
        lock = job.redis.lock(f"shelfwise:publish:{shop_id}:lock", timeout=LOCK_SECONDS, blocking=False)
        if not lock.acquire():
            return "left to another process"
        try:
            if shop_id not in published_lists.due(job.database, job.settings, system_clock()):
                return "nothing to do"
            access = access_to(job.database, Vault(job.settings.secret_keys), job.settings, shop_id)
            done = published_lists.publish(
                job.database, job.settings, access, shop_id, clock=system_clock, beat=lock.reacquire
            )
        except AccessLost as reason:
            return f"lost: {reason}"
        except PlatformError as reason:
            return f"put off: {reason}"
        finally:
            with suppress(LockError):
                lock.release()
        return f"{done.written} written, {done.removed} removed, {done.refused} refused"
