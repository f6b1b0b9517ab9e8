"""The worker process: RQ's own, without pickle, and quick to leave."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing.connection import wait
from types import FrameType

from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from integration.jobs.beats import WORKER_SECONDS
from integration.jobs.observed import ObservedWorker
from integration.jobs.queues import connect
from integration.observability.start import observe
from integration.services.training import Stopped
from integration.settings import Settings

log = logging.getLogger(__name__)


class StoppableWorker(ObservedWorker):
    """On the first SIGTERM or SIGINT the running job is stopped too, in good order, and the worker ends with it.

    Every job is safe to run again: the sweep brings back what was left undone. A worker that waited for a long fit
    would be killed by whoever stops it, and leave the fit's process behind.
    """

    max_connection_wait_time = 5.0

    asked_to_stop = False

    def handle_warm_shutdown_request(self) -> None:
        """Pass the wish to stop on to the running job's process."""
        self.asked_to_stop = True
        if self.horse_pid:
            self.kill_horse(signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        """In the job's process: SIGTERM ends the job by an exception, so that it can say so in the store."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _stop)


def serve(settings: Settings, queues: Sequence[str]) -> None:
    """Work off these queues until told to stop, each in a process of its own: a long fit holds no delivery up."""
    if len(queues) == 1:
        _serve_one(settings, queues[0])
        return
    fork = multiprocessing.get_context("fork")
    parent_lives = os.pipe()
    children = [fork.Process(target=_serve_as_child, args=(settings, name, parent_lives)) for name in queues]
    for child in children:
        child.start()

    def stop(_signum: int = signal.SIGTERM, _frame: FrameType | None = None) -> None:
        for child in children:
            child.terminate()

    # A Ctrl-C reaches the children by itself; RQ takes a second signal within a second for the same.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    wait([child.sentinel for child in children])
    stop()
    for child in children:
        child.join()
    raise SystemExit(max(abs(child.exitcode or 0) for child in children))


def _serve_as_child(settings: Settings, name: str, parent_lives: tuple[int, int]) -> None:
    reader, writer = parent_lives
    os.close(writer)
    threading.Thread(target=_end_with_parent, args=(reader,), daemon=True).start()
    _serve_one(settings, name)


def _end_with_parent(pipe: int) -> None:
    """The parent alone could write to this pipe, and never does: its end means that the parent is gone."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _serve_one(settings: Settings, name: str) -> None:
    observe(settings, "worker", os.environ)
    log.info("A worker serves the queue %s.", name)
    redis = connect(settings)
    queue = Queue(name, connection=redis, serializer=JSONSerializer)
    worker = StoppableWorker([queue], connection=redis, serializer=JSONSerializer, worker_ttl=WORKER_SECONDS)
    # What was imported stays; each job's process would walk all of it, and so copy it, at its first full collection.
    gc.collect()
    gc.freeze()
    try:
        # Of what RQ says for every job, ours say one line.
        worker.work(logging_level="DEBUG" if settings.log_level == "debug" else "WARNING")
    except RedisError:
        # A Redis that was stopped together with us can't be told of it any more.
        if not worker.asked_to_stop:
            raise


def _stop(_signum: int, _frame: FrameType | None) -> None:
    raise Stopped
