from __future__ import annotations

import numpy as np
import pytest

from recommender.baskets.histories import cut_newest, histories_of
from recommender.errors import BadPurchases
from tests.unit.recommender.shops import DAY, START


def test_baskets_are_counted_back_from_a_customers_own_newest() -> None:
    history = histories_of(np.array([7, 7, 7, 3]), np.array([10, 30, 20, 99]), np.array([0, 1, 2, 0]), 3)
    assert history.users.tolist() == [3, 7]
    assert history.baskets.tolist() == [1, 3]
    assert dict(
        zip(history.item[history.user == 1].tolist(), history.age[history.user == 1].tolist(), strict=True)
    ) == {
        0: 2,
        1: 0,
        2: 1,
    }


def test_the_order_of_lines_and_their_repeats_change_nothing() -> None:
    user, basket, item = np.array(["b", "a", "a", "b"]), np.array([2, 1, 2, 1]), np.array([3, 0, 1, 3])
    once = histories_of(user, basket, item, 4)
    mixed = np.array([3, 0, 2, 1, 0, 3])
    again = histories_of(user[mixed], basket[mixed], item[mixed], 4)
    for name in ("user", "item", "age", "size", "baskets"):
        assert np.array_equal(getattr(once, name), getattr(again, name))


def test_times_decide_the_order_and_become_days_before_the_basket_asked_for() -> None:
    time = np.array([START + 30 * DAY, START, START + 10 * DAY])
    history = histories_of(np.zeros(3), np.array([1, 2, 3]), np.array([0, 1, 2]), 3, time)
    past, target = cut_newest(history)
    assert target.item.tolist() == [0]
    assert past.days is not None
    assert dict(zip(past.item.tolist(), past.days.tolist(), strict=True)) == {1: 30.0, 2: 20.0}


def test_a_customer_with_a_single_basket_keeps_it_and_is_not_asked_about() -> None:
    past, target = cut_newest(histories_of(np.array([1, 2, 2]), np.array([0, 0, 1]), np.array([0, 1, 2]), 3))
    assert past.item.tolist() == [0, 1]
    assert past.age.tolist() == [0, 0]
    assert past.baskets.tolist() == [1, 1]
    assert (target.user.tolist(), target.item.tolist()) == ([1], [2])


def test_a_product_that_is_not_of_the_catalogue_is_refused() -> None:
    with pytest.raises(BadPurchases, match="row of the catalogue"):
        histories_of(np.array([1]), np.array([1]), np.array([4]), 4)
