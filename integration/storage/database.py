"""Engines and transactions: one way to read, one way to write, on SQLite and on PostgreSQL."""

from __future__ import annotations

import copy
import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from integration.observability.store import observe

T = TypeVar("T")

# PostgreSQL's row-level security goes by this setting of the transaction: a shop's number, or one of the words below.
SHOP_SETTING = "shelfwise.shop"
EVERY_SHOP = "every"
NO_SHOP = ""

# What a statement is about may be a person: an error that is logged tells the statement alone.
QUIETLY: Mapping[str, Any] = MappingProxyType({"hide_parameters": True})
BUSY_SECONDS = 30
LOOK_SECONDS = 0.001
# Connections that a process keeps to PostgreSQL, and as many again while it is busy.
POOLED = 8
# A delivery that was answered with 200 survives a power cut, not only a crash of ours.
DURABLE = "PRAGMA synchronous=FULL"


class Database:
    """Where the rows are. Each process opens its own.

    As it is opened it is no shop's: on PostgreSQL it then sees no shop's rows. `of` and `across_shops` give the same
    database with one shop's rows, and with those of all.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.scope = NO_SHOP
        self._closing: list[Callable[[], None]] = []
        self._writer = _Turn(self.url.database) if self.is_sqlite else nullcontext()
        self._together = _Together(self)
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        observe(self.engine)

    def of(self, shop_id: int) -> Database:
        """The same database, with the rows of this shop alone; whoever serves a shop begins here."""
        return self._scoped(str(int(shop_id)))

    def across_shops(self) -> Database:
        """The same database, with the rows of all shops: to find the shop that is meant, or those that need work."""
        return self._scoped(EVERY_SHOP)

    def _scoped(self, scope: str) -> Database:
        scoped = copy.copy(self)
        scoped.scope = scope
        return scoped

    @contextmanager
    def write(self, *, durable: bool = True, referred: bool = True) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block, or undone by an exception.

        On SQLite it holds the write lock from its first statement (BEGIN IMMEDIATE), so that what it read can't
        change before it writes. durable False: a power cut may undo it, which spares the wait for the disk. referred
        False: SQLite does not look for what refers to the rows that are deleted, as the caller knows of none.
        """
        with self._writer, self.engine.connect() as connection:
            if self.is_sqlite:
                with _sqlite_transaction(connection, durable=durable, referred=referred):
                    yield connection
            else:
                with _postgres_transaction(connection, _begin(self.scope, durable=durable)):
                    yield connection

    def write_together(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, once what it wrote is committed. If it raises, all that it wrote is undone.

        On SQLite, where every commit waits for the disk, works that come while another commit is under way share the
        next one.
        """
        if self.is_sqlite:
            return self._together.run(work)
        with self.write() as connection:
            return work(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; each statement sees what was committed before it."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                yield connection.execution_options(isolation_level="AUTOCOMMIT")
            else:
                with _postgres_transaction(connection, _begin(self.scope, access="READ ONLY")):
                    yield connection

    def close(self) -> None:
        """Give all connections back."""
        for close in self._closing:
            close()
        self.engine.dispose()
        if isinstance(self._writer, _Turn):
            self._writer.close()

    def at_close(self, close: Callable[[], None]) -> None:
        """Have something closed with the database, before its connections are."""
        self._closing.append(close)


class _Turn:
    """SQLite's one writer, of this process and of all others.

    SQLite itself has whoever waits look again after a while, of a tenth of a second at last; here they look at every
    millisecond. Where the file system has no locks, or one is never given back, SQLite's own way is left.
    """

    def __init__(self, path: str | None) -> None:
        self._path = f"{path}-writer" if path and path != ":memory:" else ""
        self._lock = threading.Lock()
        self._handle: int | None = None

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            self._wait()
        except OSError:
            self._path = ""
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            if self._handle is not None:
                fcntl.flock(self._handle, fcntl.LOCK_UN)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Give the file back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _wait(self) -> None:
        if not self._path:
            return
        if self._handle is None:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + BUSY_SECONDS
        while time.monotonic() < until:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(LOOK_SECONDS)
            else:
                return


class _Work(Generic[T]):
    """A part of a transaction, and what became of it."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self._work = work
        self._result: T | None = None
        self.error: BaseException | None = None
        self.is_done = False

    def run(self, connection: Connection) -> None:
        connection.exec_driver_sql("SAVEPOINT part")
        try:
            self._result = self._work(connection)
        except Exception as error:  # noqa: BLE001 - raised where it belongs
            connection.exec_driver_sql("ROLLBACK TO part")
            self.error = error
        connection.exec_driver_sql("RELEASE part")

    def result(self) -> T:
        if self.error is not None:
            raise self.error
        return cast("T", self._result)


class _Together:
    """Whoever comes first commits for all who came meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Work[Any]] = deque()
        self._leader = threading.Lock()

    def run(self, work: Callable[[Connection], T]) -> T:
        mine = _Work(work)
        self._waiting.append(mine)
        with self._leader:
            if not mine.is_done:
                self._commit([self._waiting.popleft() for _ in range(len(self._waiting))])
        return mine.result()

    def _commit(self, works: Sequence[_Work[Any]]) -> None:
        try:
            with self._database.write() as connection:
                for work in works:
                    work.run(connection)
        except BaseException as error:
            for work in works:
                work.error = error
            raise
        finally:
            for work in works:
                work.is_done = True


def enter(connection: Connection, shop_id: int) -> None:
    """Have the rest of a transaction see this shop's rows alone; on SQLite a query's own condition has to do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL {SHOP_SETTING} = '{int(shop_id)}'")


def _begin(scope: str, *, access: str = "READ WRITE", durable: bool = True) -> str:
    """What opens a transaction, in one message: its shop ends with it, whoever has the connection next."""
    begin = f"BEGIN ISOLATION LEVEL READ COMMITTED {access}; SET LOCAL {SHOP_SETTING} = '{scope}'"
    return begin if durable else f"{begin}; SET LOCAL synchronous_commit = off"


@contextmanager
def _postgres_transaction(connection: Connection, begin: str) -> Iterator[None]:
    connection.execution_options(isolation_level="AUTOCOMMIT")
    try:
        connection.exec_driver_sql(begin)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        # Nothing was done yet on a connection that the server had closed meanwhile: another one does it.
        connection.rollback()
        connection.exec_driver_sql(begin)
    try:
        yield
    except BaseException:
        with suppress(DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


@contextmanager
def _sqlite_transaction(connection: Connection, *, durable: bool, referred: bool) -> Iterator[None]:
    connection.execution_options(isolation_level="AUTOCOMMIT")
    if not durable:
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
    if not referred:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
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
        if not referred:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _postgres_engine(url: str) -> Engine:
    """No question whether a connection is there before each use of it: the words that begin a transaction ask that."""
    return create_engine(url, pool_size=POOLED, max_overflow=POOLED, **QUIETLY)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **QUIETLY)

    @event.listens_for(engine, "connect")
    def _tune(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(DURABLE)
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "cache_size=-32000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
