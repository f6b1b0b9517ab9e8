"""Reading connected shops: all of a shop the first time and every week, and every hour what changed.

Each page is stored together with how far the reading is, so that a process that vanishes costs nothing but the page
it was at; another one goes on. Whatever a reading tells, something newer that a webhook told before stays.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

import connectors
from connectors.base import Page, Reader
from connectors.errors import AccessLost, PlatformError
from connectors.records import Change
from integration.clock import Clock, system_clock
from integration.observability import catalogue as metrics
from integration.services.access import access_to
from integration.services.apply import apply
from integration.services.imports import rare_collections
from integration.services.secrets import Vault
from integration.settings import Settings
from integration.storage import reading_writes as store
from integration.storage.access_writes import find as find_token
from integration.storage.database import Database
from integration.storage.drift import compare, confirm
from integration.storage.refetch_writes import ask_again

log = logging.getLogger(__name__)

# Longer than any wait between two pages; after it, a process that vanished is replaced.
LEASE = timedelta(minutes=3)
# A turn of one shop, before others that wait for the same worker have theirs.
TURN = timedelta(minutes=1)
# So long a turn waits for a platform that computes; then it is looked at again after a pause.
PATIENCE, PAUSE = timedelta(seconds=15), timedelta(seconds=15)
RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200, 21600))
# What will hardly change by itself: a permission that is missing, a shop that is closed.
HOPELESS_RETRY = timedelta(hours=6)
RECONCILE_EVERY = timedelta(hours=1)
# What changed this long before the last reading began is read again: clocks differ, and lists lag behind.
OVERLAP = timedelta(minutes=10)
WHOLE_EVERY, COMPARE_EVERY = timedelta(days=7), timedelta(days=1)
KEEP_RECONCILES = timedelta(days=30)
# What is stored of a time so long before a reading began is older than anything that it could have read.
SETTLED_AFTER = timedelta(hours=1)
# The kind whose things a whole reading tells all of: what it leaves out is asked for.
PRODUCTS = "products"

Watch = Callable[[str, Page], None]


class TakenOver(Exception):
    """Another process reads this now, because this one seemed to have vanished."""


@dataclass(slots=True)
class Ran:
    """What a turn did. more: there is something left that could be read now; finished: the kinds read to their end."""

    more: bool = False
    finished: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading of a kind is. expected: None while nobody knows. error: why it waits, "" if not.

    repaired: how many things were not as the platform told them; drift: of each sort, such as "product missing".
    """

    kind: str
    read: int
    expected: int | None
    repaired: int
    whole: bool
    finished: bool
    error: str
    drift: Mapping[str, int] = field(default_factory=dict)
    started_at: datetime | None = None


def open_reader(database: Database, vault: Vault, settings: Settings, shop_id: int) -> tuple[str, Reader]:
    """The platform that a shop is on, and what reads the shop. Raises AccessLost; PlatformError where nothing can."""
    access = access_to(database, vault, settings, shop_id)
    with database.read() as connection:
        token = find_token(connection, shop_id)
    platform = str(token.platform) if token else ""
    make = connectors.get(platform).reader
    if make is None:
        raise PlatformError(platform, "its shops can't be read", retryable=False)
    return platform, make(access)


def start(
    connection: Connection,
    shop_id: int,
    platform: str,
    kinds: Sequence[str],
    since: datetime | None = None,
    *,
    now: datetime,
) -> None:
    """Have a shop read. A reading that is under way goes on, at once; since: only what changed from then on."""
    for kind in kinds:
        row = store.unfinished(connection, shop_id, kind)
        if row is None:
            store.begin(connection, shop_id, platform, kind, since=since, now=now)
        elif since is None and row.since is not None:
            again = {"since": None, "position": "", "read": 0, "expected": None, "drift": None, "repaired": 0}
            store.change(connection, row.id, **again, next_attempt_at=None, lease_until=None, attempts=0, error="")
        else:
            store.change(connection, row.id, next_attempt_at=None, attempts=0)


def plan(
    database: Database,
    shop_id: int,
    platform: str,
    kinds: Sequence[str],
    *,
    now: datetime,
    compare_every: timedelta = COMPARE_EVERY,
) -> None:
    """Begin what is due: what changed, every hour; everything, the first time and every week.

    compare_every: how often everything is read of what the shelf is made of.
    """
    shelf = connectors.get(platform).shelf
    with database.write() as connection:
        for kind in kinds:
            if store.unfinished(connection, shop_id, kind) is not None:
                continue
            last, whole = (store.newest(connection, shop_id, kind, whole=only) for only in (False, True))
            every = compare_every if kind in shelf else WHOLE_EVERY
            if last is None or whole is None or whole.started_at <= now - every:
                start(connection, shop_id, platform, [kind], now=now)
            elif last.started_at <= now - RECONCILE_EVERY:
                start(connection, shop_id, platform, [kind], last.started_at - OVERLAP, now=now)
        store.forget_old(connection, shop_id, now - KEEP_RECONCILES)


def progress(database: Database, shop_id: int) -> list[Progress]:
    """How far the newest reading of each kind is."""
    with database.read() as connection:
        return [_progress_of(row) for row in store.all_of(connection, shop_id)]


def _progress_of(row: Row[Any]) -> Progress:
    return Progress(
        row.kind,
        row.read,
        row.expected,
        row.repaired,
        row.since is None,
        row.finished_at is not None,
        row.error,
        row.drift or {},
        row.started_at,
    )


def history(database: Database, shop_id: int, *, limit: int) -> list[Progress]:
    """The shop's newest readings that came to their end, newest first, with what each of them put right."""
    with database.read() as connection:
        return [_progress_of(row) for row in store.ended(connection, shop_id, limit)]


