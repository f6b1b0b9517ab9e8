"""Vectors in PostgreSQL with the extension pgvector: a partition a shop, so that no graph holds two shops.

The tables stand in a schema of their own, made on first use: only who chooses pgvector needs the extension.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from integration.storage.database import Database
from integration.storage.vectors.base import NoVectorServer, Replaced
from recommender.vectors.index import Found, allowed_rows, checked, checked_queries, ranked
from recommender.vectors.tuning import smallest_width

SCHEMA = "shelfwise_vectors"
HELD, VECTORS = f"{SCHEMA}.held", f"{SCHEMA}.product_vector"
# pgvector's own bounds: of a graph's dimensions, and of a walk's width.
MOST_DIMENSIONS = 2000
WIDTHS = (40, 100, 200, 400, 1000)
# Under a filter that keeps fewer, scoring them takes less time than a walk that meets them.
FEW = 5_000
# Fetched beyond what is asked for, so that ties at the end are told apart by row.
SPARE = 16

MADE = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    f"CREATE SCHEMA {SCHEMA}",
    f"CREATE TABLE {HELD} (shop_id bigint PRIMARY KEY, version text, dimensions int, width int)",
    f"""
    CREATE TABLE {VECTORS} (shop_id bigint, version text, product_id bigint, vector vector) PARTITION BY LIST (shop_id)
    """,
)


class PgVectors:
    """A `VectorStore` in the shops' own database."""

    def __init__(self, database: Database) -> None:
        if database.is_sqlite:
            raise NoVectorServer("pgvector needs a store on PostgreSQL: set SHELFWISE_DATABASE_URL to one")
        self._database = database
        try:
            with self._locked() as connection:
                if connection.execute(text("SELECT to_regclass(:table)"), {"table": VECTORS}).scalar() is None:
                    for statement in MADE:
                        connection.exec_driver_sql(statement)
        except DBAPIError as error:
            raise NoVectorServer(f"pgvector can't be set up in this database: {error.orig}") from error

    def fill(self, shop_id: int, version: str, ids: NDArray[Any], vectors: NDArray[Any]) -> None:
        """See `VectorStore`. The graph is built beside the old one, and takes its place in the same transaction."""
        known, unit = checked(ids, vectors)
        with self._locked() as connection:
            xid = connection.exec_driver_sql("SELECT pg_current_xact_id()").scalar_one()
            fresh = f"{SCHEMA}.shop_{int(shop_id)}_{xid}"
            connection.exec_driver_sql(f"CREATE TABLE {fresh} (LIKE {VECTORS})")
            told = np.any(unit, axis=1)
            _copy(connection, fresh, (shop_id, version), known[told], unit[told])
            connection.exec_driver_sql(f"CREATE UNIQUE INDEX ON {fresh} (product_id)")
            if unit.shape[1] <= MOST_DIMENSIONS:
                graph = f"hnsw ((vector::vector({unit.shape[1]})) vector_cosine_ops)"
                connection.exec_driver_sql(f"CREATE INDEX ON {fresh} USING {graph}")
            connection.exec_driver_sql(f"ANALYZE {fresh}")
            _drop(connection, shop_id)
            connection.exec_driver_sql(f"ALTER TABLE {VECTORS} ATTACH PARTITION {fresh} FOR VALUES IN ({int(shop_id)})")
            _Graph(connection, shop_id, version, unit.shape[1]).hold(known[told], unit[told])

    def open(self, shop_id: int, version: str, ids: NDArray[Any]) -> PgVectorIndex | None:
        """See `VectorStore`."""
        held = text(f"SELECT dimensions, width FROM {HELD} WHERE shop_id = :shop AND version = :version")  # noqa: S608
        with self._database.read() as connection:
            row = connection.execute(held, {"shop": shop_id, "version": version}).first()
        if row is None:
            return None
        known = np.asarray(ids).astype(np.int64, copy=False)
        return PgVectorIndex(self._database, shop_id, version, known, row.dimensions, row.width)

    def forget(self, shop_id: int) -> None:
        """See `VectorStore`."""
        with self._locked() as connection:
            _drop(connection, shop_id)

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        """A transaction beside which no other changes the tables."""
        with self._database.write() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": SCHEMA})
            yield connection


class PgVectorIndex:
    """A `VectorIndex` of one shop's vectors of one version. width: of the walk, 0 where none is exact enough."""

    def __init__(
        self, database: Database, shop_id: int, version: str, ids: NDArray[np.int64], dimensions: int, width: int
    ) -> None:
        self._database, self._ids = database, ids
        self._shop_id, self._version, self._dimensions, self._width = shop_id, version, dimensions, width

    @property
    def ids(self) -> NDArray[np.int64]:
        """See `VectorIndex`."""
        return self._ids

    def search(self, queries: NDArray[Any], count: int, allowed: NDArray[Any] | None = None) -> Found:
        """See `VectorIndex`. Raises Replaced where a newer version has taken the place of this one."""
        asked = checked_queries(queries, self._dimensions, count)
        rows = allowed_rows(self._ids, allowed)
        found = Found.nothing(len(asked), count)
        with self._database.write(durable=False) as connection:  # settings last as long as a transaction
            graph = _Graph(connection, self._shop_id, self._version, self._dimensions)
            graph.check()
            filtered = self._filter(rows)
            kept = len(self._ids) if rows is None else len(rows)
            width = self._width if kept > FEW else 0
            for place in np.flatnonzero(np.any(asked, axis=1)).tolist() if kept else ():
                near, scores = graph.nearest(asked[place], count + SPARE, width, filtered)
                if width and len(near) < count:
                    near, scores = graph.nearest(asked[place], count + SPARE, 0, filtered)
                found.rows[place], found.scores[place] = ranked(self._ids.searchsorted(near), scores, count)
        return found

    def _filter(self, rows: NDArray[np.int64] | None) -> tuple[str, list[int]]:
        """SQL and its parameter for a filter: what is allowed or what is not, whichever is shorter."""
        if rows is None:
            return "TRUE", []
        if 2 * len(rows) <= len(self._ids):
            return "product_id = ANY(:products)", self._ids[rows].tolist()
        return "product_id <> ALL(:products)", np.delete(self._ids, rows).tolist()


