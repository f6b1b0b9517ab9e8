"""What one slate costs inside the process, beside the plainest way to rank as many products."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Benchmark, Figure, Options
from recommender.blend.features import FEATURES, PAGES, TOGETHER, WORDS
from recommender.blend.forests import DEPTH, MOST
from recommender.blend.teaching import prior_rankers
from recommender.blend.trees import Trees
from recommender.model import Model, Serving
from recommender.parameters import Parameters
from recommender.personal.folding import fold_factors
from recommender.serving.availability import Availability
from recommender.serving.shelf import Shelf
from recommender.serving.slates import Aligned, Context, align, build_slate

PRODUCTS = 10_000
SLATES = 20_000
SHELVES = 200
TURN = 500
SESSION = 5
COUNT = 8
SOLD_OUT = 0.1
VISITS = 100_000
PASTS, BOUGHT = 100, 60

Work = Callable[[tuple[int, ...]], object]


def run(options: Options) -> Iterator[Figure]:
    """Microseconds of a slate of 8 from a session of 5 with a tenth of the shelf sold out, and of a stock change."""
    random = np.random.default_rng(options.seed)
    products = max(int(PRODUCTS * options.scale), 200)
    model, shelf = _model(products, random), _shelf(products, random)
    aligned = align(model, shelf)
    sessions = [tuple(each) for each in random.integers(0, products, (SLATES, SESSION)).tolist()]
    slates = _microseconds(
        lambda session: build_slate(aligned, Context("home", session, (), (), COUNT)),
        sessions[: max(int(SLATES * options.scale), 1000)],
    )
    plain = _microseconds(_plain(model, shelf), sessions[: len(slates)])
    data = f"made up: {products:,} products, {Parameters().factors} factors, session of {SESSION}, slate of {COUNT}"
    for name, share in (("slate p50", 50), ("slate p99", 99)):
        value, baseline = float(np.percentile(slates, share)), float(np.percentile(plain, share))
        what = "numpy mean, dot, mask and argpartition"
        yield Figure(name, value, "us", baseline, value / baseline, data, options.seed, baseline_name=what)
    yield from _with_trees(options, aligned, sessions[: len(slates)], data)
    yield from _whole(options, products, data)
    after_sales = [_shelf(products, random, shelf) for _ in range(SHELVES)]
    taken = _microseconds(lambda row: align(model, after_sales[row[0]], aligned), [(row,) for row in range(SHELVES)])
    value = float(np.percentile(taken, 50))
    yield Figure("alignment after a stock change p50", value, "us", None, None, data, options.seed)


def _with_trees(options: Options, aligned: Aligned, sessions: list[tuple[int, ...]], data: str) -> Iterator[Figure]:
    """The same slates without trees and with as many as a page may have, in turns."""
    assert aligned.model is not None
    treed = align(replace(aligned.model, trees=_trees(options.seed)), aligned.shelf)

    def spent(each: Aligned, begin: int) -> NDArray[np.float64]:
        asked = sessions[begin : begin + TURN]
        return _microseconds(lambda session: build_slate(each, Context("home", session, (), (), COUNT)), asked)

    turns = [(spent(aligned, begin), spent(treed, begin)) for begin in range(0, len(sessions), TURN)]
    plain, value = (float(np.percentile(np.concatenate(part), 50)) for part in zip(*turns, strict=True))
    said = f"{data}; {MOST} trees of depth {DEPTH}"
    what = "without trees"
    yield Figure("slate with trees p50", value, "us", plain, value / plain, said, options.seed, baseline_name=what)


def _trees(seed: int) -> dict[str, Trees]:
    random = np.random.default_rng(seed)
    features = random.integers(0, len(FEATURES) + 1, (MOST, DEPTH)).astype(np.int32)
    leaves = random.normal(0, 0.1, (MOST, 1 << DEPTH)).astype(np.float32)
    return dict.fromkeys(PAGES, Trees(features, random.random((MOST, DEPTH), np.float32), leaves))


def _whole(options: Options, products: int, data: str) -> Iterator[Figure]:
    """Everything at once: a known customer in a shop with earlier visits and trees, a merchant's weights, diversity."""
    from recommender.blend.boosting import no_trees
    from recommender.sessions.fitting import counted
    from recommender.sessions.search import Knobs
    from recommender.sessions.visits import visits_of

    random = np.random.default_rng(options.seed)
    many = max(int(VISITS * options.scale), 2000)
    numbers = np.repeat(np.arange(many), SESSION)
    begun = np.repeat(random.integers(0, products, many), SESSION)
    seen = (begun + random.integers(0, products // 10, many * SESSION)) % products
    visits = visits_of(numbers, seen.astype(np.int32), numbers)
    next_item = counted(visits.bounds, visits.items, products, Knobs(), no_trees())
    model = replace(_model(products, random), next_item=next_item, trees=_trees(options.seed))
    shelf = _shelf(products, random)
    weighed = replace(shelf, appeal=random.normal(0, 0.3, products).astype(np.float32), diversity=0.3)
    aligned = align(model, weighed)
    pasts = random.integers(0, products, (PASTS, BOUGHT)).tolist()
    histories = [tuple((row, float(age)) for age, row in enumerate(past)) for past in pasts]

    def shown(session: tuple[int, ...]) -> object:
        return build_slate(aligned, Context("home", session, (), (), COUNT, histories[session[0] % PASTS]))

    sessions = [tuple(each) for each in random.integers(0, products, (SLATES, SESSION)).tolist()]
    spent = _microseconds(shown, sessions[: max(int(SLATES * options.scale), 1000)]) / 1000
    said = f"{data}; {many:,} visits, {BOUGHT} earlier purchases, {MOST} trees, business weights, diversity"
    yield Figure("whole slate p50", float(np.percentile(spent, 50)), "ms", None, None, said, options.seed)
    p99 = float(np.percentile(spent, 99))
    yield Figure("whole slate p99", p99, "ms", None, None, said, options.seed, at_least="<= 12", aim="<= 5")


def _model(products: int, random: np.random.Generator) -> Model:
    parameters = Parameters()
    factors = random.normal(0, 0.1, (products, parameters.factors)).astype(np.float32)
    # Neighbours lie close together, as the products of one department do: lists of a session overlap.
    near = random.integers(1, products // 10, (products, parameters.neighbours)) + np.arange(products)[:, None]
    shape = (products, parameters.neighbours)
    return Model(
        np.arange(products, dtype=np.int64),
        factors,
        fold_factors(factors, parameters.regularization),
        (near % products).astype(np.int32),
        np.sort(random.random((2, *shape), np.float32))[:, :, ::-1].copy(),
        random.integers(0, 100, shape, np.int32),
        random.random(products, np.float32),
        random.random(products, np.float32),
        random.uniform(0.5, 2, products).astype(np.float32),
        Serving(
            parameters.alpha,
            parameters.seed_decay,
            parameters.seeds,
            parameters.history_half_life_days,
            (TOGETHER, WORDS),
            prior_rankers(),
        ),
    )


def _shelf(products: int, random: np.random.Generator, before: Shelf | None = None) -> Shelf:
    out = random.random(products) < SOLD_OUT
    availability = np.where(out, Availability.SOLD_OUT, Availability.IN_STOCK).astype(np.int8)
    if before is not None:
        return replace(before, availability=availability)
    ids = np.arange(products, dtype=np.int64)
    return Shelf(ids, availability, (ids % 50).astype(np.int32), ids[::-1].astype(np.int32))


def _plain(model: Model, shelf: Shelf) -> Work:
    """The baseline: the mean of the session's factors against all products, masked and cut to the best."""
    sold_out = shelf.availability < Availability.LOW

    def rank(session: tuple[int, ...]) -> object:
        rows = list(session)
        scores = model.item_factors @ model.item_factors[rows].mean(axis=0)
        scores[sold_out] = -np.inf
        scores[rows] = -np.inf
        best = np.argpartition(-scores, COUNT)[:COUNT]
        best = best[np.argsort(-scores[best])]
        return list(zip(model.product_ids[best].tolist(), scores[best].tolist(), strict=True))

    return rank


def _microseconds(work: Work, inputs: list[tuple[int, ...]]) -> NDArray[np.float64]:
    """How long each call took; the first tenth only warms up."""
    spent = []
    for given in inputs:
        begin = time.perf_counter_ns()
        work(given)
        spent.append((time.perf_counter_ns() - begin) / 1000)
    return np.array(spent[len(spent) // 10 :])


BENCHMARK = Benchmark(
    name="serving",
    summary="microseconds of a slate inside the process, and of taking over a stock change, at 10,000 products",
    run=run,
    quick=True,
    minutes=0.5,
    quality=True,
)
