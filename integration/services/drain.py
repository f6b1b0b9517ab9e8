"""Fold a shop's kept deliveries into the store: in batches, in order, without one that fails holding up the others.

*Order.* Deliveries are applied in the order of their arrival. Newest wins by itself only where a platform tells times:
some tell of a removal without one, and of two states with the same time the one that came last stands. So one that
failed holds back the later ones of its aggregate (the same product, the same order) while its next attempt is near,
which is for its first minutes, and nothing else. After that the later ones go on: a thing must not stay out of date
for hours because an old delivery can't be read. Whatever is tried again after a later one was applied, or replayed by
hand, is *overtaken*, and not believed about the present: where the platform can be asked, it is asked for that thing.

*Failure.* A batch that fails is cut in halves until the delivery is found that is the cause; it is tried again with
growing pauses and parked after the last. A store that is away is nobody's failure, and counts for none.
"""

from __future__ import annotations

import logging
import random
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import connectors
from connectors.base import Webhooks
from connectors.errors import BadDelivery, UnknownPlatform
from connectors.records import Change, Current, Order, Product, RecordKind, Refetch, Removed, VariantOf
from integration.observability.catalogue import APPLIED, APPLY_LAG_SECONDS
from integration.observability.context import about
from integration.services.apply import apply
from integration.storage import waiting_deliveries as store
from integration.storage.database import Database
from integration.storage.outages import is_outage, words_of

log = logging.getLogger(__name__)

# How long a delivery that could not be applied waits before each further attempt; after the last it is parked.
RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18000))
# Each wait is longer or shorter by up to this share, so that what failed together doesn't come back together.
JITTER = 0.2
BATCH = 200
MOST_BYTES = 4 << 20
FRAMES = 3
_chance = random.Random()  # noqa: S311 - it spreads work, it guards nothing


@dataclass(frozen=True, slots=True)
class _Read:
    """A delivery and what it says."""

    row: Any
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of a batch. count: settled or put off. more: others may be due now."""

    count: int
    more: bool


def drain(
    database: Database, shop_id: int, *, now: datetime, limit: int = BATCH, chance: random.Random = _chance
) -> int:
    """Apply a batch of the waiting deliveries; see `drain_batch`. Returns how many; 0: there is no more to do."""
    return drain_batch(database, shop_id, now=now, limit=limit, chance=chance).count


def drain_batch(
    database: Database, shop_id: int, *, now: datetime, limit: int = BATCH, chance: random.Random = _chance
) -> Drained:
    """Apply a batch of the shop's waiting deliveries, oldest first: so many, or 4 MB of bodies.

    Running it again changes nothing, nor does a second one at the same time: it does nothing, and leaves the rest to
    the first. Raises SQLAlchemyError when the store is away.
    """
    with database.read() as connection:
        rows = store.due(connection, shop_id, now, limit=limit, most_bytes=MOST_BYTES)
        overtaken = store.overtaken(connection, shop_id, rows)
    if not rows:
        return Drained(0, more=False)
    count = _Batch(database, shop_id, now, chance).take(rows, overtaken)
    return Drained(count, more=count > 0 and (len(rows) >= limit or rows[-1].bytes > MOST_BYTES // 2))


def give_up_first(
    database: Database, shop_id: int, error: str, *, now: datetime, chance: random.Random = _chance
) -> bool:
    """Put off the shop's next delivery unread, as whoever tried it came to a bad end. False: there is none."""
    with database.read() as connection:
        rows = store.due(connection, shop_id, now, limit=1, most_bytes=MOST_BYTES)
    return bool(rows) and _Batch(database, shop_id, now, chance).put_off(rows[0], error)


