from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from recommender.baskets.together import bought_together, placed_nearby
from recommender.interactions import orders_of
from tests.unit.recommender.shops import DAY, SMALL, START, lines, purchases


def test_counts_are_of_orders_that_hold_both_exactly() -> None:
    bought = purchases(orders=300)
    orders, _ = orders_of(bought, 40)
    together = bought_together(orders, int(bought.time.max()), SMALL)
    expected = np.zeros((40, 40), int)
    for order in np.unique(bought.basket):
        for a, b in combinations(set(bought.item[bought.basket == order].tolist()), 2):
            expected[a, b] += 1
            expected[b, a] += 1
    for row in range(40):
        for item, score, count in zip(
            together.lists.items[row], together.lists.scores[row], together.counts[row], strict=True
        ):
            assert count == (expected[row, item] if score else 0)


def test_a_product_twice_in_an_order_counts_once() -> None:
    orders, _ = orders_of(lines([1, 1, 1], [5, 5, 5], [0, 1, 1], [START] * 3), 2)
    together = bought_together(orders, START, SMALL)
    assert together.counts[0, 0] == together.counts[1, 0] == 1


def test_a_product_is_never_its_own_companion() -> None:
    bought = purchases()
    orders, _ = orders_of(bought, 40)
    lists = bought_together(orders, START, SMALL).lists
    own = np.arange(40)[:, None]
    assert not lists.scores[lists.items == own].any()


def test_the_same_companion_in_a_long_order_counts_for_less() -> None:
    long = list(range(2, 12))
    orders, _ = orders_of(lines([1, 1] + [2] * 11, [5] * 13, [0, 1, 0, *long], [START] * 13), 12)
    lists = bought_together(orders, START, SMALL).lists
    assert lists.items[0, 0] == 1


def test_an_old_pair_yields_to_a_fresh_one() -> None:
    bought = lines([1, 1, 2, 2], [5, 5, 6, 6], [0, 1, 0, 2], [START, START, START + 700 * DAY, START + 700 * DAY])
    orders, _ = orders_of(bought, 3)
    assert bought_together(orders, START + 700 * DAY, SMALL).lists.items[0, :2].tolist() == [2, 1]


def test_an_order_longer_than_a_basket_tells_nothing_of_pairs() -> None:
    orders, _ = orders_of(lines([1] * 9, [-1] * 9, list(range(9)), [START] * 9), 9)
    together = bought_together(orders, START, replace(SMALL, largest_basket=8))
    assert not together.lists.scores.any()
    assert not together.counts.any()


def test_lists_of_a_few_products_are_those_of_all() -> None:
    orders, _ = orders_of(purchases(), 40)
    asked = np.array([3, 17, 18])
    every, few = bought_together(orders, START, SMALL), bought_together(orders, START, SMALL, asked)
    assert np.array_equal(few.lists.items[asked], every.lists.items[asked])
    assert np.array_equal(few.lists.scores[asked], every.lists.scores[asked])
    assert np.array_equal(few.counts[asked], every.counts[asked])
    assert not np.delete(few.lists.scores, asked, axis=0).any()


def test_what_is_put_in_next_is_nearer_than_what_comes_later() -> None:
    bought = lines([1] * 6 + [2] * 6, [5] * 6 + [6] * 6, [0, 1, 2, 3, 4, 5] * 2, [START] * 12)
    orders, order = orders_of(bought, 6)
    nearby = placed_nearby(bought, order, 6, START, SMALL)
    together = bought_together(orders, START, SMALL, nearby=nearby)
    assert together.lists.items[0, :5].tolist() == [1, 2, 3, 4, 5]
    assert together.counts[0, :5].tolist() == [2] * 5
    assert np.array_equal(nearby.toarray(), nearby.toarray().T)


def test_nearness_keeps_counts_and_lists_of_a_few_products() -> None:
    bought = purchases(orders=300)
    orders, order = orders_of(bought, 40)
    nearby = placed_nearby(bought, order, 40, START, SMALL)
    asked = np.array([3, 17])
    every = bought_together(orders, START, SMALL, None, nearby)
    few = bought_together(orders, START, SMALL, asked, nearby)
    plain = bought_together(orders, START, SMALL)
    assert np.array_equal(few.lists.scores[asked], every.lists.scores[asked])
    for row in asked:
        counted = dict(zip(plain.lists.items[row].tolist(), plain.counts[row].tolist(), strict=True))
        for item, count in zip(every.lists.items[row].tolist(), every.counts[row].tolist(), strict=True):
            assert counted.get(item, count) == count


def test_no_orders_are_near_to_nothing() -> None:
    nothing = lines([], [], [], [])
    _, order = orders_of(nothing, 3)
    assert placed_nearby(nothing, order, 3, START, SMALL).nnz == 0
