"""The app on a real database, without a server in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from integration.app import create_app
from integration.cli import main
from integration.clock import Clock
from integration.settings import Settings
from integration.web.services import KEY, Services

AppMaker = Callable[[Settings], Flask]
Command = Callable[..., Result]


@pytest.fixture
def make_app(clock: Clock) -> Iterator[AppMaker]:
    """Makes apps of whatever settings, and closes them after the test."""
    made: list[Flask] = []

    def make(settings: Settings) -> Flask:
        made.append(create_app(settings, clock=clock))
        return made[-1]

    yield make
    for app in made:
        services: Services = app.extensions[KEY]
        services.slate_log.close()
        services.database.close()


@pytest.fixture
def app(settings: Settings, make_app: AppMaker) -> Flask:
    """The app."""
    return make_app(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the app."""
    return app.test_client()


def environ_of(settings: Settings) -> dict[str, str]:
    """What a command is started with, to work on a test's own settings."""
    return {
        "SHELFWISE_DATA_DIR": str(settings.data_dir),
        "SHELFWISE_DATABASE_URL": settings.database_url,
        "SHELFWISE_REDIS_URL": settings.redis_url,
        "SHELFWISE_SECRET_KEYS": settings.secret_keys,
        "COLUMNS": "200",
    }


@pytest.fixture
def shelfwise(settings: Settings) -> Command:
    """Runs a command on the test's own settings."""
    return lambda *arguments: CliRunner().invoke(main, arguments, env=environ_of(settings))
