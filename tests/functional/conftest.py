"""The app on a real database, without a server in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from integration.app import create_app
from integration.settings import Settings
from integration.web.services import KEY, Services


@pytest.fixture
def app(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Flask]:
    """The app."""
    made = create_app(settings, clock=clock)
    yield made
    services: Services = made.extensions[KEY]
    services.slate_log.close()
    services.database.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the app."""
    return app.test_client()
