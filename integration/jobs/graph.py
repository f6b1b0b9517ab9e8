"""The job that learns a shop's product graph."""

from __future__ import annotations

from contextlib import closing, suppress
from datetime import timedelta

from redis.exceptions import RedisError

from integration.clock import system_clock
from integration.jobs.context import Job, open_job
from integration.jobs.queues import enqueue, take_ticket
from integration.services.graph import NothingToRelate, learn_graph, learnt_at, vectors_path
from recommender.graph.train import TorchMissing, need_torch

OFTEN_ENOUGH = timedelta(hours=20)


def learn_shop(shop_id: int) -> str:
    """Learn a shop's product vectors. Returns how it ended, in a sentence; what breaks it is raised."""
    job = open_job(shop_id)
    with closing(job):
        take_ticket(job.redis, "graph", shop_id)
        try:
            learn_graph(job.database, job.settings, shop_id)
        except (NothingToRelate, TorchMissing) as reason:
            return str(reason)
        return "learnt"


def learn_after_a_fit(job: Job, shop_id: int) -> bool:
    """Enqueue the learning that the next fit will try: where PyTorch is installed, about once a day."""
    try:
        need_torch()
    except TorchMissing:
        return False
    before = learnt_at(vectors_path(job.settings, shop_id))
    if before is not None and system_clock() - before < OFTEN_ENOUGH:
        return False
    with suppress(RedisError):
        return enqueue(job.redis, "graph", shop_id)
    return False
