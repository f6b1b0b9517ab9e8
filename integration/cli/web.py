"""`shelfwise web`: the HTTP processes."""

from __future__ import annotations

import gc
import os

import click
from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from integration.services.threads import leave_threads_to_implicit
from integration.settings import BadSettings, Settings

# One answers while another waits for the store; more only take the interpreter from each other (docs/decisions/0002).
THREADS_A_PROCESS = 2
STOP_SECONDS = 3


@click.command()
def web() -> None:
    """Answer webhooks, slates, events and the demo storefront at SHELFWISE_HOST and SHELFWISE_PORT."""
    try:
        settings = Settings.from_environ(os.environ)
    except BadSettings as error:
        raise click.ClickException(str(error)) from None
    serve(settings, f"{__name__}:make_app")


def serve(settings: Settings, target: str) -> None:
    """Serve the app that a factory makes in each process ("module:function"), until a signal ends it."""
    Granian(
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
        log_level=LogLevels.info,
        log_access=False,
    ).serve()


def make_app() -> Flask:
    """The app of one web process, made from the environment."""
    # Before numpy is imported: its threads would only take turns with those that answer requests.
    leave_threads_to_implicit()
    from integration.app import create_app
    from integration.web.services import KEY, Services

    app = create_app(Settings.from_environ(os.environ))
    services: Services = app.extensions[KEY]
    services.slates.warm()
    services.todays_visits.start()
    # What was read so far stays; without this each full garbage collection walks all of it while a shopper waits.
    gc.collect()
    gc.freeze()
    return app
