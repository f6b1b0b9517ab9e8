"""Strategies measured side by side on orders that none of them has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.backtests import metrics
from recommender.backtests.figures import GAIN, HIT_RATE, RANK, RECALL, Conditions, Row, measure
from recommender.backtests.segments import segments
from recommender.backtests.splits import Cases
from recommender.model import Record

SERVED = "session"
RIVAL = "serving model"
POPULARITY = "popularity"
VALIDATION, TEST = "validation", "test"


@dataclass(frozen=True, slots=True)
class Backtest:
    """Every strategy on the same cases.

    rows, lists: by strategy; lists: int64 (c, 10), what each would have shown, catalogue rows, -1 for an empty place.
    weights: float32 (r, c), the resamples that the intervals are from. best_single: the best of the strategies that
    the served one is made of; chosen_on: by which orders, VALIDATION, or TEST, which is the harsher comparison.
    next_orders: the same strategies asked for whole next orders.
    """

    rows: Mapping[str, Row]
    lists: Mapping[str, NDArray[np.int64]] = field(repr=False)
    cases: Cases
    conditions: Conditions
    weights: NDArray[np.float32] = field(repr=False)
    best_single: str
    chosen_on: str
    next_orders: Backtest | None = None

    def tested(self) -> Record:
        """The served strategy's record, as a model carries it."""
        rate = self.rows[SERVED].hit_rate
        return Record(rate.value, rate.low, rate.high, len(self.cases))

    def as_dict(self) -> dict[str, object]:
        """Plain figures, as docs/developers/backtests.md lists them."""
        split = segments(self.cases, self.conditions)
        plain: dict[str, object] = {
            "served": SERVED,
            "cases": len(self.cases),
            "cut": self.conditions.cut,
            "until": self.conditions.until,
            "strategies": {name: row.as_dict() for name, row in self.rows.items()},
            "best_single": {"strategy": self.best_single, "chosen_on": self.chosen_on},
            "differences": {name: self._more_than(name) for name in self._compared()},
            "segments": {
                kind: {name: self._within(group) for name, group in groups.items()} for kind, groups in split.items()
            },
            "repeat_customers": self._hit_rates(self.cases.repeat),
            "guests_and_first_orders": self._hit_rates(~self.cases.repeat),
        }
        if self.next_orders is not None:
            plain["next_orders"] = self.next_orders.as_dict()
        return plain

    def _compared(self) -> list[str]:
        return [name for name in dict.fromkeys((POPULARITY, self.best_single, RIVAL)) if name in self.rows]

    def _more_than(self, other: str) -> dict[str, object]:
        """How much more the served strategy has than another: in its own unit, and as a share of the other's."""
        mine, its = self.rows[SERVED].values, self.rows[other].values
        more: dict[str, object] = {}
        for name in (HIT_RATE, RANK, GAIN, RECALL):
            share = metrics.relative(mine[name], its[name], self.weights)
            difference = metrics.mean(mine[name] - its[name], self.weights).as_dict()
            more[name] = {**difference, "share": None if share is None else share.as_dict()}
        return more

    def _within(self, group: NDArray[np.bool_]) -> dict[str, object]:
        """HR@10 and NDCG@10 of every strategy on some of the cases, bool (c,)."""
        weights = self.weights[:, group]
        figures = {
            name: {key: metrics.mean(row.values[key][group], weights).as_dict() for key in (HIT_RATE, GAIN)}
            for name, row in self.rows.items()
        }
        return {"cases": int(group.sum()), "strategies": figures}

    def _hit_rates(self, group: NDArray[np.bool_]) -> dict[str, object]:
        weights = self.weights[:, group]
        rates = {name: metrics.mean(row.hits[group], weights).as_dict() for name, row in self.rows.items()}
        return {"cases": int(group.sum()), "hr@10": rates}


def backtested(
    lists: Mapping[str, NDArray[np.int64]],
    cases: Cases,
    conditions: Conditions,
    *,
    chosen: str | None = None,
    next_orders: Backtest | None = None,
) -> Backtest:
    """Measure every strategy's lists, int64 (c, 10), on the cases; SERVED and POPULARITY must be among them.

    chosen: the best single strategy by orders before the cut, see `best_single`; without it, the best on these cases.
    """
    weights = metrics.resamples(len(cases), conditions.seed)
    rows = {name: measure(found, cases, conditions, weights) for name, found in lists.items()}
    best, chosen_on = (chosen, VALIDATION) if chosen is not None else (best_single(lists, cases), TEST)
    return Backtest(rows, lists, cases, conditions, weights, best, chosen_on, next_orders)


def best_single(lists: Mapping[str, NDArray[np.int64]], cases: Cases) -> str:
    """The strategy with the highest NDCG@10 among those that are not what is served, now or so far."""
    gains = {
        name: float(metrics.gains(metrics.found(found, cases.wanted), cases.wanted).sum())
        for name, found in lists.items()
        if name not in {SERVED, RIVAL}
    }
    return max(gains, key=lambda name: gains[name])
