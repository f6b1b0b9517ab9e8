"""The long-running processes that the Procfile starts."""

from __future__ import annotations

import logging
import os
import signal
import time
from typing import TYPE_CHECKING

import click

from integration.observability import logs
from integration.observability.start import observe
from integration.services.threads import leave_threads_to_implicit
from integration.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

log = logging.getLogger(__name__)


@click.command()
@click.option("--queue", "queues", multiple=True, help="Serve only this queue: intake or training.")
def worker(queues: tuple[str, ...]) -> None:
    """Work off the queues: deliveries to fold in, shops to train. Start as many as you like."""
    from integration.jobs.queues import QUEUES, connect

    if unknown := set(queues) - set(QUEUES):
        raise click.UsageError(f"there is no queue {min(unknown)!r}; there are {' and '.join(QUEUES)}")
    settings = Settings.from_environ(os.environ)
    logs.configure(settings.log_format, "worker", level=settings.log_level)
    redis = connect(settings)
    _wait_for(redis)
    leave_threads_to_implicit()
    # Imported here, in the parent, so that each job's process is forked with it and starts at once.
    import integration.jobs.intake
    import integration.jobs.training  # noqa: F401
    from integration.jobs.worker import serve

    redis.close()
    serve(settings, queues or QUEUES)


@click.command()
def scheduler() -> None:
    """Put on the queues what is due: shops to train, deliveries that were missed. A second one stands by."""
    from threading import Event

    from integration.jobs.queues import connect
    from integration.jobs.schedule import Scheduler, run
    from integration.storage import security
    from integration.storage.database import Database

    settings = Settings.from_environ(os.environ)
    observe(settings, "scheduler", os.environ)
    redis = connect(settings)
    _wait_for(redis)
    stop = Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda _signum, _frame: stop.set())
    log.info("The scheduler runs.")
    database = Database(settings.database_url)
    security.warn(database)
    run(Scheduler(database.across_shops(), settings, redis), stop)


def _wait_for(redis: Redis) -> None:
    from redis.exceptions import RedisError

    said = False
    while True:
        try:
            redis.ping()
        except RedisError as error:
            if not said:
                log.info("Waiting for Redis: %s", error)
                said = True
            time.sleep(0.5)
        else:
            return