class _Batch:
    """Some deliveries of a shop, in order."""

    def __init__(self, database: Database, shop_id: int, now: datetime, chance: random.Random) -> None:
        self._database, self._shop_id, self._now, self._chance = database, shop_id, now, chance
        # The first delivery of an aggregate that has failed: what follows of it has to wait.
        self._held: dict[str, int] = {}
        self._began = time.monotonic()

    def take(self, rows: Sequence[Any], overtaken: set[int]) -> int:
        """Read and apply them. Returns how many were settled or put off."""
        done, read = 0, []
        for row in rows:
            try:
                changes = _webhooks(row.platform).changes(row.topic, row.body, row.triggered_at or row.received_at)
            except Exception as error:  # noqa: BLE001 - whatever a body does to its reader, the others are read
                done += self._failed(row, error)
                continue
            read.append(_Read(row, _asked_instead(row.platform, changes) if row.id in overtaken else changes))
        return done + self._apply(read)

    def put_off(self, row: Any, error: str, *, for_good: bool = False) -> bool:
        """A failed attempt of one. for_good: the same would happen again."""
        again = None if for_good or row.attempts >= len(RETRY_AFTER) else self._now + self._pause(row.attempts)
        if row.aggregate and again is not None and row.attempts < store.HOLDS_BACK_ATTEMPTS:
            self._held.setdefault(row.aggregate, row.id)
        with self._database.write() as connection:
            is_put_off = store.put_off(connection, row, error, again)
        if is_put_off:
            APPLIED.add("parked" if again is None else "retried")
        return is_put_off

    def _apply(self, read: Sequence[_Read]) -> int:
        """Apply these in one transaction, or, where that fails, each half in its own."""
        read = [each for each in read if each.row.id < self._held.get(each.row.aggregate, each.row.id + 1)]
        if not read:
            return 0
        try:
            return self._apply_together(read)
        except Exception as error:
            if is_outage(error):
                raise
            if len(read) == 1:
                return self._failed(read[0].row, error)
            log.info("shop %s: a batch of %d deliveries failed: %s", self._shop_id, len(read), words_of(error))
        middle = len(read) // 2
        return self._apply(read[:middle]) + self._apply(read[middle:])

    def _apply_together(self, read: Sequence[_Read]) -> int:
        with self._database.write() as connection:
            if not store.hold(connection, self._shop_id):
                return 0
            due = store.still_due(connection, self._shop_id, [each.row for each in read])
            mine = [each for each in read if each.row.id in due]
            if mine:
                apply(connection, self._shop_id, [change for each in mine for change in each.changes], now=self._now)
                store.settle(connection, self._shop_id, [each.row for each in mine], self._present())
        self._count(mine)
        return len(mine)

    def _count(self, applied: Sequence[_Read]) -> None:
        if applied:
            APPLIED.add("applied", by=len(applied))
        for each in applied:
            APPLY_LAG_SECONDS.observe(max(0.0, (self._present() - each.row.received_at).total_seconds()))

    def _present(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._began)

    def _failed(self, row: Any, error: Exception) -> int:
        for_good = isinstance(error, BadDelivery | UnknownPlatform)
        what = str(error) if for_good else words_of(error)
        where = "" if for_good else "\n" + "".join(traceback.format_tb(error.__traceback__)[-FRAMES:]).rstrip()
        said = (self._shop_id, row.id, row.topic, row.attempts + 1, what, where)
        with about(shop=self._shop_id, delivery=row.id, topic=row.topic):
            log.warning("shop %s: delivery %s (%s) failed, attempt %s: %s%s", *said)
        return int(self.put_off(row, what, for_good=for_good))

    def _pause(self, attempts: int) -> timedelta:
        return RETRY_AFTER[attempts] * self._chance.uniform(1 - JITTER, 1 + JITTER)


def _asked_instead(platform: str, changes: Sequence[Change]) -> Sequence[Change]:
    """What an overtaken delivery leads to: the platform is asked for what later ones may have told otherwise."""
    if connectors.get(platform).reader is None:
        return changes
    return [_question(change) or change for change in changes]


def _question(change: Change) -> Refetch | None:
    match change:
        case Current(record=Product(external_id=product)) | Current(record=VariantOf(product=product)):
            return Refetch(RecordKind.PRODUCT, product)
        case Current(record=Order(external_id=order)):
            return Refetch(RecordKind.ORDER, order)
        case Removed(untimed=True):
            return Refetch(change.kind, change.external_id)
    return None


def _webhooks(platform: str) -> Webhooks:
    connector = connectors.get(platform)
    if connector.webhooks is None:
        raise UnknownPlatform(platform, known=connectors.platforms())
    return connector.webhooks
