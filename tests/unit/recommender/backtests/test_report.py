"""The figures of a report add up."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

from recommender.backtests.backtest import POPULARITY, SERVED, Backtest
from recommender.backtests.report import report
from recommender.training import fit
from tests.unit.recommender.shops import DAY, SMALL, catalogue, purchases, silent


@pytest.fixture(scope="module")
def trial() -> Backtest:
    """A small shop's backtest."""
    found = fit(purchases(), catalogue(), SMALL, serving=None, serving_until=None, progress=silent).trial
    assert found is not None
    return found


@pytest.fixture(scope="module")
def told(trial: Backtest) -> dict[str, Any]:
    return report(trial, catalogue().product_ids)


def test_weeks_hold_all_cases_and_no_day_twice(trial: Backtest, told: dict[str, Any]) -> None:
    weeks = told["weeks"]
    assert sum(week["cases"] for week in weeks) == len(trial.cases)
    assert all(before["until"] <= after["from"] for before, after in itertools.pairwise(weeks))
    assert all(week["until"] - week["from"] <= 7 * DAY for week in weeks)
    rate = sum(week["cases"] * week["hr@10"][SERVED]["value"] for week in weeks) / len(trial.cases)
    assert rate == pytest.approx(trial.rows[SERVED].hit_rate.value, abs=1e-5)


def test_with_more_places_never_less_is_found_and_with_ten_the_hit_rate(told: dict[str, Any]) -> None:
    for name, shares in told["places"].items():
        assert shares == sorted(shares)
        assert shares[-1] == told["figures"]["strategies"][name]["hr@10"]["value"]
    assert {SERVED, POPULARITY} <= set(told["places"])


def test_examples_are_as_often_found_as_all_orders_are(trial: Backtest, told: dict[str, Any]) -> None:
    found = sum(example["place"] is not None for example in told["examples"])
    assert found == round(6 * trial.rows[SERVED].hit_rate.value)
    for example in told["examples"]:
        place = example["place"]
        assert place is None or example["shown"][place - 1] in example["bought"]
        assert not set(example["basket"]) & set(example["shown"])


def test_a_report_is_plain_data(told: dict[str, Any]) -> None:
    assert json.loads(json.dumps(told)) == told
    assert np.isfinite(
        [figure["value"] for row in told["figures"]["strategies"].values() for figure in row.values()]
    ).all()
