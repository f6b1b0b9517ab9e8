"""The job that folds shops' waiting deliveries into the store, a slice of time for each shop in turn.

RQ forks a process for each job, some 130 a second. So the process of a drain takes the next drains off the queue
itself, for some seconds, with its connections open. A shop with more to do than its slice goes to the end of the queue
as soon as another shop waits: however much one shop sends, another waits for a slice of each shop, not for its flood.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing

from sqlalchemy.exc import SQLAlchemyError

from integration.clock import system_clock
from integration.jobs.context import Job, open_job
from integration.jobs.queues import enqueue, next_waiting, take_ticket, waits_any
from integration.jobs.turns import Turn
from integration.observability import context
from integration.services import drain as deliveries
from integration.services.drain import Drained
from integration.storage.outages import is_outage, words_of

log = logging.getLogger(__name__)

# How long one process goes on with shop after shop, and how long it waits for another one before it ends.
SERVE_SECONDS = 60.0
IDLE_SECONDS = 1.0
# How long a batch is to take: short while several shops have something, as the others wait for it; longer for one that
# is alone, as each batch costs the store some milliseconds besides. Alone: no other was served for so long.
SHARED_SECONDS, ALONE_SECONDS = 0.01, 0.04
ALONE_AFTER_SECONDS = 1.0
FEWEST, FIRST = 5, 40
DIED = "the process that applied it died, time after time"


def drain(shop_id: int) -> int:
    """Apply a shop's waiting deliveries, then those of the next shops on the queue, and return how many.

    Running it again changes nothing. One process a shop at a time: a second one leaves the shop at once, and the first
    looks for news before it ends. Raises SQLAlchemyError when the store is away: the sweep brings back what is left.
    """
    with closing(open_job()) as job:
        server = _Server(job)
        until = time.monotonic() + SERVE_SECONDS
        applied, shop = 0, shop_id
        while True:
            applied += server.serve(shop)
            left = until - time.monotonic()
            following = next_waiting(job.redis, "drain", min(left, IDLE_SECONDS)) if left > 0 else None
            if following is None:
                return applied
            shop = following


class _Server:
    """A process that serves shops, and knows by now how much it does in a batch's time."""

    def __init__(self, job: Job) -> None:
        self._job, self._redis, self._size = job, job.redis, FIRST
        self._served, self._changed_at = 0, time.monotonic()

    def serve(self, shop_id: int) -> int:
        """Some time for a shop, and more if news came in meanwhile. Returns how many were applied."""
        if shop_id != self._served:
            self._served, self._changed_at = shop_id, time.monotonic()
        take_ticket(self._redis, "drain", shop_id)
        turn, applied = Turn(self._redis, shop_id), 0
        with context.about(shop=shop_id):
            while turn.begin():
                try:
                    done, more = self._slice(turn, shop_id)
                finally:
                    news = turn.end()
                applied += done
                if more:
                    enqueue(self._redis, "drain", shop_id)
                if more or not news:
                    break
        return applied

    def _slice(self, turn: Turn, shop_id: int) -> tuple[int, bool]:
        """Returns how many were applied, and whether the shop was left with more to do."""
        end, applied = time.monotonic() + self._aim(), 0
        try:
            while True:
                done = self._batch(turn, shop_id)
                applied += done.count
                if not done.more:
                    return applied, False
                if not turn.goes_on() or (time.monotonic() >= end and waits_any(self._redis, "drain")):
                    return applied, True
        except SQLAlchemyError as error:
            turn.passed(self._size, self._size)
            if not is_outage(error):
                raise
            log.warning("shop %s: its deliveries wait, for the store is away: %s", shop_id, words_of(error))
        return applied, False

    def _batch(self, turn: Turn, shop_id: int) -> Drained:
        database, size = self._job.database.of(shop_id), turn.size(self._size)
        if size == 0:
            turn.passed(1, self._size)
            given_up = deliveries.give_up_first(database, shop_id, DIED, now=system_clock())
            return Drained(int(given_up), more=given_up)
        began = time.monotonic()
        done = deliveries.drain_batch(database, shop_id, now=system_clock(), limit=size)
        turn.passed(size, self._size)
        if done.count >= self._size:
            fits = int(done.count * self._aim() / max(time.monotonic() - began, 0.001))
            self._size = max(FEWEST, min(fits, 2 * done.count, deliveries.BATCH))
        return done

    def _aim(self) -> float:
        """How many seconds a batch is to take."""
        alone = time.monotonic() - self._changed_at > ALONE_AFTER_SECONDS
        return ALONE_SECONDS if alone else SHARED_SECONDS
