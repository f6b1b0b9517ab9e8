"""Single-row reads for the path of a shopper's click, without the cost of building a statement each time.

On PostgreSQL a connection stays in the shop of its last read, and is told where the next one is of another shop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.sql import Select

from integration.storage.database import EVERY_SHOP, NO_SHOP, SHOP_SETTING, Database


class PointReads:
    """Runs prepared statements on one connection a thread, outside of any transaction.

    Each read sees everything that was committed before it.
    """

    def __init__(self, database: Database) -> None:
        self.engine: Engine = database.engine
        self._is_sqlite = database.is_sqlite
        self._local = threading.local()
        self._open: list[Any] = []
        database.at_close(self.close)

    def prepare(self, statement: Select[Any]) -> PointRead:
        """The statement, compiled once for this database. Its parameters are named bind parameters.

        With a parameter `shop_id` it sees this shop's rows alone; one without finds the shop that is meant.
        """
        return PointRead(self, statement)

    def cursor(self, shop_id: int | None = None) -> Any:
        """This thread's cursor, among the rows of a shop; None: of all shops."""
        cursor = self._cursor()
        scope = EVERY_SHOP if shop_id is None else str(int(shop_id))
        if not self._is_sqlite and self._local.scope != scope:
            cursor.execute(f"SET {SHOP_SETTING} = '{scope}'")
            self._local.scope = scope
        return cursor

    def _cursor(self) -> Any:
        cursor = getattr(self._local, "cursor", None)
        if cursor is None:
            # Detached: it lives as long as the thread, and doesn't count against the pool.
            pooled = self.engine.raw_connection()
            pooled.detach()
            if not self._is_sqlite:
                pooled.dbapi_connection.autocommit = True  # type: ignore[union-attr]
            cursor = self._local.cursor = pooled.cursor()
            self._local.connection, self._local.scope = pooled, NO_SHOP
            self._open.append(pooled)
        return cursor

    def forget(self) -> None:
        """Drop this thread's connection, so that the next read opens a new one."""
        connection = getattr(self._local, "connection", None)
        self._local.cursor = self._local.connection = None
        if connection is not None:
            self._open.remove(connection)
            _close(connection)

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._open:
            _close(self._open.pop())
        self._local = threading.local()


def _close(connection: Any) -> None:
    # It may be broken, which is why it is dropped.
    with suppress(Exception):
        connection.close()


class PointRead:
    """One prepared statement."""

    def __init__(self, reads: PointReads, statement: Select[Any]) -> None:
        self._reads = reads
        compiled = statement.compile(dialect=reads.engine.dialect)
        self._sql = str(compiled)
        self._names: list[str] | None = list(compiled.positiontup) if compiled.positiontup is not None else None
        self._fixed = dict(compiled.params)
        self._binders: dict[str, Callable[[Any], Any]] = {}
        for name, processor in compiled._bind_processors.items():  # noqa: SLF001 - there is no public way to them
            if callable(processor):
                self._binders[name] = processor

    def all(self, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows, as the database driver gives them. A lost connection is opened again, once."""
        values, shop_id = self._values(parameters), parameters.get("shop_id")
        try:
            rows = self._reads.cursor(shop_id).execute(self._sql, values).fetchall()
        except Exception:  # noqa: BLE001 - each driver has its own error for a lost connection
            self._reads.forget()
            rows = self._reads.cursor(shop_id).execute(self._sql, values).fetchall()
        return rows  # type: ignore[no-any-return]

    def first(self, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.all(**parameters)
        return rows[0] if rows else None

    def _values(self, parameters: Mapping[str, Any]) -> Any:
        merged = {**self._fixed, **parameters}
        for name, processor in self._binders.items():
            merged[name] = processor(merged[name])
        return merged if self._names is None else [merged[name] for name in self._names]
