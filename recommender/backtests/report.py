"""A backtest as a report: every figure that its page and its JSON show, as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.backtests import metrics
from recommender.backtests.backtest import POPULARITY, SERVED, Backtest
from recommender.backtests.figures import HIT_RATE
from recommender.backtests.ladder import Ladder, Outlook
from recommender.confidence import MICROSECONDS_A_DAY

TESTED, TOO_LITTLE = "backtest", "too_little_data"
EXAMPLES = 6
DAYS_A_WEEK = 7


def report(trial: Backtest, product_ids: NDArray[np.int64]) -> dict[str, Any]:
    """The figures of a backtest with its weeks, places and examples. product_ids: int64 (n,), of the catalogue."""
    return {
        "kind": TESTED,
        "learnt_from": {"orders": trial.conditions.orders, "products": len(product_ids)},
        "figures": trial.as_dict(),
        "weeks": _weeks(trial),
        "places": {name: _places(trial, name) for name in _shown(trial)},
        "examples": _examples(trial, product_ids),
    }


def too_little(outlook: Outlook, ladder: Ladder, cases: int) -> dict[str, Any]:
    """What there is to say where there are too few orders to test on. cases: how many there were in the test weeks."""
    return {"kind": TOO_LITTLE, "cases": cases, "outlook": outlook.as_dict(), "ladder": ladder.as_dict()}


def _shown(trial: Backtest) -> list[str]:
    """The strategies that plots compare: what is served, the best single strategy, popularity."""
    return list(dict.fromkeys((SERVED, trial.best_single, POPULARITY)))


def _weeks(trial: Backtest) -> list[dict[str, Any]]:
    """HR@10 of each week of the test, counted back from its end; weeks without a case are left out."""
    age = trial.conditions.until - trial.cases.times
    week = np.maximum(age, 0) // (DAYS_A_WEEK * MICROSECONDS_A_DAY)
    found = []
    for number in range(int(week.max(initial=-1)), -1, -1):
        group = week == number
        if group.any():
            end = trial.conditions.until - number * DAYS_A_WEEK * MICROSECONDS_A_DAY
            begin = max(end - DAYS_A_WEEK * MICROSECONDS_A_DAY, trial.conditions.cut)
            rates = {name: _hit_rate(trial, name, group) for name in _shown(trial)}
            found.append({"from": begin, "until": end, "cases": int(group.sum()), HIT_RATE: rates})
    return found


def _hit_rate(trial: Backtest, name: str, group: NDArray[np.bool_]) -> dict[str, float]:
    return metrics.mean(trial.rows[name].hits[group], trial.weights[:, group]).as_dict()


def _places(trial: Backtest, name: str) -> list[float]:
    """Share of the cases that were found among the first 1, 2, ... 10 suggestions."""
    at = trial.rows[name].at
    counts = np.bincount(at[at >= 0], minlength=metrics.LENGTH)[: metrics.LENGTH]
    return [round(float(share), 6) for share in np.cumsum(counts) / max(len(at), 1)]


def _examples(trial: Backtest, product_ids: NDArray[np.int64]) -> list[dict[str, Any]]:
    """A few cases as shoppers would have met them, drawn by the seed: as many found ones among them as in all."""
    at, rng = trial.rows[SERVED].at, np.random.default_rng(trial.conditions.seed)
    found, missed = rng.permutation(np.flatnonzero(at >= 0)), rng.permutation(np.flatnonzero(at < 0))
    wanted = min(EXAMPLES, len(at))
    n_found = min(round(wanted * len(found) / max(len(at), 1)), len(found))
    rows = np.sort(np.concatenate([found[:n_found], missed[: wanted - n_found]]))
    return [_example(trial, product_ids, int(row)) for row in rows]


def _example(trial: Backtest, product_ids: NDArray[np.int64], row: int) -> dict[str, Any]:
    shown, wanted = trial.lists[SERVED][row], trial.cases.wanted[row]
    place = int(trial.rows[SERVED].at[row])
    return {
        "basket": product_ids[trial.cases.prefixes[row]].tolist() if trial.cases.prefixes[row] else [],
        "shown": product_ids[shown[shown >= 0]].tolist(),
        "bought": product_ids[wanted[wanted >= 0]].tolist(),
        "place": place + 1 if place >= 0 else None,
    }
