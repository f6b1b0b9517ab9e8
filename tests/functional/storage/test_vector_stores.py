"""Stores of vectors hold many shops and many versions, and confuse none of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
import sqlalchemy as sa

from integration.storage.database import Database
from integration.storage.vectors.base import NoVectorServer, Replaced, VectorStore
from integration.storage.vectors.pgvector import PgVectors
from integration.storage.vectors.qdrant import QdrantVectors, connect
from recommender.vectors.exact import ExactIndex
from recommender.vectors.index import recall

DRAW = np.random.default_rng(1)
IDS, ONE, OTHER = np.arange(10, 60), *DRAW.standard_normal((2, 50, 8)).astype(np.float32)


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty PostgreSQL database."""
    url, remove = request.getfixturevalue("_postgres_copies")()
    with closing(Database(url)) as database:
        yield database
    remove()


@pytest.fixture(params=["pgvector", "qdrant"])
def store(request: pytest.FixtureRequest) -> Iterator[VectorStore]:
    """An empty store of each kind."""
    if request.param == "pgvector":
        yield PgVectors(request.getfixturevalue("postgres"))
        return
    client = connect(":memory:")
    yield QdrantVectors(client, served=False)
    client.close()


def test_a_shop_never_finds_what_another_holds(store: VectorStore) -> None:
    store.fill(1, "v", IDS, ONE)
    store.fill(2, "v", IDS + 1000, OTHER)
    mine = store.open(1, "v", IDS)
    assert mine is not None
    found = mine.search(OTHER[:5], 100)
    assert recall(found, ExactIndex(IDS, ONE).search(OTHER[:5], 100)) == 1
    assert ((found.rows >= 0).sum(axis=1) == len(IDS)).all()


def test_shops_may_have_vectors_of_different_sizes(store: VectorStore) -> None:
    store.fill(1, "v", IDS, ONE)
    store.fill(2, "v", IDS, OTHER[:, :4])
    small = store.open(2, "v", IDS)
    assert small is not None
    assert small.search(OTHER[:1, :4], 1).rows.tolist() == [[0]]


def test_an_index_of_a_replaced_version_says_so(store: VectorStore) -> None:
    store.fill(1, "first", IDS, ONE)
    old = store.open(1, "first", IDS)
    store.fill(1, "second", IDS, OTHER[:, :4])
    assert old is not None
    with pytest.raises(Replaced, match="first"):
        old.search(ONE[:1], 3)
    assert store.open(1, "first", IDS) is None
    assert store.open(1, "second", IDS) is not None


def test_a_forgotten_shop_leaves_nothing_and_the_others_everything(store: VectorStore) -> None:
    store.fill(1, "v", IDS, ONE)
    store.fill(11, "v", IDS, OTHER)
    store.forget(1)
    store.forget(7)
    assert store.open(1, "v", IDS) is None
    other = store.open(11, "v", IDS)
    assert other is not None
    assert other.search(OTHER[:1], 1).rows.tolist() == [[0]]


def test_a_fill_that_breaks_off_changes_nothing(postgres: Database) -> None:
    store = PgVectors(postgres)
    store.fill(1, "v", IDS, ONE)
    with postgres.write() as connection:
        connection.exec_driver_sql("ALTER TABLE shelfwise_vectors.held ADD CHECK (version <> 'unlucky')")
    with pytest.raises(sa.exc.IntegrityError):
        store.fill(1, "unlucky", IDS, OTHER)
    index = store.open(1, "v", IDS)
    assert index is not None
    assert index.search(ONE[:1], 1).rows.tolist() == [[0]]


def test_past_a_few_thousand_products_pgvector_walks_its_graph(postgres: Database) -> None:
    n = 6000
    centres = DRAW.standard_normal((30, 8))
    vectors = (centres[DRAW.integers(0, 30, n)] + 0.5 * DRAW.standard_normal((n, 8))).astype(np.float32)
    store = PgVectors(postgres)
    store.fill(1, "v", np.arange(n), vectors)
    with postgres.read() as connection:
        assert connection.exec_driver_sql("SELECT width FROM shelfwise_vectors.held").scalar_one() > 0
    index = store.open(1, "v", np.arange(n))
    assert index is not None
    far = vectors @ vectors[0]
    exact = ExactIndex(np.arange(n), vectors)
    for mask in (None, DRAW.random(n) < 0.9, DRAW.random(n) < 0.05, far < np.quantile(far, 0.9)):
        assert recall(index.search(vectors[:30], 20, mask), exact.search(vectors[:30], 20, mask)) >= 0.99


def test_pgvector_on_sqlite_says_what_to_do(tmp_path: object) -> None:
    with (
        closing(Database(f"sqlite:///{tmp_path}/shop.sqlite3")) as database,
        pytest.raises(NoVectorServer, match="PostgreSQL"),
    ):
        PgVectors(database)