class _Graph:
    """One shop's partition within a transaction."""

    def __init__(self, connection: Connection, shop_id: int, version: str, dimensions: int) -> None:
        self._connection, self._shop_id, self._version, self._dimensions = connection, shop_id, version, dimensions

    def nearest(
        self, asked: NDArray[np.float32], count: int, width: int, filtered: tuple[str, list[int]]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Products and cosines, nearest first. width 0: exactly, all that the filter allows is scored.

        A walk goes on until it has met enough that the filter allows (pgvector's iterative scan).
        """
        where, products = filtered
        typed = f"vector::vector({self._dimensions})"
        source = f"SELECT product_id, {typed} AS vector FROM {VECTORS} WHERE shop_id = {int(self._shop_id)} AND {where}"  # noqa: S608
        order = "vector <=> CAST(:asked AS vector)"
        if width:
            settings = f"SET LOCAL hnsw.ef_search = {int(width)}; SET LOCAL hnsw.iterative_scan = strict_order"
            self._connection.exec_driver_sql(settings)
        else:
            source = f"WITH allowed AS MATERIALIZED ({source}) SELECT product_id, vector FROM allowed"  # noqa: S608
            order = f"{order}, product_id"
        score = "1 - (vector <=> CAST(:asked AS vector)) AS score"
        statement = text(f"SELECT product_id, {score} FROM ({source}) AS chosen ORDER BY {order} LIMIT :count")  # noqa: S608
        values: dict[str, Any] = {"asked": f"[{','.join(map(str, asked.tolist()))}]", "count": count}
        if products:
            values["products"] = products
        rows = self._connection.execute(statement, values).all()
        ids = np.array([row.product_id for row in rows], np.int64)
        return ids, np.array([row.score for row in rows], np.float32)

    def check(self) -> None:
        """Raise Replaced unless the shop's vectors are of this version, and keep them so until the transaction ends."""
        held = text(f"SELECT version FROM {HELD} WHERE shop_id = :shop FOR SHARE")  # noqa: S608
        if self._connection.execute(held, {"shop": self._shop_id}).scalar() != self._version:
            raise Replaced(self._version)

    def hold(self, known: NDArray[np.int64], unit: NDArray[np.float32]) -> None:
        """Write down that these vectors are held, and how wide to walk among them."""
        values = {"shop": self._shop_id, "version": self._version, "dimensions": self._dimensions}
        held = text(f"INSERT INTO {HELD} VALUES (:shop, :version, :dimensions, :width)")  # noqa: S608
        self._connection.execute(held, {**values, "width": self._tuned(known, unit)})

    def _tuned(self, known: NDArray[np.int64], unit: NDArray[np.float32]) -> int:
        """The width to walk with; 0 where exact is as quick, or no width exact enough."""
        if len(known) <= FEW or self._dimensions > MOST_DIMENSIONS:
            return 0

        def search(asked: NDArray[np.float32], count: int, width: int | None) -> Found:
            found = Found.nothing(len(asked), count)
            for place, question in enumerate(asked):
                near, scores = self.nearest(question, count + SPARE, width or 0, ("TRUE", []))
                found.rows[place], found.scores[place] = ranked(known.searchsorted(near), scores, count)
            return found

        return smallest_width(unit, WIDTHS, search) or 0


def _copy(
    connection: Connection, table: str, of: tuple[int, str], ids: NDArray[np.int64], unit: NDArray[np.float32]
) -> None:
    """Write vectors into a new table."""
    shop_id, version = of
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for product, vector in zip(ids.tolist(), unit.tolist(), strict=True):
            copy.write_row((shop_id, version, product, f"[{','.join(map(str, vector))}]"))
    cursor.close()


def _drop(connection: Connection, shop_id: int) -> None:
    """Delete what is held of a shop, if anything is; first what searchers look at, so that theirs end before."""
    connection.execute(text(f"DELETE FROM {HELD} WHERE shop_id = :shop"), {"shop": shop_id})  # noqa: S608
    found = connection.execute(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:parent)"),
        {"parent": VECTORS},
    )
    for name in found.scalars().all():
        if name.startswith(f"{SCHEMA}.shop_{int(shop_id)}_"):
            connection.exec_driver_sql(f"DROP TABLE {name}")
