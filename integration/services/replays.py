"""Trying given-up deliveries once more, one by one or all that are alike."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from operator import attrgetter

from integration.storage import delivery_list as store
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.delivery_list import Wanted

AT_ONCE = 500


class NotReplayable(Exception):
    """This delivery can't be tried again; the message says why."""


def replay_one(database: Database, number: int, *, now: datetime) -> None:
    """Have one delivery tried once more. Raises NotReplayable."""
    with database.across_shops().read() as connection:
        row = store.find(connection, number)
    if row is None:
        raise NotReplayable(f"there is no delivery {number}; `shelfwise deliveries list` shows the newest")
    if row.status == DeliveryStatus.WAITING:
        raise NotReplayable(f"delivery {number} waits already, and is tried by itself")
    if row.status == DeliveryStatus.APPLIED:
        raise NotReplayable(f"delivery {number} was applied; what it said is in the store, and it is kept no longer")
    if not row.bytes:
        raise NotReplayable(f"of delivery {number} nothing is kept any more ({row.error})")
    with database.of(row.shop_id).write() as connection:
        store.replay(connection, row.shop_id, [row], now)


def replay_all(database: Database, wanted: Wanted, *, now: datetime) -> int:
    """Have all given-up deliveries among these tried once more, and return how many. Safe to break off and repeat."""
    replayed, last = 0, 0
    while True:
        with database.across_shops().read() as connection:
            rows = store.given_up(connection, wanted, last, AT_ONCE)
        if not rows:
            return replayed
        for shop_id, some in groupby(sorted(rows, key=attrgetter("shop_id")), key=attrgetter("shop_id")):
            with database.of(shop_id).write() as connection:
                replayed += store.replay(connection, shop_id, list(some), now)
        last = rows[-1].id
