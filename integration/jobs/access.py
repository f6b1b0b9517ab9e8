"""The job that renews a shop's token, so that no shop loses access because nobody called it for months."""

from __future__ import annotations

from contextlib import closing

from connectors.errors import AccessLost, PlatformError
from integration.jobs.context import open_job
from integration.jobs.queues import take_ticket
from integration.services import access
from integration.services.secrets import Vault


def renew(shop_id: int) -> str:
    """Renew a shop's token. Returns how it ended; what failed is tried again by the sweep, at its pace."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "renew", shop_id)
        try:
            renewed = access.renew(job.database, Vault(job.settings.secret_keys), job.settings, shop_id)
        except AccessLost as reason:
            return f"lost: {reason}"
        except PlatformError as reason:
            return f"put off: {reason}"
        return "renewed" if renewed else "left to another process"
