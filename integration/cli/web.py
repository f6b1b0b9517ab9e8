"""`shelfwise web`: the HTTP processes."""

from __future__ import annotations

import os

import click
from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from integration.services.threads import leave_threads_to_implicit
from integration.settings import BadSettings, Settings

# More threads than cores only take the interpreter's lock from each other; a few bridge what waits for the database.
THREADS_A_PROCESS = 4
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
    return app
