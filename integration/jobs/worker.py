"""The worker process: RQ's own, without pickle, and quick to leave."""

from __future__ import annotations

import signal
from types import FrameType

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from integration.services.training import Stopped


class StoppableWorker(Worker):
    """On the first SIGTERM or SIGINT the running job is stopped too, in good order, and the worker ends with it.

    Every job is safe to run again: the sweep brings back what was left undone. A worker that waited for a long fit
    would be killed by whoever stops it, and leave the fit's process behind.
    """

    max_connection_wait_time = 5.0

    def handle_warm_shutdown_request(self) -> None:
        """Pass the wish to stop on to the running job's process."""
        if self.horse_pid:
            self.kill_horse(signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        """In the job's process: SIGTERM ends the job by an exception, so that it can say so in the store."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _stop)


def make_worker(redis: Redis, queues: tuple[str, ...]) -> StoppableWorker:
    """A worker for these queues, the first of them first."""
    named = [Queue(name, connection=redis, serializer=JSONSerializer) for name in queues]
    return StoppableWorker(named, connection=redis, serializer=JSONSerializer)


def _stop(_signum: int, _frame: FrameType | None) -> None:
    raise Stopped
