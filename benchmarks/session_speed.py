"""How fast a session's next item is found among a million sessions, and how fast they are counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.figures import Benchmark, Figure, Options, Stage
from recommender.sessions.index import Segment, SessionIndex, added
from recommender.sessions.next_item import NextItem

if TYPE_CHECKING:
    from recommender.blend.trees import Trees

SESSIONS, ITEMS = 1_000_000, 100_000
CLICKS = 5.2
REQUESTS = 3000
SLOW_REQUESTS = 300
TODAY = 1000
CLUSTER = 200
FAR = 0.1
COUNT = 20
Ask = Callable[[NDArray[np.int32]], object]


def run(options: Options) -> Iterator[Figure | Stage]:
    """The whole path in one thread, its neighbour search in numba, numpy and scipy, the index build, and today."""
    from recommender.sessions.fitting import counted
    from recommender.sessions.search import Knobs, latest, nearest

    sessions, items = (max(1000, int(size * options.scale)) for size in (SESSIONS, ITEMS))
    yield Stage("making sessions", 0.0)
    bounds, clicks = made_sessions(sessions, items, options.seed)
    counted(bounds[:3], clicks[: bounds[2]], items, Knobs(), full_forest(options.seed))
    yield Stage("counting them", 0.1)
    began = time.perf_counter()
    model = counted(bounds, clicks, items, Knobs(), full_forest(options.seed))
    built = time.perf_counter() - began
    asked = prefixes(*made_sessions(REQUESTS, items, options.seed + 1), options.seed)
    data = f"{sessions:,} made-up sessions of {CLICKS} clicks, {items:,} items"
    said = f"{data}; {len(model.trees.leaves)} trees, {model.knobs.neighbours} neighbours"
    yield Stage("whole path", 0.4)
    whole = timed(lambda session: model.candidates(session, None, COUNT), asked)
    yield Stage("neighbours alone", 0.6)
    index, knobs = model.index, model.knobs
    compiled = timed(lambda session: nearest(*latest(session, knobs.steps), index.past, index.today, knobs), asked)
    slow = asked[:SLOW_REQUESTS]
    plain = timed(lambda session: with_numpy(session, model), slow)
    matrix = as_matrix(index.past)
    products = timed(lambda session: with_scipy(session, model, matrix), slow)
    seed = options.seed
    for name, percentile, at_least, aim in (("p50", 50, "<= 1", "<= 0.3"), ("p99", 99, "<= 4", "<= 1.5")):
        value = float(np.percentile(whole, percentile))
        yield Figure(f"whole path {name}", value, "ms", None, None, said, seed, at_least=at_least, aim=aim)
        for method, times in (("numba", compiled), ("numpy", plain), ("scipy", products)):
            value, baseline = float(np.percentile(times, percentile)), float(np.percentile(plain, percentile))
            figure = Figure(f"neighbours with {method} {name}", value, "ms", baseline, value / baseline, data, seed)
            yield replace(figure, baseline_name="numpy")
    yield Figure("index build", built, "s", None, None, data, seed, at_least="<= 60", aim="<= 15")
    yield Figure(
        "today's sessions", _adding(index, items, seed), "ms", None, None, f"{TODAY:,} put on top of {data}", seed
    )


def made_sessions(sessions: int, items: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Sessions that stay near one item, a tenth of the clicks anywhere; some items are far more popular than others."""
    rng = np.random.default_rng(seed)
    sizes = 1 + rng.geometric(1 / (CLICKS - 1), sessions)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    total = int(bounds[-1])
    middle = np.repeat((items * rng.random(sessions) ** 3).astype(np.int64), sizes)
    near = middle + (CLUSTER * (rng.random(total) ** 2) * rng.choice((-1, 1), total)).astype(np.int64)
    anywhere = (items * rng.random(total) ** 3).astype(np.int64)
    clicks = np.where(rng.random(total) < FAR, anywhere, np.clip(near, 0, items - 1))
    return bounds.astype(np.int64), clicks.astype(np.int32)


def prefixes(bounds: NDArray[np.int64], clicks: NDArray[np.int32], seed: int) -> list[NDArray[np.int32]]:
    """One running session of each: some of its first clicks."""
    ends = bounds[:-1] + np.random.default_rng(seed).integers(1, np.diff(bounds))
    return [clicks[begin:end] for begin, end in zip(bounds, ends, strict=False)]


