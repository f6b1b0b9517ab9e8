"""Guests and first orders: what their country, weekday and hour alone tell, over popularity."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.figures import Figure
from recommender.backtests import metrics
from recommender.confidence import MICROSECONDS_A_DAY
from recommender.content.visitors import ContextPrior, fit_context_prior

COLUMNS = ("InvoiceNo", "StockCode", "Quantity", "UnitPrice", "InvoiceDate", "CustomerID", "Country")
TEST_DAYS = 28
LENGTH = 10
HOUR = MICROSECONDS_A_DAY // 24


def measured(path: Path, seed: int) -> Iterator[Figure]:
    """HR@10 of what guests and new customers bought in the last 28 days; nothing where the file names no country."""
    if not set(COLUMNS) <= set(pq.read_schema(path).names):
        return
    lines = _sold(path)
    time = lines["InvoiceDate"].to_numpy().astype("datetime64[us]").astype(np.int64)
    item, order, country = (_codes(lines[name]) for name in ("StockCode", "InvoiceNo", "Country"))
    hour, weekday = (time // HOUR % 24).astype(np.int32), (time // MICROSECONDS_A_DAY % 7).astype(np.int32)
    visits = {"country": country, "hour": hour, "weekday": weekday}
    n = int(item.max(initial=-1)) + 1
    cut = int(time.max(initial=0)) - TEST_DAYS * MICROSECONDS_A_DAY
    past = time <= cut
    if not past.any():
        return
    late = np.flatnonzero(_new(lines["CustomerID"], time) & (time > cut))
    asked = late[np.unique(np.stack([order[late], item[late]]), axis=1, return_index=True)[1]]
    prior = fit_context_prior(item[past], {name: v[past] for name, v in visits.items()}, time[past], n)
    plain = np.isin(item[asked], _first(prior, {}))
    ours = np.zeros(len(asked), np.bool_)
    for visit in np.unique(np.stack([values[asked] for values in visits.values()]), axis=1).T:
        same = np.all([values[asked] == value for values, value in zip(visits.values(), visit, strict=True)], axis=0)
        ours[same] = np.isin(item[asked][same], _first(prior, dict(zip(visits, visit.tolist(), strict=True))))
    abroad = country[asked] != np.bincount(country[past]).argmax()
    for name, of in (("guests' and first orders", np.ones(len(asked), np.bool_)), ("those from abroad", abroad)):
        found = metrics.mean(ours[of].astype(np.float64), metrics.resamples(int(of.sum()), seed))
        baseline = float(plain[of].mean()) if of.any() else 0.0
        yield Figure(
            name=f"context hr@{LENGTH} of {name}",
            value=found.value,
            unit="share",
            baseline=baseline,
            ratio=found.value / baseline if baseline else None,
            data=f"{path.name}, last {TEST_DAYS} days: {int(of.sum()):,} products in them, by country, hour, weekday",
            seed=seed,
            low=found.low,
            high=found.high,
            baseline_name="decayed popularity",
        )


def _sold(path: Path) -> pa.Table:
    lines = pq.read_table(path, columns=list(COLUMNS))
    return lines.filter(pc.and_(pc.greater(lines["Quantity"], 0), pc.greater(lines["UnitPrice"], 0)))


def _first(prior: ContextPrior, visit: dict[str, int]) -> NDArray[np.int64]:
    return np.argsort(-prior.scores(visit), kind="stable")[:LENGTH]


def _codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    codes = pc.fill_null(column.combine_chunks().dictionary_encode().indices, -1)
    return np.asarray(codes.to_numpy(zero_copy_only=False), np.int32)


def _new(customers: pa.ChunkedArray, time: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each line is a guest's, or of its customer's first moment."""
    user = _codes(customers)
    first = np.full(int(user.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, user[user >= 0], time[user >= 0])
    return np.asarray((user < 0) | (time == np.append(first, 0)[user]), np.bool_)
