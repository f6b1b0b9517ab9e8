"""How good lists of recommendations are, with intervals.

Lists are int64 (c, length), catalogue rows, best first, each once, -1 for an empty place. Values are float64 (c,), one
for each case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LENGTH = 10
NORMAL_95 = 1.959964
PERCENTILES_95 = (0.025, 0.975)

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Plain numbers, rounded to what can be told apart."""
        # A rounded -0.0 would be written otherwise than 0.0.
        return {name: round(float(getattr(self, name)), 6) + 0.0 for name in ("value", "low", "high")}


def found(lists: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which places of each list hold a product that its case asks for, bool (c, length).

    wanted: int64 (c, t), padded with -1.
    """
    span = int(max(lists.max(initial=0), wanted.max(initial=0))) + 1
    rows = np.arange(len(lists), dtype=np.int64)[:, None] * span
    places: NDArray[np.bool_] = np.isin(rows + lists, (rows + wanted)[wanted >= 0]) & (lists >= 0)
    return places


def first_places(places: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where the first product that was asked for stands, counted from 0; -1 where none does. places: see `found`."""
    return np.where(places.any(axis=1), places.argmax(axis=1), -1)


def hits(at: NDArray[np.int64]) -> Values:
    """1 for each case of which something is in its list, else 0; its mean is HR@length. at: see `first_places`."""
    return (at >= 0).astype(np.float64)


def reciprocal_ranks(at: NDArray[np.int64]) -> Values:
    """1 / (position + 1) of the first product that was asked for, else 0; its mean is MRR@length."""
    return np.where(at >= 0, 1.0 / (np.maximum(at, 0) + 1.0), 0.0)


def gains(places: NDArray[np.bool_], wanted: NDArray[np.int64]) -> Values:
    """NDCG@length of each case over all its products; of a single one 1 / log2(position + 2). places: see `found`."""
    discounts = 1.0 / np.log2(np.arange(places.shape[1]) + 2.0)
    best = np.concatenate([[0.0], np.cumsum(discounts)])
    most = np.minimum(_asked_for(wanted), places.shape[1])
    ideal: Values = best[most]
    got: Values = (places * discounts).sum(axis=1)
    return got / np.maximum(ideal, 1.0)


def recalls(places: NDArray[np.bool_], wanted: NDArray[np.int64]) -> Values:
    """Share of each case's products that are in its list; its mean is recall@length. places: see `found`."""
    share: Values = places.sum(axis=1) / np.maximum(_asked_for(wanted), 1)
    return share


def surprise(lists: NDArray[np.int64], counts: Values, orders: int) -> tuple[Values, Values]:
    """Self-information, in bits, of all that each list shows, and how much it shows (novelty, Zhou et al. 2010).

    A product that every order holds tells nothing, one in every 8th 3 bits. counts: float64 (n,), orders before the
    cut that hold each product; one more is added to each, so that a product nobody bought is finitely surprising.
    """
    bits = np.append(np.log2((orders + 1.0) / (np.minimum(counts, orders) + 1.0)), 0.0)
    summed: Values = bits[lists].sum(axis=1)
    return summed, (lists >= 0).sum(axis=1).astype(np.float64)


def resamples(cases: int, seed: int) -> NDArray[np.float32]:
    """How often each case is drawn in each of 1000 bootstrap resamples, float32 (1000, cases).

    All strategies are judged on the same resamples, so that differences between them are paired.
    """
    drawn = np.random.default_rng(seed).integers(0, max(cases, 1), (RESAMPLES, cases), dtype=np.int32)
    drawn += np.arange(RESAMPLES, dtype=np.int32)[:, None] * cases
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * cases).reshape(RESAMPLES, cases).astype(np.float32)


def mean(values: Values, weights: NDArray[np.float32]) -> Estimate:
    """The mean of some cases' values with the percentile interval over `resamples`, float32 (r, c)."""
    return ratio(values, np.ones(len(values)), weights)


def ratio(part: Values, whole: Values, weights: NDArray[np.float32]) -> Estimate:
    """The sum of some cases' values by the sum of others, such as value found by value asked for; interval as `mean`.

    Resamples in which the whole is 0 tell nothing and are left out.
    """
    if not len(part) or whole.sum() <= 0:
        return Estimate(0.0, 0.0, 0.0)
    sums = weights @ np.stack([part, whole], axis=1).astype(np.float32)
    drawn = sums[:, 1] > 0
    value = float(part.sum() / whole.sum())
    low, high = np.quantile(sums[drawn, 0] / sums[drawn, 1], PERCENTILES_95) if drawn.any() else (value, value)
    # Single precision must not put the value a hair outside its interval.
    return Estimate(value, min(float(low), value), max(float(high), value))


def relative(mine: Values, other: Values, weights: NDArray[np.float32]) -> Estimate | None:
    """How much more `mine` is than `other`, as a share of it, paired by case; None where `other` is 0 throughout."""
    if not len(mine) or other.sum() <= 0:
        return None
    more = ratio(mine, other, weights)
    return Estimate(more.value - 1.0, more.low - 1.0, more.high - 1.0)


def coverage(lists: NDArray[np.int64], n_items: int, seed: int) -> Estimate:
    """Share of all products that stand in at least one list.

    A resample of the cases always covers less than they do, so the interval is normal, around the value, with the
    bootstrap's spread.
    """
    if not len(lists) or not n_items:
        return Estimate(0.0, 0.0, 0.0)
    rng = np.random.default_rng(seed)
    value = _covered(lists, n_items)
    shares = [_covered(lists[rng.integers(0, len(lists), len(lists))], n_items) for _ in range(RESAMPLES // 10)]
    margin = NORMAL_95 * float(np.std(shares))
    return Estimate(value, max(value - margin, 0.0), min(value + margin, 1.0))


def _covered(lists: NDArray[np.int64], n_items: int) -> float:
    seen = np.zeros(n_items + 1, np.bool_)
    seen[lists] = True
    return float(seen[:n_items].sum() / n_items)


def _asked_for(wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    asked: NDArray[np.int64] = (wanted >= 0).sum(axis=1)
    return asked
