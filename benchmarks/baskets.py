"""Next basket of repeat buyers: each customer's last basket from those before, on Ta-Feng or a file of its shape."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from recommender.baskets.forecast import forecast_baskets, global_top, personal_then_global, personal_top
from recommender.baskets.histories import Histories, cut_newest, histories_of
from recommender.baskets.next_basket import is_in

FILE = "nbr_tafeng.parquet"
COLUMNS = ("user", "basket_no", "item")
SIZE = 10
RESAMPLES = 1000
SERVED, BASELINE = "next basket", "personal, then global"
BOUNDS = {"recall@10": (".145", ".160")}

Values = Mapping[str, NDArray[np.float64]]


def run(options: Options) -> Iterator[Figure | Stage]:
    """Recall@10 and NDCG@10 over all customers with two baskets or more, repeat and new items apart, with intervals."""
    path = Path(options.data) if options.data else Path(os.environ.get("SHELFWISE_DATA", "../shared/data")) / FILE
    history = read_baskets(path, options)
    past, target = cut_newest(history)
    users = np.unique(target.user)
    if not len(users):
        raise NoData(f"{path.name} has no customer with two baskets, so there is none to ask for")
    yield Stage("learning and ranking", 0.05)
    forecast = forecast_baskets(past, size=SIZE, seed=options.seed, progress=_unheard)
    lists = {
        SERVED: forecast.items,
        BASELINE: personal_then_global(past, SIZE),
        "personal": personal_top(past, SIZE),
        "global": global_top(past, SIZE),
    }
    yield Stage("intervals", 0.95)
    measured = {name: measure(items[users], users, past, target) for name, items in lists.items()}
    said = f"{path.name}, last baskets of {len(users):,} customers; {SERVED}: {forecast.strategy}"
    for name, values in measured.items():
        for metric, of_each in values.items():
            yield _figure(name, metric, of_each, _mean(measured[BASELINE][metric]), said, options)


def _unheard(_stage: str, _fraction: float) -> None:
    """Progress within a stage, which nobody listens to."""


def read_baskets(path: Path, options: Options) -> Histories:
    """The baskets in a file with the columns user, basket_no and item, whose ids may be of any kind. Raises NoData."""
    if not path.exists():
        raise NoData(f"no {path}: put Ta-Feng's baskets there, or say where they are with --data or SHELFWISE_DATA")
    try:
        table = pq.read_table(path, columns=list(COLUMNS)).drop_null()
        user, basket, item = (_codes(table[name], numbers=name == "basket_no") for name in COLUMNS)
    except (pa.ArrowException, KeyError) as error:
        raise NoData(f"{path.name} can't be read as baskets ({', '.join(COLUMNS)}): {error}") from None
    kept = user < max(int(options.scale * (user.max(initial=-1) + 1)), 1)
    _, item = np.unique(item[kept], return_inverse=True)
    return histories_of(user[kept], basket[kept], item, int(item.max(initial=-1)) + 1)


def _codes(column: pa.ChunkedArray, *, numbers: bool) -> NDArray[np.int64]:
    """Distinct values as 0, 1, ... in ascending order; texts that are all `numbers` go by their value."""
    if numbers and pa.types.is_string(column.type):
        with suppress(pa.ArrowInvalid):
            column = column.cast(pa.float64())
    _, codes = np.unique(column.to_numpy(), return_inverse=True)
    return codes.astype(np.int64)


def measure(lists: NDArray[np.int32], users: NDArray[np.int64], past: Histories, target: Histories) -> Values:
    """Metric -> float64 (c,), of each of some users; NaN where a user has nothing of that kind in the last basket.

    lists: int32 (c, 10), -1 for an empty place. Recall: hits by the size of the basket. NDCG: the ideal holds as many
    hits as the basket and the list allow. Repeat items were bought before, new ones never.
    """
    filled = np.maximum(lists, 0).ravel()
    owners = np.repeat(users, lists.shape[1])
    hits = (is_in(owners, filled, target) & (lists.ravel() >= 0)).reshape(lists.shape)
    repeats = is_in(owners, filled, past).reshape(lists.shape)
    again = is_in(target.user, target.item, past)
    size = _counted(target.user, users)
    known = _counted(target.user[again], users)
    discounts = 1 / np.log2(np.arange(2, lists.shape[1] + 2))
    ideal = np.cumsum(discounts)[np.minimum(size, lists.shape[1]).astype(np.int64) - 1]
    return {
        "recall@10": hits.sum(axis=1) / size,
        "ndcg@10": hits @ discounts / ideal,
        "recall@10 of repeat items": _share((hits & repeats).sum(axis=1), known),
        "recall@10 of new items": _share((hits & ~repeats).sum(axis=1), size - known),
    }


def _counted(owners: NDArray[np.int64], users: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.bincount(owners, minlength=int(users[-1]) + 1)[users].astype(np.float64)


def _share(hits: NDArray[np.integer], of: NDArray[np.float64]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.divide(hits, of, out=np.full(len(of), np.nan), where=of > 0)
    return share


def _figure(
    name: str, metric: str, values: NDArray[np.float64], baseline: float, data: str, options: Options
) -> Figure:
    value = _mean(values)
    low, high = _interval(values, options.seed)
    at_least, aim = BOUNDS.get(metric, ("", "")) if name == SERVED else ("", "")
    return Figure(
        name=f"{name} {metric}",
        value=value,
        unit="share",
        baseline=baseline,
        ratio=value / baseline if baseline else None,
        data=data,
        seed=options.seed,
        low=low,
        high=high,
        baseline_name=BASELINE,
        at_least=at_least,
        aim=aim,
    )


def _mean(values: NDArray[np.float64]) -> float:
    told = values[~np.isnan(values)]
    return float(told.mean()) if len(told) else 0.0


def _interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """The 95 % percentile interval of the mean over resampled users."""
    told = values[~np.isnan(values)]
    if not len(told):
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    means = [told[rng.integers(0, len(told), len(told))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


BENCHMARK = Benchmark(
    name="baskets",
    summary="next basket of repeat buyers: recall and NDCG on each customer's last basket of Ta-Feng",
    run=run,
    quick=False,
    minutes=3.0,
    quality=True,
)
