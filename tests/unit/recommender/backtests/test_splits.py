from __future__ import annotations

import numpy as np

from recommender.backtests.splits import (
    Cases,
    Facts,
    before,
    cases_within,
    described,
    last_days,
    next_orders_within,
)
from recommender.interactions import orders_of, user_rows
from tests.unit.recommender.shops import DAY, START, lines, purchases


def cases(baskets: list[int], users: list[int], items: list[int], times: list[int], cut: int) -> Cases:
    bought = lines(baskets, users, items, times)
    orders, order = orders_of(bought, 10)
    rows, _ = user_rows(bought, order, orders.sizes, 100)
    return cases_within(bought, orders, order, rows, (cut, cut + 1000 * DAY), largest=100, at_most=100, seed=1)


def test_the_product_put_in_last_is_asked_for_by_those_before() -> None:
    found = cases([1, 1, 1], [5, 5, 5], [7, 2, 4], [START] * 3, START)
    assert (found.prefixes, found.targets.tolist()) == ([[7, 2]], [4])


def test_a_product_that_came_twice_is_asked_for_once() -> None:
    found = cases([1, 1, 1], [5, 5, 5], [7, 2, 7], [START] * 3, START)
    assert (found.prefixes, found.targets.tolist()) == ([[7]], [2])


def test_lines_of_orders_may_lie_mixed() -> None:
    found = cases([1, 2, 1, 2], [5, 6, 5, 6], [7, 2, 4, 3], [START] * 4, START)
    assert (found.prefixes, found.targets.tolist()) == ([[7], [2]], [4, 3])


def test_an_order_before_the_cut_or_of_one_product_is_no_case() -> None:
    found = cases([1, 1, 2], [5, 5, 6], [7, 2, 4], [START, START, START + DAY], START + DAY)
    assert len(found) == 0


def test_a_customer_of_before_is_told_from_guests_and_first_orders() -> None:
    found = cases(
        [1, 2, 2, 3, 3, 4, 4, 5, 5],
        [5, 5, 5, 6, 6, -1, -1, -1, -1],
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
        [START, *[START + DAY] * 6, START, START],
        START + DAY,
    )
    assert found.repeat.tolist() == [True, False, False]


def test_an_order_that_reaches_over_the_cut_is_not_of_the_past() -> None:
    bought = lines([1, 1, 2], [5, 5, 6], [7, 2, 4], [START, START + DAY, START])
    orders, order = orders_of(bought, 10)
    assert before(orders, order, START + DAY).tolist() == [False, False, True]


def test_at_most_a_fifth_of_the_history_is_held_out() -> None:
    times = np.array([START, START + 50 * DAY])
    assert last_days(times, 28) == START + 40 * DAY + 1
    assert last_days(np.array([START, START + 500 * DAY]), 28) == START + 472 * DAY + 1


def test_cases_are_drawn_by_the_seed_alone() -> None:
    bought = purchases()
    orders, order = orders_of(bought, 40)
    rows, _ = user_rows(bought, order, orders.sizes, 100)
    drawn = [
        cases_within(
            bought, orders, order, rows, (START, START + 1000 * DAY), largest=100, at_most=50, seed=seed
        ).lines.tolist()
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 50


def next_orders(baskets: list[int], users: list[int], items: list[int], times: list[int], cut: int) -> Cases:
    bought = lines(baskets, users, items, times)
    orders, order = orders_of(bought, 10)
    rows, _ = user_rows(bought, order, orders.sizes, 100)
    return next_orders_within(bought, orders, order, rows, (cut, cut + 1000 * DAY), largest=100, at_most=100, seed=1)


def test_a_next_order_is_asked_for_whole_by_what_lies_before_the_cut() -> None:
    late = START + 9 * DAY
    found = next_orders(
        [1, 2, 2, 3, 3, 3], [5, 5, 5, 5, 5, 5], [7, 2, 4, 1, 3, 1], [START + DAY, START, START, *[late] * 3], late
    )
    assert found.prefixes == [[]]
    assert found.wanted.tolist() == [[1, 3]]
    assert found.histories == [[2, 4, 7]]
    assert found.repeat.tolist() == [True]


def test_a_customer_s_second_order_after_the_cut_is_not_the_next_one() -> None:
    found = next_orders([3, 2, 1], [5, 5, 6], [7, 2, 4], [START, START + DAY, START], START)
    assert sorted(found.wanted[:, 0].tolist()) == [4, 7]


def test_each_guest_s_order_is_a_next_order_of_which_nothing_is_known() -> None:
    found = next_orders(
        [1, 1, 2, 3, 3], [-1] * 5, [7, 2, 4, 5, 6], [START, START, START + DAY, START + DAY, START + DAY], START + DAY
    )
    assert found.wanted.tolist() == [[4, -1], [5, 6]]
    assert found.histories == [[], []]
    assert not found.repeat.any()


def test_cases_of_baskets_know_what_was_bought_before_the_cut_and_nothing_later() -> None:
    late = START + 5 * DAY
    found = cases([1, 2, 2, 3, 3], [5, 5, 5, 5, 5], [9, 1, 2, 3, 4], [START, late, late, late + DAY, late + DAY], late)
    assert found.histories == [[9], [9]]


def test_prices_devices_and_countries_reach_the_cases_that_they_are_of() -> None:
    found = next_orders([1, 1, 2], [5, 5, 6], [7, 2, 4], [START, START, START + DAY], START)
    prices = np.arange(10.0)
    prices[2] = np.nan
    known = described(found, Facts(prices, device=np.array(["phone", "phone", ""]), country=None))
    assert known.values is not None
    assert known.values.tolist() == [[7, 0], [4, 0]]
    assert known.device is not None
    assert known.device.tolist() == ["phone", ""]
    assert known.country is None


def test_no_orders_give_no_cases() -> None:
    assert len(cases([], [], [], [], START)) == 0
    assert len(next_orders([], [], [], [], START)) == 0
