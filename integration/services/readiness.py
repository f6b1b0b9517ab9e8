"""Whether this process can do its work, asked of the parts it stands on, within a time that is bounded."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from integration.storage import security
from integration.storage.database import Database

PATIENCE_SECONDS = 1.5
FRESH_SECONDS = 1.0
LEAST_FREE_BYTES = 20_000_000
VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"

_REVISION = re.compile(r"^revision = \"(\w+)\"", re.MULTILINE)
_VERSION = "SELECT version_num FROM alembic_version"
_WRITABLE = "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'"


class State(StrEnum):
    """degraded: it works, and something waits or is missing; the others are no place to send requests to."""

    OK = "ok"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Report:
    """How a process stands. parts: what was asked -> "ok", or what is wrong with it and what that means."""

    state: State
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether requests may be sent here."""
        return self.state in {State.OK, State.DEGRADED}


class Readiness:
    """Asks the parts, in a thread of its own: whoever wants to know waits no longer than PATIENCE_SECONDS.

    Within FRESH_SECONDS the same answer serves everybody, and while a part keeps us waiting nobody asks it again.
    reach_redis: raises where Redis does not answer. is_stopping: whether the process was told to end.
    """

    def __init__(
        self,
        database: Database,
        artifacts: Callable[[], None],
        reach_redis: Callable[[], None],
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database, self._artifacts, self._reach_redis = database, artifacts, reach_redis
        self._is_stopping = is_stopping
        self._lock = threading.Lock()
        self._asked_at = 0.0
        self._answered_at = 0.0
        self._last = Report(State.UNAVAILABLE)
        self._asking: threading.Thread | None = None

    def report(self) -> Report:
        """How it stands now."""
        if self._is_stopping():
            return Report(State.STOPPING)
        now = time.monotonic()
        with self._lock:
            if self._asking is None and now - self._answered_at < FRESH_SECONDS:
                return self._last
            if self._asking is None:
                self._asked_at = now
                self._asking = threading.Thread(target=self._ask, name="readiness", daemon=True)
                self._asking.start()
            asking = self._asking
        asking.join(max(0.0, self._asked_at + PATIENCE_SECONDS - now))
        if asking.is_alive():
            waited = time.monotonic() - self._asked_at
            return Report(State.UNAVAILABLE, {"store": f"has not answered for {waited:.1f} s"})
        return self._last

    def _ask(self) -> None:
        try:
            last = self._look()
        except Exception as error:  # noqa: BLE001 - whatever it is, this process is not ready
            last = Report(State.UNAVAILABLE, {"process": type(error).__name__})
        with self._lock:
            self._last, self._answered_at, self._asking = last, time.monotonic(), None

    def _look(self) -> Report:
        needed = self._store()
        helpful = {
            "artifacts": _word(self._artifacts, "can't be read: slates go on without new models"),
            "redis": _word(self._reach_redis, "does not answer: what comes in is kept, and waits"),
        }
        if needed["store"] == "ok" and (wrong := security.concern(self._database)):
            helpful["isolation"] = wrong
        if any(word != "ok" for word in needed.values()):
            return Report(State.UNAVAILABLE, {**needed, **helpful})
        state = State.OK if all(word == "ok" for word in helpful.values()) else State.DEGRADED
        return Report(state, {**needed, **helpful})

    def _store(self) -> dict[str, str]:
        """The store, and whether its schema is one that this code can work with."""
        if self._database.is_sqlite and (trouble := _disk_trouble(Path(self._database.url.database or ""))):
            return {"store": trouble}
        try:
            with self._database.read() as connection:
                at = connection.scalar(text(_VERSION))
                can_write = self._database.is_sqlite or connection.scalar(text(_WRITABLE))
        except SQLAlchemyError as error:
            # Its text may hold an address or a name; what it is called says enough to a stranger.
            return {"store": "has no schema: run `shelfwise migrate`" if _lacks_table(error) else "does not answer"}
        if not can_write:
            return {"store": "can't be written: it is a standby, or set to read-only"}
        return {"store": "ok", "schema": _schema(at)}


def stopping_file(data_dir: Path, server: int) -> Path:
    """The file that says that a web server, by the number of its main process, was told to end."""
    return data_dir / "run" / f"stopping-{server}"


def folder_is_readable(folder: Path) -> None:
    """Raises OSError where a folder that exists can't be looked into; one without a model yet need not exist."""
    if folder.exists():
        next(os.scandir(folder), None)


def _word(ask: Callable[[], None], trouble: str) -> str:
    try:
        ask()
    except Exception:  # noqa: BLE001 - of whatever kind
        return trouble
    return "ok"


def _lacks_table(error: SQLAlchemyError) -> bool:
    said = str(getattr(error, "orig", ""))
    return "alembic_version" in said and ("no such table" in said or "does not exist" in said)


def _disk_trouble(file: Path) -> str:
    if not file.exists():
        return "has no schema: run `shelfwise migrate`"
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        return "can't be written: its disk or folder is read-only"
    if shutil.disk_usage(file.parent).free < LEAST_FREE_BYTES:
        return "can't be written: its disk is full"
    return ""


def _schema(at: str | None) -> str:
    """A newer schema is fine: each works with the version of the code before it, so that both can run at once."""
    known = _revisions()
    if at is None or (at in known and at != known[-1]):
        return f"is at {at or 'nothing'}, and this version needs {known[-1]}: run `shelfwise migrate`"
    return "ok"


@cache
def _revisions() -> list[str]:
    """The revisions that this code knows, oldest first. Read from the files: alembic itself takes a process 20 MB."""
    files = sorted(VERSIONS.glob("[0-9]*.py"))
    return [found[1] for file in files if (found := _REVISION.search(file.read_text()))]
