from __future__ import annotations

import numpy as np

from recommender.baskets.forecast import (
    LEARNT,
    PERSONAL,
    forecast_baskets,
    global_top,
    personal_then_global,
    personal_top,
    recall,
)
from recommender.baskets.histories import Histories, cut_newest, histories_of
from tests.unit.recommender.shops import silent


def followers(users: int = 400, seed: int = 5) -> Histories:
    """Who buys product k buys k + 1 in the next basket, and never the same twice; the rest is chance."""
    rng = np.random.default_rng(seed)
    lines = []
    for user in range(users):
        start = int(rng.integers(0, 40))
        for basket in range(4):
            lines += [(user, basket, (start + basket) % 40), (user, basket, 40 + int(rng.integers(0, 40)))]
    user_of, basket_of, item_of = np.array(lines).T
    return histories_of(user_of, basket_of, item_of, 80)


def test_what_follows_on_is_learnt_from_other_customers() -> None:
    past, target = cut_newest(followers())
    forecast = forecast_baskets(past, size=3, seed=1, threads=1, progress=silent)
    users = np.unique(target.user)
    assert forecast.strategy == LEARNT
    plain = recall(personal_then_global(past, 3)[users], users, target).mean()
    assert recall(forecast.items[users], users, target).mean() > 2 * plain


def test_threads_and_repeats_change_nothing() -> None:
    history = followers(150)
    one = forecast_baskets(history, seed=1, threads=1, progress=silent)
    two = forecast_baskets(history, seed=1, threads=2, progress=silent)
    assert np.array_equal(one.items, two.items)


def test_nobody_is_given_a_product_twice() -> None:
    lists = forecast_baskets(followers(150), size=8, seed=1, threads=1, progress=silent).items
    for row in lists.tolist():
        kept = [item for item in row if item >= 0]
        assert len(kept) == len(set(kept))


def test_with_too_little_to_learn_from_habit_and_then_best_sellers_stand() -> None:
    history = histories_of(np.array([1, 1, 2]), np.array([0, 1, 0]), np.array([2, 2, 0]), 3)
    forecast = forecast_baskets(history, size=2, seed=1, threads=1, progress=silent)
    assert forecast.strategy == PERSONAL
    assert forecast.items.tolist() == [[2, 0], [0, 2]]


def test_a_shop_without_orders_has_empty_lists() -> None:
    nobody = np.empty(0, np.int64)
    assert forecast_baskets(histories_of(nobody, nobody, nobody, 4), seed=1, progress=silent).items.shape == (0, 10)


def test_habit_counts_baskets_and_settles_ties_by_what_sells() -> None:
    user, basket = np.array([1, 1, 1, 1, 2, 3]), np.array([0, 1, 0, 0, 0, 0])
    history = histories_of(user, basket, np.array([3, 3, 1, 2, 2, 2]), 5)
    assert personal_top(history, 4)[0].tolist() == [3, 2, 1, -1]
    assert global_top(history, 2)[0].tolist() == [2, 3]
    assert personal_then_global(history, 3)[1].tolist() == [2, 3, 1]


def test_recall_is_the_share_of_the_basket_that_was_named() -> None:
    target = histories_of(np.array([1, 1, 1]), np.array([0, 0, 0]), np.array([0, 1, 2]), 4)
    assert recall(np.array([[2, 3, -1]], np.int32), np.array([0]), target).tolist() == [1 / 3]
