"""pipeline: from a filled store to a published model, against a bare `implicit` fit of the same matrix."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Benchmark, Figure, Options
from benchmarks.synthetic import History, fill_store, make_history
from integration.services.threads import leave_threads_to_implicit
from integration.settings import Settings

USERS, ITEMS, LINES = 100_000, 10_000, 2_000_000
LENGTH = 10
SHOP_ID = 1
ROUNDS = 2
# What the library itself does unless told otherwise; the pipeline may reach the same quality with fewer.
BARE_ITERATIONS = 15


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run in a process of its own.

    peak_mb: its largest resident size. factors, slates: HR@10 on the cases, of the item factors with the user's whole
    history folded in, and of what shoppers are shown (for the bare fit: its own user factors).
    """

    seconds: float
    peak_mb: float
    factors: float
    slates: float
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run needs to know. The cases are things bought next by users whose history is in the store."""

    folder: str
    case_user: NDArray[np.int64]
    case_item: NDArray[np.int64]

    @property
    def settings(self) -> Settings:
        """Settings of the app on the benchmark's store."""
        return Settings.from_environ({"SHELFWISE_DATA_DIR": self.folder})


def run(options: Options) -> Iterator[Figure]:
    """Fill a store, then fit bare and through the pipeline in turn.

    Of each the quickest run counts: other work on the machine only ever adds time.
    """
    users, items, lines = (max(50, int(size * options.scale)) for size in (USERS, ITEMS, LINES))
    history = make_history(users, items, lines, options.seed)
    data = f"synthetic, {users:,} users x {items:,} items x {lines:,} lines"
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(folder, history.case_user, history.case_item)
        _fill(setting, history)
        runs = [(_alone(_bare_fit, setting), _alone(_pipeline, setting)) for _ in range(ROUNDS)]
    bare, piped = (min(each, key=lambda run: run.seconds) for each in zip(*runs, strict=True))

    def figure(name: str, value: float, unit: str, baseline: float | None = None, **more: Any) -> Figure:
        ratio = value / baseline if baseline else None
        named = "bare implicit fit" if baseline else ""
        return Figure(name, value, unit, baseline, ratio, data, options.seed, baseline_name=named, **more)

    yield figure("pipeline", piped.seconds, "s", bare.seconds, at_least="<= 1.5", aim="<= 1.15")
    for stage, seconds in piped.stages.items():
        yield figure(f"pipeline: {stage}", seconds, "s")
    yield figure("peak memory of the pipeline", piped.peak_mb, "MB", bare.peak_mb)
    yield figure("HR@10 of the factors", piped.factors, "share", bare.factors, at_least=">= 0.97", aim=">= 1")
    yield figure("HR@10 of the slates", piped.slates, "share", bare.slates)


def _fill(setting: Setting, history: History) -> None:
    from integration.storage.database import Database

    database = Database(setting.settings.database_url)
    fill_store(database, history)
    database.close()


def _alone(work: Any, setting: Setting) -> Run:
    """Run in a fresh process, so that memory and thread settings are its own."""
    leave_threads_to_implicit()
    pool = multiprocessing.get_context("spawn").Pool(1)
    try:
        result: Run = pool.apply(work, (setting,))
    finally:
        pool.close()
        pool.join()
    return result


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _pipeline(setting: Setting) -> Run:
    from integration.services.training import artifact_folder, train
    from integration.storage.database import Database
    from recommender.artifacts import load

    database = Database(setting.settings.database_url)
    began = time.perf_counter()
    outcome = train(database, setting.settings, SHOP_ID, trigger="benchmark")
    seconds = time.perf_counter() - began
    peak = _peak_mb()
    model, _ = load(artifact_folder(setting.settings, SHOP_ID, outcome.version))
    factors = _folded_hit_rate(setting, model.item_factors)
    return Run(seconds, peak, factors, _slates_hit_rate(setting, model), dict(outcome.seconds))


def _folded_hit_rate(setting: Setting, item_factors: NDArray[np.float32]) -> float:
    """HR@10 of item factors alone, with each case's whole history folded in."""
    from recommender.parameters import Parameters

    parameters = Parameters()
    gram = item_factors.T @ item_factors + parameters.regularization * np.eye(item_factors.shape[1])
    hits = 0
    for bought, item in _cases(setting):
        rows = item_factors[bought]
        user = np.linalg.solve(gram + parameters.alpha * rows.T @ rows, (1 + parameters.alpha) * rows.sum(axis=0))
        hits += item in _best(item_factors @ user.astype(np.float32), bought)
    return hits / len(setting.case_user)


