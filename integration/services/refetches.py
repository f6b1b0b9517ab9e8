"""Asking for single things that a webhook spoke of and did not tell whole, or that a reading found wanting."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from connectors.base import Reader
from connectors.errors import AccessLost, PlatformError
from connectors.records import Refetch as Wanted
from integration.clock import Clock, system_clock
from integration.services.apply import apply
from integration.services.readings import HOPELESS_RETRY, pause_after
from integration.settings import Settings
from integration.storage import reading_writes as store
from integration.storage.database import Database

log = logging.getLogger(__name__)

AT_ONCE = 60


def fetch(database: Database, shop_id: int, reader: Reader, *, clock: Clock = system_clock) -> int:
    """Ask for a batch of what is wanted, and store it. Returns how many things were asked; 0: nothing is due.

    Nothing is lost: what fails is asked again later, and one by one where a whole batch fails for good. Raises
    AccessLost, or a PlatformError that may pass.
    """
    with database.read() as connection:
        rows = store.wanted(connection, shop_id, clock(), AT_ONCE)
    if not rows:
        return 0
    try:
        _fetch(database, shop_id, reader, rows, clock())
    except PlatformError as error:
        _put_off(database, rows, error, clock())
        if isinstance(error, AccessLost) or error.retryable:
            raise
        for row in rows if len(rows) > 1 else ():
            _fetch_one(database, shop_id, reader, row, clock())
    return len(rows)


def due(database: Database, _settings: Settings, now: datetime) -> list[int]:
    """The shops of which something is to be asked now."""
    with database.read() as connection:
        return store.shops_with_wants(connection, now)


def _fetch(database: Database, shop_id: int, reader: Reader, rows: Sequence[Row[Any]], now: datetime) -> None:
    changes = reader.fetch([Wanted(row.kind, row.external_id) for row in rows])
    with database.write() as connection:
        store.answered(connection, rows)
        apply(connection, shop_id, changes, now=now)


def _fetch_one(database: Database, shop_id: int, reader: Reader, row: Row[Any], now: datetime) -> None:
    try:
        _fetch(database, shop_id, reader, [row], now)
    except AccessLost:
        raise
    except PlatformError as error:
        log.warning("shop %s: %s %s can't be asked for: %s", shop_id, row.kind, row.external_id, error)


def _put_off(database: Database, rows: Sequence[Row[Any]], error: PlatformError, now: datetime) -> None:
    pause = pause_after(max(row.attempts for row in rows)) if error.retryable else HOPELESS_RETRY
    with database.write() as connection:
        store.put_off(connection, rows, now + pause)
