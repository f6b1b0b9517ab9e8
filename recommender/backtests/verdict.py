"""Whether a new model may serve: never one that the shop's own held-out orders show to be worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.backtests import metrics
from recommender.backtests.backtest import RIVAL, SERVED
from recommender.backtests.figures import Row
from recommender.model import Record

FEWEST_CASES = 20
ENOUGH_CASES = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """publish: whether the model may serve. reason: why or why not, in words a merchant understands."""

    publish: bool
    reason: str


def untested(cases: int) -> Verdict:
    """For a shop with too few orders to test on: publish, and say so."""
    found = "no recent order" if cases == 0 else f"only {cases} recent order{'s' if cases > 1 else ''}"
    return Verdict(
        publish=True, reason=f"Published without a test: {found} with two or more products to test it on so far."
    )


def judge(rows: Mapping[str, Row], before: Record | None, weights: NDArray[np.float32]) -> Verdict:
    """Judge the served strategy's figures.

    With the serving model among the rows: refuse if the 95 % interval of the paired difference lies wholly below 0.
    Without: refuse if the same holds against plain popularity, or if the interval of the hit rate lies wholly below
    the one that the serving model had (`before`) when it was published. weights: the resamples, float32 (r, c).
    """
    mine = rows[SERVED]
    rate, cases = _percent(mine.hit_rate.value), len(mine.hits)
    guessed = f"In {rate} of {cases} recent orders the last product was among the ten it suggested"
    if RIVAL in rows:
        other = f"the model in use managed {_percent(rows[RIVAL].hit_rate.value)}"
        if _worse(mine, rows[RIVAL], weights):
            return Verdict(publish=False, reason=f"Not published. {guessed}, but {other}; the model in use stays.")
        return Verdict(publish=True, reason=f"Published. {guessed}; {other}.")
    popularity = f"the shop's best sellers alone managed {_percent(rows['popularity'].hit_rate.value)}"
    if _worse(mine, rows["popularity"], weights):
        return Verdict(publish=False, reason=f"Not published. {guessed}, but {popularity}.")
    if before is not None and mine.hit_rate.high < before.low:
        earlier = f"the model in use managed {_percent(before.hit_rate)} when it was tested"
        return Verdict(publish=False, reason=f"Not published. {guessed}, but {earlier}; the model in use stays.")
    return Verdict(publish=True, reason=f"Published. {guessed}; {popularity}.")


def _worse(mine: Row, other: Row, weights: NDArray[np.float32]) -> bool:
    """Whether the paired difference in hits is below 0 beyond doubt (95 %)."""
    return metrics.mean(mine.hits - other.hits, weights).high < 0


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
