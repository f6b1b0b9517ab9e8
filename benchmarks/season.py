"""Does a season show before its sales do: last year's words beside decayed popularity, on Online Retail's autumn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from benchmarks.retail import read_orders
from recommender.backtests import metrics
from recommender.confidence import MICROSECONDS_A_DAY
from recommender.interactions import Orders, orders_of
from recommender.trends.season import choose_half_life, season_words, seasonal_scores
from recommender.trends.trending import trending_scores

FILE = "uci_online_retail.parquet"
HORIZONS = (28, 14)
SEASON_DAYS, WEEK_DAYS = 105, 7
WATCHED_DAYS, STEP_DAYS = 160, 3
OPENING_DAYS = 23
LENGTHS = (20, 100)
TOP = 0.05
FEWEST_SOLD = 20


def run(options: Options) -> Iterator[Figure | Stage]:
    """HR and NDCG on the days after each weekly cut of the last autumn, and how many days earlier a product rises."""
    path = Path(options.data) if options.data else Path(os.environ.get("SHELFWISE_DATA", "../shared/data")) / FILE
    if not path.exists():
        raise NoData(f"no {path}: put UCI Online Retail there, or say where it is with --data or SHELFWISE_DATA")
    yield Stage("read", 0.0)
    purchases, catalogue = read_orders(path)
    orders, _ = orders_of(purchases, len(catalogue))
    words = season_words(list(catalogue.texts))
    for number, horizon in enumerate(HORIZONS):
        yield Stage(f"{horizon} days ahead", 0.1 + 0.3 * number)
        cuts = cuts_before(orders, horizon, SEASON_DAYS, WEEK_DAYS)
        both = [ranked(orders, words, at, horizon) for at in cuts]
        data = f"{path.name}, {len(cuts)} weekly cuts, the {horizon} days after each"
        yield from _ahead(orders, cuts, both, horizon, data, options.seed)
    yield Stage("days earlier", 0.7)
    cuts = cuts_before(orders, HORIZONS[0], WATCHED_DAYS, STEP_DAYS)
    both = [ranked(orders, words, at, HORIZONS[0]) for at in cuts]
    yield _earlier(orders, cuts, both, path.name, options.seed)


def cuts_before(orders: Orders, horizon_days: int, within_days: int, step_days: int) -> list[int]:
    """Moments of the last days, a step apart, that have `horizon_days` of data after them, oldest first."""
    last = int(orders.time.max(initial=0)) - horizon_days * MICROSECONDS_A_DAY
    steps = range((within_days - horizon_days) // step_days - 1, -1, -1)
    moments = [last - step * step_days * MICROSECONDS_A_DAY for step in steps]
    moments = [at for at in moments if at > int(orders.time.min(initial=last))]
    if not moments:
        raise NoData(f"orders of more than {horizon_days} days are needed: there is nothing to foretell")
    return moments


def ranked(orders: Orders, words: object, at: int, horizon: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores by decayed popularity alone, its half-life chosen before the cut, and with the season; (n,) each."""
    past = orders.where(orders.time <= at)
    plain = trending_scores(past, at, choose_half_life(past, at, horizon))
    return plain, seasonal_scores(past, at, words, horizon_days=horizon)


def _ahead(
    orders: Orders,
    cuts: list[int],
    both: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
    horizon: int,
    data: str,
    seed: int,
) -> Iterator[Figure]:
    sold = [_sold(orders, at, at + horizon * MICROSECONDS_A_DAY) for at in cuts]
    weights = metrics.resamples(len(cuts), seed)
    for length in LENGTHS:
        for name, measure in (("ndcg", _ndcg), ("hr", _hit_rate)):
            plain, seasonal = (
                np.array([measure(pair[way], then, length) for pair, then in zip(both, sold, strict=True)])
                for way in (0, 1)
            )
            found = metrics.mean(seasonal, weights)
            baseline = float(plain.mean())
            yield Figure(
                name=f"season {name}@{length}, {horizon} days ahead",
                value=found.value,
                unit="share",
                baseline=baseline,
                ratio=found.value / baseline if baseline else None,
                data=data,
                seed=seed,
                low=found.low,
                high=found.high,
                baseline_name="decayed popularity alone",
            )


def _sold(orders: Orders, begin: int, end: int) -> NDArray[np.float64]:
    within = (orders.time > begin) & (orders.time <= end)
    return np.asarray(orders.matrix.T @ within.astype(np.float64), np.float64)


def _ndcg(scores: NDArray[np.float32], sold: NDArray[np.float64], length: int) -> float:
    """NDCG with sold lines as gains."""
    places = 1 / np.log2(np.arange(min(length, len(sold))) + 2)
    best = np.sort(sold)[::-1][: len(places)] @ places
    return float(sold[np.argsort(-scores, kind="stable")[: len(places)]] @ places / best) if best else 0.0


def _hit_rate(scores: NDArray[np.float32], sold: NDArray[np.float64], length: int) -> float:
    """Share of the lines sold whose product is among the first."""
    return float(sold[np.argsort(-scores, kind="stable")[:length]].sum() / max(sold.sum(), 1.0))


def in_season(orders: Orders, cuts: list[int]) -> NDArray[np.int64]:
    """Products that sell more in both seasons than between: judged with all the data, to know whom to watch, int64."""
    start = int(orders.time.min())
    last = _sold(orders, start - 1, start + OPENING_DAYS * MICROSECONDS_A_DAY)
    quiet = _sold(orders, start + 60 * MICROSECONDS_A_DAY, cuts[0] - 60 * MICROSECONDS_A_DAY)
    this = _sold(orders, cuts[0], int(orders.time.max(initial=0)))
    share = [counts / max(counts.sum(), 1.0) for counts in (last, quiet, this)]
    return np.flatnonzero(
        (last >= FEWEST_SOLD) & (this >= FEWEST_SOLD) & (share[0] > 4 * share[1]) & (share[2] > 4 * share[1])
    )


def _earlier(
    orders: Orders, cuts: list[int], both: list[tuple[NDArray[np.float32], NDArray[np.float32]]], name: str, seed: int
) -> Figure:
    """Days from a product's rise into the first 5 % by season to its rise there by decayed popularity, on average."""
    watched = in_season(orders, cuts)
    top = max(int(TOP * orders.matrix.shape[1]), 1)
    ranks = np.stack([[np.argsort(np.argsort(-s, kind="stable"))[watched] for s in pair] for pair in both])
    rose = ranks < top
    came = np.where(rose.any(axis=0), rose.argmax(axis=0), len(cuts))
    late = (came[0] > 0) & (came[0] < len(cuts))
    days = ((came[0] - came[1]) * STEP_DAYS)[late].astype(np.float64)
    found = metrics.mean(days, metrics.resamples(len(days), seed))
    return Figure(
        name="days earlier in the first 5 %",
        value=found.value,
        unit="days",
        baseline=0.0,
        ratio=None,
        data=f"{name}, the {len(days)} of {len(watched)} seasonal products that rise there while it is watched",
        seed=seed,
        low=found.low,
        high=found.high,
        baseline_name="decayed popularity alone",
    )


BENCHMARK = Benchmark(
    name="season",
    summary="how early products of a season rise, and what that is worth, over decayed popularity",
    run=run,
    quick=False,
    minutes=1.0,
    quality=True,
)