def _best(scores: NDArray[np.float32], bought: list[int]) -> NDArray[np.intp]:
    scores[bought] = -np.inf
    return np.argpartition(scores, -LENGTH)[-LENGTH:]


def _slates_hit_rate(setting: Setting, model: Any) -> float:
    """HR@10 of the slates that the published model gives for each case's own history, everything in stock."""
    from recommender.serving.availability import Availability
    from recommender.serving.shelf import Shelf
    from recommender.serving.slates import Context, align, build_slate

    n = len(model)
    newest = np.arange(n, dtype=np.int32)
    category = np.full(n, -1, dtype=np.int32)
    aligned = align(model, Shelf(model.product_ids, np.full(n, Availability.IN_STOCK, np.int8), category, newest))
    hits = 0
    for bought, item in _cases(setting):
        slate = build_slate(aligned, Context("home", tuple(model.product_ids[bought].tolist()), (), (), LENGTH))
        hits += item in (each.row for each in slate.items)
    return hits / len(setting.case_user)


def _bare_fit(setting: Setting) -> Run:
    """Only `implicit`, on the matrix that the pipeline makes, with its factors and threads, 15 iterations."""
    from implicit.cpu.als import AlternatingLeastSquares

    matrix, users, parameters = _confidences(setting)
    solver = AlternatingLeastSquares(
        factors=parameters.factors,
        regularization=parameters.regularization,
        alpha=1.0,
        iterations=BARE_ITERATIONS,
        num_threads=parameters.threads,
        random_state=parameters.seed,
    )
    began = time.perf_counter()
    solver.fit(matrix, show_progress=False)
    seconds = time.perf_counter() - began
    peak = _peak_mb()
    rows = np.searchsorted(users, setting.case_user + 1)
    hits = 0
    for row, (bought, item) in zip(rows.tolist(), _cases(setting), strict=True):
        hits += item in _best(solver.item_factors @ solver.user_factors[row], bought)
    return Run(seconds, peak, _folded_hit_rate(setting, solver.item_factors), hits / len(setting.case_user))


def _confidences(setting: Setting) -> tuple[Any, NDArray[np.int64], Any]:
    """The pipeline's own confidence matrix, the customer of each of its rows, and the parameters."""
    from recommender.confidence import confidence, line_weights
    from recommender.interactions import orders_of, user_items, user_rows
    from recommender.parameters import Parameters

    data = _read(setting)
    lines, items = data.purchases, len(data.catalogue)
    parameters = Parameters(factors=setting.settings.factors)
    weights = line_weights(lines.quantity, lines.time, int(lines.time.max()), parameters.half_life_days)
    orders, order = orders_of(lines, items)
    rows, n_users = user_rows(lines, order, orders.sizes, parameters.largest_basket)
    matrix = user_items(rows, lines.item, weights, (n_users, items))
    return confidence(matrix, parameters.alpha), np.unique(lines.user), parameters


def _read(setting: Setting) -> Any:
    from integration.storage.database import Database
    from integration.storage.training_data import read_training_data

    database = Database(setting.settings.database_url)
    data = read_training_data(database, SHOP_ID)
    database.close()
    return data


def _cases(setting: Setting) -> Iterator[tuple[list[int], int]]:
    """For each case what its user has bought, newest last, and what they buy next; both as catalogue rows."""
    lines = _read(setting).purchases
    order = np.lexsort((lines.time, lines.user))
    users, items = lines.user[order], lines.item[order].tolist()
    wanted = setting.case_user + 1
    begins, ends = np.searchsorted(users, wanted).tolist(), np.searchsorted(users, wanted, side="right").tolist()
    for begin, end, item in zip(begins, ends, setting.case_item.tolist(), strict=True):
        yield items[begin:end], item


BENCHMARK = Benchmark(
    name="pipeline",
    summary="From a filled store to a published model, against a bare implicit fit of the same matrix",
    run=run,
    quick=True,
    minutes=1.5,
)
