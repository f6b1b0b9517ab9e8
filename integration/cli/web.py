"""`shelfwise web`: the HTTP processes."""

from __future__ import annotations

import gc
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import click
from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from integration.observability import logs
from integration.observability.start import observe
from integration.services.readiness import stopping_file
from integration.services.threads import leave_threads_to_implicit
from integration.settings import BadSettings, Settings

# Slates are computed one at a time (integration/web/turns.py); the rest are there for deliveries, which wait for the
# disk: those that wait at once share one wait on PostgreSQL (docs/decisions/0002).
THREADS_A_PROCESS = 8
STOP_SECONDS = 3
# Granian's lines are written as ours are.
OWN_LOGGERS = {
    "formatters": {},
    "handlers": {},
    "loggers": {name: {"handlers": [], "propagate": True} for name in ("_granian", "granian.access")},
}


@click.command()
def web() -> None:
    """Answer webhooks, slates, events and the demo storefront at SHELFWISE_HOST and SHELFWISE_PORT."""
    try:
        settings = Settings.from_environ(os.environ)
    except BadSettings as error:
        raise click.ClickException(str(error)) from None
    serve(settings, f"{__name__}:make_app")


class _Server(Granian):  # type: ignore[valid-type,misc]  # chosen at import
    """Granian's own server, which can go on for a while after it was told to end, and says so meanwhile."""

    stopping: Path
    delay_seconds = 0
    was_told = False

    def signal_handler_interrupt(self, *args: object, **kwargs: object) -> None:
        """Stop; after a SIGTERM once the delay has passed, and at once when told twice."""
        if self.delay_seconds and args[:1] == (signal.SIGTERM,) and not self.was_told:
            self.was_told = True
            # Where it can't be said, it goes on for a while all the same.
            with suppress(OSError):
                self.stopping.parent.mkdir(parents=True, exist_ok=True)
                self.stopping.touch()
            threading.Timer(self.delay_seconds, super().signal_handler_interrupt).start()
        else:
            super().signal_handler_interrupt(*args, **kwargs)


def serve(settings: Settings, target: str) -> None:
    """Serve the app that a factory makes in each process ("module:function"), until a signal ends it."""
    logs.configure(settings.log_format, "web", level=settings.log_level)
    server = _Server(
        target,
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.web_processes,
        blocking_threads=THREADS_A_PROCESS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels(settings.log_level),
        log_access=False,
        log_dictconfig=OWN_LOGGERS,
    )
    server.stopping = stopping_file(settings.data_dir, os.getpid())
    server.delay_seconds = settings.stop_delay_seconds
    server.stopping.unlink(missing_ok=True)
    try:
        server.serve()
    finally:
        server.stopping.unlink(missing_ok=True)


def make_app() -> Flask:
    """The app of one web process, made from the environment."""
    # Before numpy is imported: its threads would only take turns with those that answer requests.
    leave_threads_to_implicit()
    from integration.app import create_app
    from integration.storage import security
    from integration.web.services import KEY, Services

    settings = Settings.from_environ(os.environ)
    observe(settings, "web", os.environ)
    app = create_app(settings)
    services: Services = app.extensions[KEY]
    security.warn(services.database)
    services.slates.warm()
    services.todays_visits.start()
    # What was read so far stays; without this each full garbage collection walks all of it while a shopper waits.
    gc.collect()
    gc.freeze()
    return app
