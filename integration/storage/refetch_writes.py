"""What the platform has to be asked again, and readings that wait for its word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, update

from connectors.records import Refetch as Wanted
from integration.storage.readings import Reading, Refetch
from integration.storage.upsert import always, table_of, upsert

REFETCH = table_of(Refetch)
READING = table_of(Reading)

_KEY = ("shop_id", "kind", "external_id")


def ask_again(connection: Connection, shop_id: int, wanted: Iterable[Wanted], now: datetime) -> None:
    """Note what has to be asked; what was noted before is asked anew, for it changed meanwhile."""
    rows = [
        {
            "shop_id": shop_id,
            "kind": each.kind,
            "external_id": each.external_id,
            "asked_at": now,
            "attempts": 0,
            "next_attempt_at": None,
        }
        for each in dict.fromkeys(wanted)
    ]
    state = ("asked_at", "attempts", "next_attempt_at")
    upsert(connection, REFETCH, rows, key=_KEY, update=state, newer=always)


def wake_readings(connection: Connection, shop_id: int) -> None:
    """What an unfinished reading waits for may be there: it need not wait any longer."""
    waits = (READING.c.shop_id == shop_id, READING.c.finished_at.is_(None), READING.c.next_attempt_at.is_not(None))
    connection.execute(update(READING).where(*waits).values(next_attempt_at=None))
