"""The client of the Admin API on a shop whose points are few: a played Shopify that really refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from connectors.base import Access
from connectors.errors import PlatformError
from connectors.shopify.graphql.client import Admin
from connectors.shopify.graphql.cost import Cost
from tests.functional.shopify.conftest import Play


class Anything(msgspec.Struct):
    """Data that nobody looks at."""


class Counting(Admin):
    """Counts how often it is refused."""

    refusals = 0

    def _throttled(self, asked: Any, cost: Cost) -> Any:
        self.refusals += 1
        return super()._throttled(asked, cost)


@pytest.fixture
def client(play: Play) -> Callable[[], Counting]:
    token = play.token()
    return lambda: Counting(Access(play.shop, f"{play.url}/{play.shop}", lambda: token, time.sleep))


def ask(admin: Admin, play: Play, times: int) -> None:
    ids = [f"gid://shopify/Product/{each}" for each in play.state.products]
    for round_ in range(times):
        admin.run("published_lists", {"ids": ids[: 5 + 6 * (round_ % 4)]}, Anything)
        admin.run("changed_products", {"since": "", "first": 50, "after": None}, Anything)


def test_one_client_is_hardly_ever_refused(play: Play, client: Callable[[], Counting]) -> None:
    play.set_costs(size=120, rate=400)
    admin = client()
    ask(admin, play, 8)
    # Only where a call costs more than the last time; and then it gets through at the next attempt.
    assert admin.refusals <= 6
    assert admin.bucket.status is not None


def test_several_that_know_nothing_of_each_other_all_come_to_their_end(
    play: Play, client: Callable[[], Counting]
) -> None:
    play.set_costs(size=80, rate=400)
    clients = [client() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(ask, each, play, 2) for each in clients]:
            done.result()
    assert sum(each.refusals for each in clients)


def test_a_call_that_never_fits_in_is_told_at_once(play: Play, client: Callable[[], Counting]) -> None:
    play.set_costs(size=20, rate=1)
    with pytest.raises(PlatformError, match="ask for less"):
        client().run("changed_products", {"since": "", "first": 50, "after": None}, Anything)
