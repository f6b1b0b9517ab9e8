"""How good lists of recommendations are, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LENGTH = 10
NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Plain numbers, rounded to what can be told apart."""
        return {"value": round(self.value, 6), "low": round(self.low, 6), "high": round(self.high, 6)}


def positions(lists: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each target stands in its list, counted from 0; -1 where it does not. lists: int64 (c, length)."""
    found = lists == targets[:, None]
    return np.where(found.any(axis=1), found.argmax(axis=1), -1)


def hits(at: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 for each target that is in its list, else 0; its mean is HR@length."""
    return (at >= 0).astype(np.float64)


def gains(at: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 / log2(position + 2) for each target in its list, else 0; its mean is NDCG@length, as there is one target."""
    return np.where(at >= 0, 1.0 / np.log2(np.maximum(at, 0) + 2.0), 0.0)


def resamples(cases: int, seed: int) -> NDArray[np.float32]:
    """How often each case is drawn in each of 1000 bootstrap resamples, float32 (1000, cases).

    All strategies are judged on the same resamples, so that differences between them are paired.
    """
    drawn = np.random.default_rng(seed).integers(0, max(cases, 1), (RESAMPLES, cases), dtype=np.int32)
    drawn += np.arange(RESAMPLES, dtype=np.int32)[:, None] * cases
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * cases).reshape(RESAMPLES, cases).astype(np.float32)


def mean(values: NDArray[np.float64], weights: NDArray[np.float32]) -> Estimate:
    """The mean of some cases' values, float64 (c,), with the percentile interval over `resamples`, float32 (r, c)."""
    if not len(values):
        return Estimate(0.0, 0.0, 0.0)
    means = (weights @ values.astype(np.float32)) / np.maximum(weights.sum(axis=1), 1.0)
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(values.mean()), float(low), float(high))


def coverage(lists: NDArray[np.int64], n_items: int, seed: int) -> Estimate:
    """Share of all products that stand in at least one list; -1 in a list is an empty place.

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