def timed(ask: Ask, asked: list[NDArray[np.int32]]) -> NDArray[np.float64]:
    """Milliseconds of every request, one after the other, after a few that don't count."""
    for session in asked[:20]:
        ask(session)
    took = np.empty(len(asked))
    for at, session in enumerate(asked):
        began = time.perf_counter()
        ask(session)
        took[at] = time.perf_counter() - began
    return 1000 * took


def _adding(index: SessionIndex, items: int, seed: int) -> float:
    bounds, clicks = made_sessions(TODAY, items, seed + 2)
    began = time.perf_counter()
    added(index, bounds, clicks)
    return 1000 * (time.perf_counter() - began)


def full_forest(seed: int) -> Trees:
    """As many trees as a fit may grow. What they ask is made up: a tree takes as long whatever it asks."""
    from recommender.blend.boosting import DEPTH
    from recommender.blend.trees import Trees
    from recommender.sessions.fitting import TREES
    from recommender.sessions.traits import WIDTH

    rng = np.random.default_rng(seed)
    features = rng.integers(0, WIDTH, (TREES, DEPTH)).astype(np.int32)
    thresholds, leaves = rng.random((TREES, DEPTH)), rng.normal(0, 0.1, (TREES, 1 << DEPTH))
    return Trees(features, thresholds.astype(np.float32), leaves.astype(np.float32))


def with_numpy(session: NDArray[np.int32], model: NextItem) -> NDArray[np.int32]:
    """The neighbour search of `nearest`, in numpy: the sessions it keeps, and nothing of how they match."""
    past, knobs = model.index.past, model.knobs
    held, weights = [], []
    for item, weight in _weights(session, model):
        held.append(past.posting_sessions[past.starts[item] : past.starts[item + 1]][: knobs.most])
        weights.append(np.full(len(held[-1]), weight))
    numbers, place = np.unique(np.concatenate(held), return_inverse=True)
    likeness = np.bincount(place, np.concatenate(weights)).astype(np.float64)
    return np.asarray(numbers[_best(likeness, numbers, model)], np.int32)


def as_matrix(past: Segment) -> sparse.csr_matrix:
    """Items by sessions, 1 where a session holds an item."""
    ones = np.ones(len(past.posting_sessions), np.float32)
    return sparse.csr_matrix((ones, past.posting_sessions, past.starts), (len(past.starts) - 1, len(past.bounds) - 1))


def with_scipy(session: NDArray[np.int32], model: NextItem, matrix: sparse.csr_matrix) -> NDArray[np.int32]:
    """The same as one sparse product. It looks at all sessions of an item, not at the newest ones alone."""
    items, weights = zip(*_weights(session, model), strict=True)
    product = sparse.csr_matrix(np.array([weights], np.float32)) @ matrix[list(items)]
    return np.asarray(product.indices[_best(product.data, product.indices, model)], np.int32)


def _weights(session: NDArray[np.int32], model: NextItem) -> list[tuple[int, float]]:
    """The session's items, newest first, and what each weighs."""
    past, knobs = model.index.past, model.knobs
    weights: dict[int, float] = {}
    for back, item in enumerate(session[::-1][: knobs.steps].tolist()):
        held = int(past.starts[item + 1] - past.starts[item])
        rare = float(np.log((len(past.bounds) + 0.0) / (held + 1.0))) ** knobs.rarity
        weights.setdefault(item, knobs.position**back * rare)
    return list(weights.items())


def _best(likeness: NDArray[np.floating], numbers: NDArray[np.integer], model: NextItem) -> NDArray[np.int64]:
    past, knobs = model.index.past, model.knobs
    total = len(past.bounds) - 1
    sizes = past.bounds[numbers + 1] - past.bounds[numbers]
    weighed = likeness * np.exp(-(total - 1 - numbers) / (knobs.age * total)) / sizes**knobs.length
    if len(numbers) <= knobs.neighbours:
        return np.arange(len(numbers))
    return np.argpartition(weighed, len(numbers) - knobs.neighbours)[-knobs.neighbours :]


BENCHMARK = Benchmark(
    name="session-speed",
    summary="the next item of a session among a million of them: time of a request, of the index, of today's sessions",
    run=run,
    quick=False,
    minutes=2.0,
    quality=True,
)
