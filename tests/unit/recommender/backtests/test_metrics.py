from __future__ import annotations

import numpy as np
import pytest

from recommender.backtests import metrics


def test_hits_and_gains_follow_from_the_position() -> None:
    at = metrics.positions(np.array([[4, 5, 6], [4, 5, 6], [4, 5, -1]]), np.array([4, 6, 9]))
    assert at.tolist() == [0, 2, -1]
    assert metrics.hits(at).tolist() == [1, 1, 0]
    assert metrics.gains(at).tolist() == [1, 0.5, 0]


def test_the_interval_of_a_mean_is_the_one_statistics_promise() -> None:
    values = np.repeat([1.0, 0.0], [300, 700])
    found = metrics.mean(values, metrics.resamples(1000, seed=1))
    assert found.value == pytest.approx(0.3)
    margin = 1.96 * np.sqrt(0.3 * 0.7 / 1000)
    assert found.low == pytest.approx(0.3 - margin, abs=0.004)
    assert found.high == pytest.approx(0.3 + margin, abs=0.004)


def test_each_resample_draws_as_many_cases_as_there_are() -> None:
    weights = metrics.resamples(37, seed=1)
    assert weights.shape == (metrics.RESAMPLES, 37)
    assert set(weights.sum(axis=1).tolist()) == {37}


def test_coverage_counts_products_that_are_shown_at_all() -> None:
    found = metrics.coverage(np.array([[0, 1, -1], [1, 2, -1]]), 10, seed=1)
    assert found.value == pytest.approx(0.3)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_no_cases_give_no_figures() -> None:
    assert metrics.mean(np.empty(0), metrics.resamples(0, seed=1)) == metrics.Estimate(0, 0, 0)
    assert metrics.coverage(np.empty((0, 10), np.int64), 5, seed=1) == metrics.Estimate(0, 0, 0)
