"""A shop that is ready to be trained."""

from __future__ import annotations

import pytest

from integration.settings import Settings
from integration.storage.database import Database
from tests.making import make_shop
from tests.trading import open_for_business


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    """A shop with products and a few months of orders."""
    number = make_shop(database, settings)
    open_for_business(database, number)
    return number
