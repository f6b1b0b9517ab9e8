"""A worker that names, counts and times its jobs."""

from __future__ import annotations

import logging
import time
from typing import Any

from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job

from integration.clock import system_clock
from integration.jobs.queues import KINDS
from integration.observability import context, tracing
from integration.observability.catalogue import JOB_SECONDS, JOB_WAIT_SECONDS, JOBS

log = logging.getLogger(__name__)
NAMES = {kind.function: name for name, kind in KINDS.items()}
OTHER = "other"


class ObservedWorker(Worker):
    """What runs within a job's process adds to the numbers of the worker that it was forked from."""

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Work a job off."""
        name = name_of(job)
        if job.enqueued_at is not None:
            JOB_WAIT_SECONDS.observe(max(0.0, (system_clock() - job.enqueued_at).total_seconds()), queue.name)
        shop = job.args[0] if job.args else 0
        began = time.perf_counter()
        carried = job.get_meta(refresh=False).get(tracing.CARRIED, {})
        with context.about(job=job.id, kind=name, shop=shop), tracing.job_span(name, carried) as span:
            is_done = super().perform_job(job, queue, execution)
            if not is_done:
                span.fail("failed")
            outcome, seconds = "done" if is_done else "failed", time.perf_counter() - began
            log.info("%s of shop %s %s in %.2f s", name, shop, outcome, seconds)
        JOBS.add(name, outcome)
        JOB_SECONDS.observe(seconds, name)
        return is_done

    def handle_work_horse_killed(self, job: Job, retpid: Any, ret_val: Any, rusage: Any) -> None:
        """Count a job whose process was killed, or took too long and was."""
        JOBS.add(name_of(job), "killed")
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]


def name_of(job: Job) -> str:
    """What kind of job it is, as KINDS calls it."""
    return NAMES.get(job.func_name or "", OTHER)
