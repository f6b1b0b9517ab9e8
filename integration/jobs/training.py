"""The job that trains a shop."""

from __future__ import annotations

from contextlib import closing

from integration.jobs.context import open_job
from integration.jobs.graph import learn_after_a_fit
from integration.jobs.queues import take_ticket
from integration.services.training import NoOrders, train
from integration.storage.fits import FitRunning


def train_shop(shop_id: int, trigger: str) -> str:
    """Fit and publish a shop's model. Returns how it ended, in a word; a failure is kept in the store and raised."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "train", shop_id)
        try:
            ended = str(train(job.database, job.settings, shop_id, trigger=trigger).status)
        except (FitRunning, NoOrders) as reason:
            return str(reason)
        learn_after_a_fit(job, shop_id)
        return ended
