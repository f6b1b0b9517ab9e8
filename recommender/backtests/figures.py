"""The figures of one strategy: what its lists were worth to the cases of a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.backtests import metrics
from recommender.backtests.metrics import Estimate, Values
from recommender.backtests.splits import Cases

HIT_RATE, RANK, GAIN, RECALL = "hr@10", "mrr@10", "ndcg@10", "recall@10"
COVERAGE, NOVELTY, REVENUE = "coverage", "novelty", "revenue@10"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all strategies of a backtest are measured under.

    counts: float64 (n,), for each product of the catalogue the orders before the cut that hold it. orders: how many
    there are. cut, until: the test weeks, in microseconds since 1970. seed: of the resamples.
    """

    counts: NDArray[np.float64]
    orders: int
    cut: int
    until: int
    seed: int

    @property
    def head(self) -> NDArray[np.bool_]:
        """The fewest best sellers that hold half of what was sold before the cut, bool (n,)."""
        order = np.argsort(-self.counts, kind="stable")
        sold_before = np.cumsum(self.counts[order]) - self.counts[order]
        best = np.zeros(len(self.counts), np.bool_)
        best[order] = (sold_before < self.counts.sum() / 2) & (self.counts[order] > 0)
        return best


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy's figures by name, and what they are the means of.

    at: int64 (c,), where the first product that was asked for stood, counted from 0; -1 where none did.
    values: of each case, float64 (c,), by the name of the figure.
    """

    figures: Mapping[str, Estimate]
    at: NDArray[np.int64] = field(repr=False)
    values: Mapping[str, Values] = field(repr=False)

    @property
    def hit_rate(self) -> Estimate:
        """HR@10 with its interval."""
        return self.figures[HIT_RATE]

    @property
    def hits(self) -> Values:
        """float64 (c,), 1 for each case of which something was among the first 10."""
        return self.values[HIT_RATE]

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Plain numbers: name of the figure -> value, low, high."""
        return {name: figure.as_dict() for name, figure in self.figures.items()}


def measure(lists: NDArray[np.int64], cases: Cases, conditions: Conditions, weights: NDArray[np.float32]) -> Row:
    """The figures of one strategy's lists, int64 (c, 10), catalogue rows, -1 for an empty place.

    revenue@10 is the share of the value asked for that was among the suggestions; it is left out where no price is
    known. weights: the resamples, float32 (r, c).
    """
    places = metrics.found(lists, cases.wanted)
    at = metrics.first_places(places)
    values = {
        HIT_RATE: metrics.hits(at),
        RANK: metrics.reciprocal_ranks(at),
        GAIN: metrics.gains(places, cases.wanted),
        RECALL: metrics.recalls(places, cases.wanted),
    }
    figures = {name: metrics.mean(each, weights) for name, each in values.items()}
    figures[COVERAGE] = metrics.coverage(lists, len(conditions.counts), conditions.seed)
    bits, shown = metrics.surprise(lists, conditions.counts, conditions.orders)
    figures[NOVELTY] = metrics.ratio(bits, shown, weights)
    if cases.values is not None:
        caught = metrics.found(cases.wanted, lists) * cases.values
        figures[REVENUE] = metrics.ratio(caught.sum(axis=1), cases.values.sum(axis=1), weights)
    return Row(figures, at, values)
