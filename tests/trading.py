"""Shops with a past to learn from, and a `shelfwise` process of their own to learn it in."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.records import Change, Current, Order
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import START, order, stock, write

PRODUCTS, GROUP = 32, 4
PATIENCE_SECONDS = 60.0


def habits(numbers: Sequence[int], *, end: datetime = START, days: float = 120.0, seed: int = 7) -> list[Change]:
    """Orders of these numbers, spread over the days before `end`: three products of one group of four each."""
    chance = random.Random(seed)
    changes = []
    for place, number in enumerate(numbers):
        group = chance.randrange(PRODUCTS // GROUP)
        bought = chance.sample(range(group * GROUP + 1, (group + 1) * GROUP + 1), 3)
        when = end - timedelta(days=days * (len(numbers) - place) / len(numbers))
        changes.append(order(number, bought, customer=f"c{chance.randrange(60)}", at=when))
    return changes


def open_for_business(database: Database, shop_id: int, orders: int = 400) -> None:
    """Give a shop its products and orders with habits in them."""
    stock(database, shop_id, range(1, PRODUCTS + 1))
    write(database, shop_id, habits(range(orders)))


def cancelled(change: Change, at: datetime) -> Change:
    """The same order, cancelled."""
    assert isinstance(change, Current)
    assert isinstance(change.record, Order)
    return Current(replace(change.record, cancelled_at=at), at)


@contextmanager
def shelfwise(settings: Settings, *arguments: str, **more: object) -> Iterator[subprocess.Popen[str]]:
    """A `shelfwise` process on these settings; it is killed at the end of the block if it still runs."""
    wanted = {"data_dir": settings.data_dir, "database_url": settings.database_url, "redis_url": settings.redis_url}
    secret = {"secret_keys": settings.secret_keys}
    own = {f"SHELFWISE_{name.upper()}": str(value) for name, value in (wanted | secret | more).items()}
    others = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "integration.cli", *arguments],
        env=others | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(true: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Wait for something to come true; fail when it does not, or when the process that was to do it has ended."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if process is not None and process.poll() is not None and not true():
            raise AssertionError(f"it ended with {process.returncode}: {process.communicate()[0]}")
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
