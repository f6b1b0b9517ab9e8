"""Strategies side by side, on cases whose figures can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.backtests.backtest import POPULARITY, SERVED, TEST, VALIDATION, Backtest, backtested
from recommender.backtests.figures import Conditions
from recommender.backtests.segments import segments
from recommender.backtests.splits import Cases
from tests.unit.recommender.shops import DAY, START

CASES, PRODUCTS = 40, 30
CONDITIONS = Conditions(np.arange(PRODUCTS, dtype=np.float64), 100, START, START + 28 * DAY, seed=3)


def cases(**values: Any) -> Cases:
    """Forty cases that ask for products 0, 1, ... 9 in turn; the first half are of customers of before."""
    asked = Cases(
        prefixes=[[29]] * CASES,
        wanted=(np.arange(CASES) % 10)[:, None],
        lines=np.arange(CASES),
        times=START + np.arange(CASES) * DAY // 2,
        repeat=np.arange(CASES) < CASES // 2,
        histories=[[]] * CASES,
        ages=[[]] * CASES,
    )
    return replace(asked, **values)


def lists(first: int) -> NDArray[np.int64]:
    """The same ten products for everybody, `first` and those after it."""
    return np.tile(np.arange(first, first + 10), (CASES, 1))


def tried(**values: Any) -> Backtest:
    shown = {POPULARITY: lists(8), "als": lists(5), SERVED: lists(2)}
    return backtested(shown, cases(), CONDITIONS, **values)


def test_every_strategy_has_every_figure() -> None:
    plain: Any = tried().as_dict()
    assert plain["strategies"][SERVED]["hr@10"]["value"] == 0.8
    assert plain["strategies"]["als"]["hr@10"]["value"] == 0.5
    for row in plain["strategies"].values():
        assert list(row) == ["hr@10", "mrr@10", "ndcg@10", "recall@10", "coverage", "novelty"]
        assert all(figure["low"] <= figure["value"] <= figure["high"] for figure in row.values())


def test_the_best_single_strategy_is_of_these_very_orders_unless_others_chose_it_and_says_so() -> None:
    assert (tried().best_single, tried().chosen_on) == ("als", TEST)
    chosen = tried(chosen=POPULARITY)
    assert (chosen.best_single, chosen.chosen_on) == (POPULARITY, VALIDATION)


def test_differences_are_paired_and_told_as_share_too() -> None:
    plain: Any = tried().as_dict()
    more = plain["differences"]["als"]["hr@10"]
    assert more["value"] == pytest.approx(0.3)
    assert more["low"] > 0
    assert more["share"]["value"] == pytest.approx(0.6)
    assert set(plain["differences"]) == {POPULARITY, "als"}


def test_value_counts_what_was_found_by_its_price() -> None:
    prices = np.where(cases().wanted == 9, 91.0, 1.0)
    trial = backtested({POPULARITY: lists(9), SERVED: lists(0)}, cases(values=prices), CONDITIONS)
    assert trial.rows[POPULARITY].figures["revenue@10"].value == pytest.approx(0.91)
    assert trial.rows[POPULARITY].figures["hr@10"].value == pytest.approx(0.1)


def test_cases_are_split_by_who_bought_and_what() -> None:
    groups = segments(cases(), CONDITIONS)
    assert groups["buyers"]["returning"].sum() == groups["buyers"]["new"].sum() == 20
    assert groups["products"] == {"tail": pytest.approx(np.ones(CASES, np.bool_))}


def test_best_sellers_are_the_fewest_that_hold_half_of_what_was_sold() -> None:
    conditions = replace(CONDITIONS, counts=np.array([1, 50, 2, 30, 1, 1, 0, 9, 5, 1], np.float64))
    assert np.flatnonzero(conditions.head).tolist() == [1]
    head = segments(cases(), conditions)["products"]["head"]
    assert head.sum() == 4


def test_devices_and_countries_with_enough_cases_are_told_apart() -> None:
    device = np.array(["phone"] * 21 + ["desktop"] * 18 + [""])
    groups = segments(cases(device=device), CONDITIONS)
    assert list(groups["device"]) == ["phone"]
    assert "country" not in groups


def test_whole_next_orders_stand_beside_the_baskets() -> None:
    plain: Any = tried(next_orders=tried()).as_dict()
    assert plain["next_orders"]["strategies"][SERVED]["recall@10"]["value"] == 0.8
