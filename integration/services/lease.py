"""Keeping a running fit's lease alive from a thread of its own."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from integration.clock import system_clock
from integration.storage import fits
from integration.storage.database import Database

LEASE = timedelta(seconds=30)
RENEWALS_A_LEASE = 5


class Heartbeat:
    """Renews a fit's lease while its block runs, and writes the stage that it has come to.

    It has its own connection, so it goes on while the fit computes. A store that is away for a moment is asked again
    at the next beat; the lease covers several.
    """

    def __init__(self, database: Database, fit_id: int, lease: timedelta) -> None:
        self._database, self._fit_id, self._lease = database, fit_id, lease
        self._stage = ""
        self._ended = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease of fit {fit_id}", daemon=True)

    def enter_stage(self, stage: str) -> None:
        """Tell the next beat, which comes at once, what the fit is doing."""
        if stage != self._stage:
            self._stage = stage
            self._wake.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        alive = True
        while alive:
            self._wake.wait((self._lease / RENEWALS_A_LEASE).total_seconds())
            self._wake.clear()
            if self._ended:
                return
            try:
                until = system_clock() + self._lease
                alive = fits.renew_lease(self._database, self._fit_id, stage=self._stage, until=until)
            except SQLAlchemyError:
                continue
