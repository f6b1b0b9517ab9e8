"""Every slate that was computed is kept, in batches, beside the path of the request.

What waits in memory is lost when the process is killed: a slate is a log entry, not a promise to a platform.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec

from integration.observability.catalogue import SLATES_LOST
from integration.storage.base import to_micros
from integration.storage.database import Database
from recommender.serving.slates import RankedSlate

log = logging.getLogger(__name__)
_encode = msgspec.json.encode

COLUMNS = (
    "shop_id",
    "slate",
    "placement",
    "strategy",
    "model_version",
    "arm",
    "propensity",
    "visitor",
    "items",
    "created_at",
)

FLUSH_SECONDS = 1.0
BATCH = 500
# Past this many waiting slates (a store that is down, or too slow) the oldest are dropped and counted.
MOST_WAITING = 20_000


class SlateLog:
    """Writes slates from a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database.across_shops()
        mark = "?" if database.is_sqlite else "%s"
        self._row_marks = f"({', '.join([mark] * len(COLUMNS))})"
        self._waiting: deque[tuple[Any, ...]] = deque(maxlen=MOST_WAITING)
        self._due = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._flushing = threading.Lock()
        self.dropped = 0

    def add(
        self,
        *,
        shop_id: int,
        slate_id: str,
        placement: str,
        model_version: str | None,
        arm: str,
        visitor: str,
        created_at: datetime,
        ranked: RankedSlate,
    ) -> None:
        """Keep a slate soon. `visitor` is empty without consent."""
        items = _encode(
            [
                (item.product_id, item.strategy, item.score, item.reason.kind, item.reason.because, item.reason.count)
                for item in ranked.items
            ]
        ).decode()
        if len(self._waiting) == MOST_WAITING:
            self.dropped += 1
            SLATES_LOST.add()
        created = to_micros(created_at)
        self._waiting.append(
            (shop_id, slate_id, placement, ranked.strategy, model_version, arm, 1.0, visitor, items, created)
        )
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Write what waits, now. A batch that the store doesn't take goes back to the front of the queue."""
        with self._flushing:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                try:
                    with self._database.write(durable=False) as connection:
                        connection.exec_driver_sql(self._insert(len(batch)), tuple(chain.from_iterable(batch)))
                except Exception:
                    self._waiting.extendleft(reversed(batch))
                    raise

    def _insert(self, rows: int) -> str:
        """One statement for all rows: each further one would take the interpreter from a request and give it back."""
        return f"INSERT INTO slate ({', '.join(COLUMNS)}) VALUES {', '.join([self._row_marks] * rows)}"  # noqa: S608

    def close(self) -> None:
        """Write what waits and stop."""
        self._closed = True
        self._due.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _start(self) -> None:
        with self._flushing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="slate-log", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        while not self._closed:
            self._due.wait(FLUSH_SECONDS)
            try:
                self.flush()
            except Exception:
                log.exception("%d slates wait for the store", len(self._waiting))
