"""Visits that ended since a shop's model was fitted count too, within a minute, beside the path of the request.

Each round reads them from the store again, all of them. Events are there with consent only, and those of a visitor
who is erased are gone from it, so that what is forgotten there is forgotten here by the next round.
"""

from __future__ import annotations

import atexit
import logging
import threading
from datetime import timedelta

import numpy as np

from integration.clock import Clock
from integration.services.shelves import Learnt, Shelves, ShopShelves
from integration.storage.base import to_micros
from integration.storage.clicks import read_fresh_visits
from integration.storage.database import Database
from recommender.model import Model
from recommender.sessions.index import TODAY
from recommender.sessions.visits import Visits

log = logging.getLogger(__name__)

STOP_SECONDS = 5


class TodaysVisits:
    """Tells the models of all shops in one process what visits have gone on to lately.

    seconds: between two rounds of its thread; 0 for no thread. session_minutes: a visit in which nothing has happened
    for longer has ended, and counts.
    """

    def __init__(
        self, database: Database, shelves: Shelves, clock: Clock, *, session_minutes: int, seconds: int
    ) -> None:
        self._database = database
        self._shelves = shelves
        self._clock = clock
        self._gap = timedelta(minutes=session_minutes)
        self._seconds = seconds
        self._failing = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def round(self) -> None:
        """Have every shop hear of its newest visits, now. One that they can't be read of goes on as it was."""
        failed = False
        for shop in self._shelves.admitted():
            if self._stop.is_set():
                return
            try:
                self._tell(shop)
            except Exception:
                if not (self._failing or failed):
                    log.exception("shop %s: its newest visits can't be read; those before go on", shop.row.shop_id)
                failed = True
        self._failing = failed

    def start(self) -> None:
        """Run rounds in a thread of its own until `close`."""
        if self._seconds > 0 and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="todays-visits", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def close(self) -> None:
        """Stop after the shop that is being told."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self.round()

    def _tell(self, shop: ShopShelves) -> None:
        learnt, model = shop.learnt, shop.model
        if learnt is None or model is None:
            return
        visits = self._fresh(shop.row.shop_id, learnt)
        if not _heard(model, visits):
            shop.hear(learnt, learnt.next_item.with_sessions(visits.bounds, visits.items))

    def _fresh(self, shop_id: int, learnt: Learnt) -> Visits:
        quiet = to_micros(self._clock() - self._gap)
        ids = learnt.model.product_ids
        return read_fresh_visits(
            self._database.of(shop_id), shop_id, ids, since=learnt.until, quiet_since=quiet, at_most=TODAY
        )


def _heard(model: Model, visits: Visits) -> bool:
    """Whether these very visits are what a model goes by already."""
    if model.next_item is None:
        return False
    today = model.next_item.index.today
    return np.array_equal(today.items, visits.items) and np.array_equal(today.bounds, visits.bounds)
