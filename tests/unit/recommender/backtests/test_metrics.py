from __future__ import annotations

import numpy as np
import pytest

from recommender.backtests import metrics


def test_hits_and_gains_follow_from_the_position() -> None:
    lists, wanted = np.array([[4, 5, 6], [4, 5, 6], [4, 5, -1]]), np.array([[4], [6], [9]])
    places = metrics.found(lists, wanted)
    at = metrics.first_places(places)
    assert at.tolist() == [0, 2, -1]
    assert metrics.hits(at).tolist() == [1, 1, 0]
    assert metrics.gains(places, wanted).tolist() == [1, 0.5, 0]


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


def test_a_list_is_judged_by_all_that_was_asked_for() -> None:
    wanted = np.array([[5, 6, -1], [9, -1, -1]])
    places = metrics.found(np.array([[4, 5, 6], [-1, -1, -1]]), wanted)
    assert places.tolist() == [[False, True, True], [False, False, False]]
    assert metrics.recalls(places, wanted).tolist() == [1, 0]
    at = metrics.first_places(places)
    assert metrics.reciprocal_ranks(at).tolist() == [0.5, 0]
    ideal = 1 + 1 / np.log2(3)
    assert metrics.gains(places, wanted).tolist() == pytest.approx([(1 / np.log2(3) + 0.5) / ideal, 0])


def test_an_empty_place_is_never_what_was_asked_for() -> None:
    assert not metrics.found(np.array([[-1, -1]]), np.array([[3, -1]])).any()


def test_a_product_of_every_order_is_no_news_and_one_of_every_8th_is_3_bits() -> None:
    counts = np.array([7.0, 0.0])
    bits, shown = metrics.surprise(np.array([[0, -1], [1, 0], [-1, -1]]), counts, 7)
    assert bits.tolist() == [0, 3, 0]
    assert shown.tolist() == [1, 2, 0]


def test_a_share_of_value_counts_dear_products_for_more() -> None:
    weights = metrics.resamples(2, seed=1)
    assert metrics.ratio(np.array([90.0, 0.0]), np.array([90.0, 10.0]), weights).value == pytest.approx(0.9)
    assert metrics.ratio(np.zeros(2), np.zeros(2), weights) == metrics.Estimate(0, 0, 0)


def test_a_gain_over_another_is_paired_by_case() -> None:
    """Whatever cases are drawn, twice as much is twice as much: the interval has no width."""
    other = np.random.default_rng(1).random(50)
    found = metrics.relative(2 * other, other, metrics.resamples(50, seed=1))
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1), abs=1e-5)
    assert metrics.relative(other, np.zeros(50), metrics.resamples(50, seed=1)) is None


def test_a_figure_of_minus_nothing_is_written_as_nothing() -> None:
    assert str(metrics.Estimate(-1e-9, -1e-9, 0).as_dict()["value"]) == "0.0"