def run(
    database: Database,
    shop_id: int,
    reader: Reader,
    *,
    clock: Clock = system_clock,
    turn: timedelta = TURN,
    watch: Watch | None = None,
) -> Ran:
    """Read on for a turn, kind after kind. Raises AccessLost, after writing it down; other failures are put off."""
    end, ran = clock() + turn, Ran()
    while clock() < end:
        with database.write() as connection:
            now = clock()
            row = store.take(connection, shop_id, now=now, until=now + LEASE)
        if row is None:
            return ran
        reading = _Turn(database, reader, row, now + LEASE, clock, watch)
        try:
            with rare_collections():
                if reading.read_on(end):
                    ran.finished += (row.kind,)
        except TakenOver:
            return ran
        except AccessLost as error:
            reading.put_off(str(error), HOPELESS_RETRY)
            raise
        except PlatformError as error:
            reading.put_off(str(error), pause_after(row.attempts) if error.retryable else HOPELESS_RETRY)
        except Exception as error:
            log.exception("shop %s: reading %s failed", shop_id, row.kind)
            reading.put_off(f"{type(error).__name__}: {error}", pause_after(row.attempts))
    ran.more = True
    return ran


def due(database: Database, _settings: Settings, now: datetime) -> list[int]:
    """The shops of which something is to be read now."""
    with database.read() as connection:
        return store.due_shops(connection, now=now, rested_since=now - RECONCILE_EVERY)


class _Turn:
    """One process at one reading."""

    def __init__(
        self, database: Database, reader: Reader, row: Row[Any], lease: datetime, clock: Clock, watch: Watch | None
    ) -> None:
        self._database, self._reader, self._row = database, reader, row
        self._lease, self._clock, self._watch = lease, clock, watch
        self._read, self._drift = row.read, Counter(row.drift or {})
        with database.read() as connection:
            self._compares = row.since is not None or store.first_is_read(connection, row.shop_id, row.kind)

    def read_on(self, end: datetime) -> bool:
        """Store page after page until the reading or the turn ends. True at the reading's end. Raises TakenOver."""
        patience = self._clock() + PATIENCE
        pages = self._reader.read(self._row.kind, position=self._row.position, since=self._row.since)
        for page in pages:
            self._store(page)
            if self._watch is not None:
                self._watch(self._row.kind, page)
            now = self._clock()
            if page.changes:
                patience = now + PATIENCE
            if now >= end or now >= patience:
                again = now + PAUSE if now >= patience else None
                self._change(lease_until=None, next_attempt_at=again)
                return False
        self._finish()
        return True

    def put_off(self, error: str, pause: timedelta) -> None:
        """Say why it failed, and when it is tried again."""
        values = {"attempts": self._row.attempts + 1, "next_attempt_at": self._clock() + pause, "lease_until": None}
        with self._database.write() as connection:
            store.change_held(connection, self._row.id, self._lease, error=error[:2000], **values)
        if self._compares:
            metrics.RECONCILES.add("put off")

    def _store(self, page: Page) -> None:
        now, row = self._clock(), self._row
        values: dict[str, Any] = {"position": page.position, "read": page.read, "expected": page.expected}
        if page.read > self._read:
            values |= {"attempts": 0, "error": ""}
        # A power cut may undo it: the position goes back with the changes, and they are read again.
        with self._database.write(durable=False) as connection:
            changes, drift = self._differing(connection, page.changes)
            values |= {"drift": dict(drift), "repaired": drift.total()}
            if not self._held(connection, progressed_at=now, lease_until=now + LEASE, **values):
                raise TakenOver
            if row.since is None and row.kind == PRODUCTS:
                store.note_told(connection, row, page.changes)
            apply(connection, row.shop_id, changes, now=now)
        self._count(drift)
        self._lease, self._read = now + LEASE, page.read

    def _differing(self, connection: Connection, told: Sequence[Change]) -> tuple[Sequence[Change], Counter[str]]:
        """What of a page has to be written, and all drift so far. The first reading of all things finds none."""
        row = self._row
        if row.since is None and told:
            gone = store.untold_levels(connection, row.shop_id, told, row.started_at)
            told = [*told, *gone] if gone else told
        if not self._compares or not told:
            return told, self._drift
        found = compare(connection, row.shop_id, told, row.started_at - SETTLED_AFTER)
        confirm(connection, row.shop_id, found)
        return found.changes, self._drift + found.drift

    def _count(self, drift: Counter[str]) -> None:
        for kind, by in (drift - self._drift).items():
            metrics.DRIFT.add(kind, by=by)
        self._drift = drift

    def _finish(self) -> None:
        now, row, drift = self._clock(), self._row, Counter(self._drift)
        with self._database.write() as connection:
            if row.since is None and row.kind == PRODUCTS:
                unspoken = store.unspoken_products(connection, row)
                store.keep_gone(connection, row, row.started_at - SETTLED_AFTER)
                ask_again(connection, row.shop_id, unspoken, now)
                if unspoken and self._compares:
                    drift["product gone"] += len(unspoken)
            done = {"finished_at": now, "progressed_at": now, "next_attempt_at": None, "error": "", "attempts": 0}
            if not self._held(connection, **done, drift=dict(drift), repaired=drift.total()):
                raise TakenOver
        self._count(drift)
        if self._compares:
            metrics.RECONCILES.add("finished")

    def _change(self, **values: Any) -> None:
        with self._database.write() as connection:
            self._held(connection, **values)

    def _held(self, connection: Connection, **values: Any) -> bool:
        return store.change_held(connection, self._row.id, self._lease, **values)


def pause_after(attempts: int) -> timedelta:
    """How long to leave a platform alone after so many failures in a row."""
    return RETRY_AFTER[min(attempts, len(RETRY_AFTER) - 1)]
