"""Next item of click sessions: every prefix of every test session, the whole catalogue ranked."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from benchmarks.click_files import Clicks, read_clicks
from benchmarks.figures import Benchmark, Figure, Options, Stage
from benchmarks.plain_knn import plain_knn
from recommender.sessions.next_item import NextItem

SETS = {
    "diginetica": ("sess_diginetica_train_sessions.parquet", "sess_diginetica_test.parquet"),
    "rsc15": ("sess_yoochoose1_64_train_sessions.parquet", "sess_yoochoose1_64_test.parquet"),
}
BOUNDS = {
    "diginetica HR@20": (">= 52.1", ">= 55"),
    "diginetica MRR@20": (">= 18.5", ">= 19.5"),
    "rsc15 HR@20": (">= 69.7", ">= 72"),
    "rsc15 MRR@20": (">= 29.6", ">= 32"),
}
SIZE = 20
RESAMPLES = 500
BASELINE = "plain VSKNN"
THREADS = 2
WHOLE = ""
Method = Callable[[NDArray[np.int32]], NDArray[np.integer]]


def run(options: Options) -> Iterator[Figure | Stage]:
    """HR@20 and MRR@20 of the whole, of its neighbours alone and of four plain methods, with 95 % intervals."""
    sets = _own(options) if options.train else SETS
    folder = Path() if options.train else Path(os.environ.get("SHELFWISE_DATA", "../shared/data"))
    for number, (name, (train, test)) in enumerate(sets.items()):
        share = 1.0 / len(sets)
        clicks = read_clicks(folder / train, folder / test, options.scale)
        said = f"{Path(test).name}, {len(clicks.targets):,} prefixes; {len(clicks.bounds) - 1:,} training sessions"
        for found in _measured(name, clicks, said, options.seed):
            yield replace(found, done=(number + found.done) * share) if isinstance(found, Stage) else found


def _own(options: Options) -> Mapping[str, tuple[str, str]]:
    return {Path(options.train).stem: (options.train, options.test)}


def _measured(name: str, clicks: Clicks, said: str, seed: int) -> Iterator[Figure | Stage]:
    model = yield from _fitted(name, clicks, seed)
    methods = _methods(clicks, model)
    ranks = {}
    for number, (method, ask) in enumerate(methods.items()):
        yield Stage(f"{name}: {method}", 0.8 + 0.2 * number / len(methods))
        ranks[method] = ranks_of(clicks, ask)
    drawn = _resampled(np.stack(list(ranks.values())), seed)
    for at, (method, own) in enumerate(ranks.items()):
        for metric, of_ranks in METRICS.items():
            value, baseline = float(of_ranks(own).mean()), float(of_ranks(ranks[BASELINE]).mean())
            full = f"{name} {metric}" if method == WHOLE else f"{name} {method} {metric}"
            low, high = np.quantile(drawn[metric][at], (0.025, 0.975))
            yield _figure(full, value, baseline, (float(low), float(high)), said, seed)


def _fitted(name: str, clicks: Clicks, seed: int) -> Generator[Stage, None, NextItem]:
    """The model of a data set; yields how far it is."""
    from recommender.sessions.fitting import fit_next_item

    heard: SimpleQueue[tuple[str, float]] = SimpleQueue()
    begin = {"knobs": (0.0, 0.2), "ranker": (0.2, 0.55), "index": (0.75, 0.05)}
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(
            fit_next_item, clicks.bounds, clicks.items, clicks.n_items, seed=seed,
            progress=lambda stage, done: heard.put((stage, done)), threads=THREADS,
        )  # fmt: skip
        fit.add_done_callback(lambda _: heard.put(("", 1.0)))
        while (told := heard.get())[0]:
            since, span = begin[told[0]]
            yield Stage(f"{name}: {told[0]}", since + span * told[1])
        return fit.result()


def _methods(clicks: Clicks, model: NextItem) -> dict[str, Method]:
    """What ranks a session's next item, by name; the whole has none."""
    from recommender.blend.boosting import no_trees

    popularity = np.bincount(clicks.items, minlength=clicks.n_items)
    popular = np.argsort(-popularity, kind="stable")[:SIZE]
    neighbours = replace(model, knobs=model.knobs._replace(blend=0.0), trees=no_trees())
    cut = replace(model, trees=no_trees())
    return {
        WHOLE: lambda session: model.candidates(session, None, SIZE).rows,
        "neighbours and transitions": lambda session: cut.candidates(session, None, SIZE).rows,
        "neighbours alone": lambda session: neighbours.candidates(session, None, SIZE).rows,
        BASELINE: lambda session: plain_knn(session, model.index.past, SIZE),
        "in-session popularity": lambda session: _seen_first(session, popularity, popular),
        "popularity": lambda _session: popular,
    }


def _seen_first(
    session: NDArray[np.int32], popularity: NDArray[np.int64], popular: NDArray[np.int64]
) -> NDArray[np.integer]:
    """The session's items by how often they were clicked in it, then the popular ones."""
    seen, times = np.unique(session, return_counts=True)
    seen = seen[np.lexsort((-popularity[seen], -times))]
    return np.concatenate([seen, popular[~np.isin(popular, seen)]])[:SIZE]


def ranks_of(clicks: Clicks, ask: Method) -> NDArray[np.int64]:
    """Where each question's target stands among the first 20, 1 the first; 0 where it does not."""

    def part(cases: NDArray[np.int64]) -> list[int]:
        ranks = []
        for case in cases:
            places = np.flatnonzero(ask(clicks.prefix(case)) == clicks.targets[case])
            ranks.append(int(places[0]) + 1 if len(places) else 0)
        return ranks

    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(part, np.array_split(np.arange(len(clicks.targets)), 4 * THREADS))
        return np.array([rank for ranks in parts for rank in ranks], np.int64)


def _hits(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    return (ranks > 0).astype(np.float64)


def _reciprocal(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(ranks > 0, 1.0 / np.maximum(ranks, 1), 0.0)


METRICS: Mapping[str, Callable[[NDArray[np.int64]], NDArray[np.float64]]] = {"HR@20": _hits, "MRR@20": _reciprocal}


def _resampled(ranks: NDArray[np.int64], seed: int) -> dict[str, NDArray[np.float64]]:
    """Every metric in bootstrap resamples of the questions, the same ones for all methods: float64 (methods, 500)."""
    rng = np.random.default_rng(seed)
    values = {metric: of_ranks(ranks) for metric, of_ranks in METRICS.items()}
    drawn = {metric: np.empty((len(ranks), RESAMPLES)) for metric in METRICS}
    for sample in range(RESAMPLES):
        times = np.bincount(rng.integers(0, ranks.shape[1], ranks.shape[1]), minlength=ranks.shape[1])
        for metric, of_each in values.items():
            drawn[metric][:, sample] = of_each @ times / ranks.shape[1]
    return drawn


def _figure(name: str, value: float, baseline: float, interval: tuple[float, float], data: str, seed: int) -> Figure:
    at_least, aim = BOUNDS.get(name, ("", ""))
    return Figure(
        name=name,
        value=100 * value,
        unit="%",
        baseline=100 * baseline,
        ratio=value / baseline if baseline else None,
        data=data,
        seed=seed,
        low=100 * interval[0],
        high=100 * interval[1],
        baseline_name=BASELINE,
        at_least=at_least,
        aim=aim,
    )


BENCHMARK = Benchmark(
    name="sessions",
    summary="HR@20 and MRR@20 of the next click on Diginetica and RSC15 1/64, or on any --train and --test",
    run=run,
    quick=False,
    minutes=15.0,
    quality=True,
)
