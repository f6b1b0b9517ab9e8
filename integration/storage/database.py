"""Engines and transactions: one way to read, one way to write, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

BUSY_SECONDS = 30
# A delivery that was answered with 200 survives a power cut, not only a crash of ours.
DURABLE = "PRAGMA synchronous=FULL"


class Database:
    """Where the rows are. Each process opens its own."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self._closing: list[Callable[[], None]] = []
        # SQLite lets one writer in and makes the others poll; a lock wakes this process's own writers in turn.
        self._writer = threading.Lock() if self.is_sqlite else nullcontext()
        self.engine = _sqlite_engine(url) if self.is_sqlite else create_engine(url, pool_pre_ping=True)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block, or undone by an exception.

        On SQLite it holds the write lock from its first statement (BEGIN IMMEDIATE), so that what it read can't
        change before it writes. durable False: a power cut may undo it, which spares the wait for the disk.
        """
        with self._writer, self.engine.connect() as connection:
            if self.is_sqlite:
                with _sqlite_transaction(connection, durable=durable):
                    yield connection
            else:
                with connection.begin():
                    if not durable:
                        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                    yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; each statement sees what was committed before it."""
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Give all connections back."""
        for close in self._closing:
            close()
        self.engine.dispose()

    def at_close(self, close: Callable[[], None]) -> None:
        """Have something closed with the database, before its connections are."""
        self._closing.append(close)


@contextmanager
def _sqlite_transaction(connection: Connection, *, durable: bool) -> Iterator[None]:
    connection.execution_options(isolation_level="AUTOCOMMIT")
    if not durable:
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
    finally:
        if not durable:
            connection.exec_driver_sql(DURABLE)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _tune(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(DURABLE)
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "cache_size=-32000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
