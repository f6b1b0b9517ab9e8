"""The app on a real database, without a server in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from integration.app import create_app
from integration.clock import Clock
from integration.settings import Settings
from integration.web.services import KEY, Services

AppMaker = Callable[[Settings], Flask]


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
