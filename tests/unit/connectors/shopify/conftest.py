"""A shop that says what a test tells it to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.shopify.graphql import client
from tests.scripted_shop import ScriptedShop, scripted_shop


@pytest.fixture(scope="module")
def _scripted() -> Iterator[ScriptedShop]:
    with scripted_shop() as shop:
        yield shop


@pytest.fixture
def shop(_scripted: ScriptedShop) -> ScriptedShop:
    """The shop, that has not been asked yet."""
    _scripted.forget()
    client._warn_once.cache_clear()
    return _scripted
