from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.blend.logit import Choices, fit_weights

TRUE = np.array([2.0, -1.0, 0.0], np.float32)
NO_PRIOR = np.zeros(3, np.float32)


def made(choices: int, seed: int, size: int = 12, features: int = 3) -> Choices:
    """Choices of shoppers whose weights are TRUE."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(choices, size, features)).astype(np.float32)
    # The largest of utilities with Gumbel noise is chosen with the probabilities of the logit.
    chosen = (values @ TRUE[:features] + rng.gumbel(size=(choices, size))).argmax(axis=1)
    taken = np.arange(size) == chosen[:, None]
    return Choices(values.reshape(-1, features), np.arange(choices + 1) * size, taken.ravel())


def test_the_weights_that_shoppers_chose_by_are_found() -> None:
    assert fit_weights(made(4000, 1), NO_PRIOR, 1.0) == pytest.approx(TRUE, abs=0.12)


def test_a_shop_without_orders_keeps_the_prior() -> None:
    nothing = Choices(np.empty((0, 3), np.float32), np.zeros(1, np.int64), np.empty(0, np.bool_))
    assert fit_weights(nothing, TRUE, 30.0) == pytest.approx(TRUE)


def test_the_fewer_the_choices_the_nearer_the_weights_stay_to_the_prior() -> None:
    away = [float(np.abs(fit_weights(made(count, 3), NO_PRIOR, 30.0)).sum()) for count in (5, 50, 500)]
    assert away == sorted(away)
    assert away[0] < 0.6
    assert away[2] > 2.0


def test_a_feature_that_never_differs_keeps_its_prior() -> None:
    choices = made(200, 4)
    choices.features[:, 1] = 7.0
    assert fit_weights(choices, np.array([0, 0.5, 0], np.float32), 30.0)[1] == 0.5


def test_choices_of_which_nothing_was_taken_teach_nothing() -> None:
    choices = made(300, 5)
    half = np.arange(300) < 150
    silenced = Choices(choices.features, choices.bounds, choices.taken & np.repeat(half, 12))
    assert fit_weights(silenced, NO_PRIOR, 30.0) == pytest.approx(fit_weights(choices.where(half), NO_PRIOR, 30.0))


@given(st.integers(1, 30), st.integers(0, 10_000))
def test_gains_are_those_of_ranks_counted_by_hand(count: int, seed: int) -> None:
    choices = made(count, seed)
    scores = (choices.features @ TRUE).reshape(count, -1)
    taken = choices.taken.reshape(count, -1)
    ranks = (scores > scores[taken][:, None]).sum(axis=1)
    by_hand = np.where(ranks < 10, 1 / np.log2(ranks + 2), 0)
    assert choices.gains(TRUE) == pytest.approx(by_hand)


def test_several_may_be_taken_of_one_choice_and_the_best_of_them_counts() -> None:
    choices = Choices(np.array([[3], [2], [1]], np.float32), np.array([0, 3]), np.array([False, True, True]))
    assert choices.gains(np.array([1], np.float32)) == pytest.approx([1 / np.log2(3)])
    assert fit_weights(choices, np.zeros(1, np.float32), 1.0)[0] < 0
