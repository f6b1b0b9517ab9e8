"""Indexes of vectors on real factors and on noise: recall under filters, and time, beside an exact search."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from recommender.vectors.exact import ExactIndex
from recommender.vectors.index import VectorIndex, recall

COUNT, QUESTIONS = 20, 300
# A shop number that no shop has, for vectors in an operator's own server.
NOBODY = 2**40
HARD = "gaussian noise (no order at all)"

Build = Callable[[NDArray[np.int64], NDArray[np.float32]], VectorIndex]


def run(options: Options) -> Iterator[Figure | Stage]:
    """Build seconds, recall@20 and milliseconds a question of every index that there is, on every set of vectors."""
    sets = _sets(options)
    with _builders() as builders, threadpool_limits(limits=1):
        for place, (name, make) in enumerate(sets.items()):
            yield Stage(name, place / len(sets))
            vectors = make()
            said = f"{name}: {len(vectors):,} x {vectors.shape[1]}"
            exact = ExactIndex(np.arange(len(vectors)), vectors)
            for kind, build in builders.items():
                yield from _measured(kind, build, exact, vectors, said, options.seed)


def _measured(
    kind: str, build: Build, exact: ExactIndex, vectors: NDArray[np.float32], said: str, seed: int
) -> Iterator[Figure]:
    began = time.perf_counter()
    index = build(exact.ids, vectors)
    yield _figure(f"{kind} build", time.perf_counter() - began, "s", None, said, seed)
    draw = np.random.default_rng(seed)
    asked = vectors[draw.choice(np.flatnonzero(vectors.any(axis=1)), QUESTIONS)]
    for name, mask in _filters(exact, draw).items():
        truth = exact.search(asked, COUNT, mask)
        found = recall(index.search(asked, COUNT, mask), truth)
        bound = "0.99" if "5 %" in name else ""
        yield _figure(f"{kind} recall@20, {name}", found, "share", 1.0, said, seed, bound)
        mine, base = (_milliseconds(each, asked, mask) for each in (index, exact))
        for quantile in (50, 99):
            values = float(np.percentile(mine, quantile)), float(np.percentile(base, quantile))
            yield _figure(f"{kind} p{quantile}, {name}", values[0], "ms", values[1], said, seed)


def _filters(exact: ExactIndex, draw: np.random.Generator) -> Mapping[str, NDArray[np.bool_] | None]:
    """Filters by chance, as stock is, and one by kind, as a category is."""
    n = len(exact.ids)
    kinds = exact.unit @ exact.unit[draw.choice(n, 16)].T
    return {
        "all": None,
        "50 % kept": draw.random(n) < 0.5,
        "5 % kept": draw.random(n) < 0.05,
        "0.5 % kept": draw.random(n) < 0.005,
        "half of the kinds kept": kinds.argmax(axis=1) < 8,
    }


def _milliseconds(
    index: VectorIndex, asked: NDArray[np.float32], mask: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    """Of each question asked alone."""
    spent = []
    for row in range(len(asked)):
        began = time.perf_counter()
        index.search(asked[row : row + 1], COUNT, mask)
        spent.append(time.perf_counter() - began)
    return np.array(spent) * 1000


@contextmanager
def _builders() -> Iterator[Mapping[str, Build]]:
    """The indexes that this machine has: HNSW with faiss, and servers where the settings name them."""
    from integration.settings import Settings
    from integration.storage.database import Database
    from integration.storage.vectors.base import VectorStore
    from integration.storage.vectors.pgvector import PgVectors
    from integration.storage.vectors.qdrant import QdrantVectors, connect
    from recommender.vectors.hnsw import HnswIndex

    found: dict[str, Build] = {"hnsw": HnswIndex}
    kept: list[VectorStore] = []
    settings = Settings.from_environ(os.environ)
    with closing(Database(settings.database_url)) as database:
        if not database.is_sqlite:
            kept.append(PgVectors(database))
            found["pgvector"] = _filled(kept[-1])
        if settings.qdrant_url:
            kept.append(QdrantVectors(connect(settings.qdrant_url)))
            found["qdrant"] = _filled(kept[-1])
        try:
            yield found
        finally:
            for store in kept:
                store.forget(NOBODY)


def _filled(store: Any) -> Build:
    def build(ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> VectorIndex:
        store.fill(NOBODY, "bench", ids, vectors)
        index: VectorIndex = store.open(NOBODY, "bench", ids)
        return index

    return build


def _sets(options: Options) -> Mapping[str, Callable[[], NDArray[np.float32]]]:
    """Makers of vectors by what they are."""
    if options.data:
        return {Path(options.data).name: lambda: np.load(options.data).astype(np.float32)}
    folder = Path(os.environ.get("SHELFWISE_DATA", "../shared/data"))
    sessions = folder / "sess_diginetica_train_sessions.parquet"
    films = folder / "ml1m_ncf_train.parquet"
    for path in (sessions, films):
        if not path.exists():
            raise NoData(f"no {path}: put it there, or name a .npy of vectors with --data")
    hard = int(100_000 * options.scale)
    draw = np.random.default_rng(options.seed)
    return {
        "item factors of MovieLens 1M": lambda: _factors(_pairs(films), options.seed),
        "item factors of Diginetica": lambda: _factors(_clicks(sessions), options.seed),
        HARD: lambda: draw.standard_normal((hard, 64)).astype(np.float32),
    }


def _pairs(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["userID", "movieID"])
    return table["userID"].to_numpy(), table["movieID"].to_numpy()


def _clicks(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    import pyarrow.parquet as pq

    sessions = pq.read_table(path)["session"].combine_chunks()
    lengths = sessions.value_lengths().to_numpy()
    return np.repeat(np.arange(len(lengths)), lengths), sessions.flatten().to_numpy()


def _factors(pairs: tuple[NDArray[np.int64], NDArray[np.int64]], seed: int) -> NDArray[np.float32]:
    """ALS item factors of users and items."""
    from dataclasses import replace

    from scipy import sparse

    from recommender.confidence import confidence
    from recommender.parameters import Parameters
    from recommender.personal.als import fit_factors

    user, item = (np.unique(each, return_inverse=True)[1] for each in pairs)
    counts = sparse.coo_matrix((np.ones(len(user), np.float32), (user, item))).tocsr()
    parameters = replace(Parameters(), regularization=1.0, seed=seed)
    return fit_factors(confidence(counts, parameters.alpha), parameters, parameters.iterations).item


def _figure(
    name: str, value: float, unit: str, baseline: float | None, data: str, seed: int, at_least: str = ""
) -> Figure:
    ratio = value / baseline if baseline else None
    return Figure(name, value, unit, baseline, ratio, data, seed, baseline_name="exact", at_least=at_least)


BENCHMARK = Benchmark(
    name="vectors",
    summary="recall@20 and time of every vector index under filters, beside an exact search",
    run=run,
    quick=False,
    minutes=3.0,
    quality=True,
)
