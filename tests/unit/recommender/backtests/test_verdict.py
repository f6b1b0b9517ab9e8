from __future__ import annotations

import numpy as np

from recommender.backtests import metrics
from recommender.backtests.backtest import RIVAL, SERVED
from recommender.backtests.figures import HIT_RATE, Row
from recommender.backtests.verdict import Verdict, judge, untested
from recommender.model import Record

CASES = 400
WEIGHTS = metrics.resamples(CASES, seed=1)


def row(hits: int) -> Row:
    values = (np.arange(CASES) < hits).astype(np.float64)
    at = np.where(values > 0, 0, -1)
    return Row({HIT_RATE: metrics.mean(values, WEIGHTS)}, at, {HIT_RATE: values})


def verdict(mine: int, popularity: int = 20, rival: int | None = None, before: Record | None = None) -> Verdict:
    rows = {SERVED: row(mine), "popularity": row(popularity)}
    return judge(rows if rival is None else rows | {RIVAL: row(rival)}, before, WEIGHTS)


def test_a_better_model_is_published() -> None:
    assert verdict(100, rival=80).publish


def test_an_equal_model_is_published_as_it_knows_more_of_the_present() -> None:
    assert verdict(100, rival=100).publish


def test_a_slightly_worse_model_is_within_chance() -> None:
    assert verdict(100, rival=101).publish


def test_a_clearly_worse_model_is_refused_with_both_figures() -> None:
    found = verdict(60, rival=100)
    assert not found.publish
    assert found.reason == (
        "Not published. In 15.0 % of 400 recent orders the last product was among the ten it suggested, "
        "but the model in use managed 25.0 %; the model in use stays."
    )


def test_without_a_rival_it_must_not_be_worse_than_the_best_sellers() -> None:
    assert not verdict(10, popularity=60).publish
    assert verdict(60, popularity=60).publish


def test_without_a_rival_its_interval_must_reach_the_one_that_serves_had() -> None:
    assert not verdict(40, before=Record(0.3, 0.25, 0.35, 500)).publish
    assert verdict(100, before=Record(0.3, 0.25, 0.35, 500)).publish


def test_a_fair_comparison_counts_for_more_than_an_old_record() -> None:
    assert verdict(40, rival=40, before=Record(0.3, 0.25, 0.35, 500)).publish


def test_a_shop_with_too_few_orders_is_told_so() -> None:
    assert untested(0).reason.startswith("Published without a test: no recent order with two")
    assert "only 1 recent order with" in untested(1).reason
    assert "only 7 recent orders with" in untested(7).reason
