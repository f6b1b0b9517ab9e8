"""Every slate that was computed is kept, in batches, beside the path of the request.

What waits in memory is lost when the process is killed: a slate is a log entry, not a promise to a platform.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.behaviour import Slate
from integration.storage.database import Database
from integration.storage.upsert import table_of
from recommender.slates import RankedSlate

log = logging.getLogger(__name__)
SLATE = table_of(Slate)

FLUSH_SECONDS = 0.5
BATCH = 500
# Past this many waiting slates (a store that is down, or too slow) the oldest are dropped and counted.
MOST_WAITING = 20_000


@dataclass(frozen=True, slots=True)
class LoggedSlate:
    """A slate as it was computed; `visitor` is empty without consent."""

    slate_id: str
    shop_id: int
    placement: str
    model_version: str | None
    arm: str
    visitor: str
    created_at: datetime
    ranked: RankedSlate


class SlateLog:
    """Writes slates from a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[LoggedSlate] = deque(maxlen=MOST_WAITING)
        self._due = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._flushing = threading.Lock()
        self.dropped = 0

    def add(self, entry: LoggedSlate) -> None:
        """Keep a slate soon."""
        if len(self._waiting) == MOST_WAITING:
            self.dropped += 1
        self._waiting.append(entry)
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Write what waits, now. A batch that the store doesn't take goes back to the front of the queue."""
        with self._flushing:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                try:
                    with self._database.write() as connection:
                        connection.execute(SLATE.insert(), [_row(entry) for entry in batch])
                except Exception:
                    self._waiting.extendleft(reversed(batch))
                    raise

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


def _row(entry: LoggedSlate) -> dict[str, Any]:
    return {
        "shop_id": entry.shop_id,
        "slate": entry.slate_id,
        "placement": entry.placement,
        "strategy": entry.ranked.strategy,
        "model_version": entry.model_version,
        "arm": entry.arm,
        "propensity": 1.0,
        "visitor": entry.visitor,
        "items": [
            {
                "product": item.product_id,
                "strategy": item.strategy,
                "score": item.score,
                "reason": [item.reason.kind, item.reason.because, item.reason.count],
            }
            for item in entry.ranked.items
        ],
        "created_at": entry.created_at,
    }
