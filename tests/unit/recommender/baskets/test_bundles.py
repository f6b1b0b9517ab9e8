from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.baskets.bundles import Bundle, BundleRules, Money, find_bundles
from recommender.interactions import Orders, orders_of
from tests.unit.recommender.shops import START, lines

N = 12
UNKNOWN = Money(np.full(N, np.nan), np.full(N, np.nan))
ALL = np.ones(N, np.bool_)


def orders(*kinds: tuple[list[int], int]) -> Orders:
    """So many orders of each list of products."""
    flat = [items for items, times in kinds for _ in range(times)]
    numbers = [number for number, items in enumerate(flat) for _ in items]
    items = [item for each in flat for item in each]
    return orders_of(lines(numbers, [-1] * len(items), items, [START] * len(items)), N)[0]


TEA = orders(([0, 1, 2], 20), ([0], 5), ([3, 4], 9), ([5], 200), ([6, 5], 30), ([7, 8], 4))


def found(sold: Orders = TEA, sellable: np.ndarray = ALL, money: Money = UNKNOWN, **rules: Any) -> list[Bundle]:
    return find_bundles(sold, sellable, money, top=10, rules=replace(BundleRules(), **rules))


def test_three_that_go_together_are_one_bundle_and_not_three_pairs() -> None:
    best = found()[0]
    assert (best.items, best.orders) == ((0, 1, 2), 20)
    assert best.confidence == 20 / 25


def test_what_everybody_buys_is_no_companion() -> None:
    assert not any({5, 6} <= set(each.items) for each in found())


def test_a_few_orders_are_chance() -> None:
    assert not any(7 in each.items for each in found())
    assert any(7 in each.items for each in found(least_orders=4))


def test_lift_of_a_rare_pair_is_shrunk_towards_one() -> None:
    pair = next(each for each in found() if set(each.items) == {3, 4})
    by_chance = 9 * 9 / 268
    assert pair.lift == (9 + 5) / (by_chance + 5)
    assert 1 < pair.lift < 9 / by_chance


def test_a_product_that_can_not_be_sold_is_in_no_bundle() -> None:
    sellable = ALL.copy()
    sellable[1] = False
    bundles = found(sellable=sellable)
    assert bundles
    assert not any(1 in each.items for each in bundles)


def test_the_margin_is_that_of_one_piece_each_and_unknown_where_a_cost_is() -> None:
    prices, costs = np.arange(1.0, N + 1) * 100, np.arange(float(N)) * 10
    costs[4] = np.nan
    bundles = {each.items: each for each in found(money=Money(prices, costs))}
    assert (bundles[0, 1, 2].price, bundles[0, 1, 2].margin) == (600, 570)
    assert (bundles[3, 4].price, bundles[3, 4].margin) == (900, None)
    assert all(each.price is each.margin is None for each in found())


def test_a_till_of_a_whole_day_tells_nothing() -> None:
    assert not found(orders((list(range(N)), 40), ([0], 400)), largest_basket=8)


def test_a_shop_without_orders_or_products_has_no_bundles() -> None:
    nothing, _ = orders_of(lines([], [], [], []), 0)
    empty = np.empty(0)
    assert find_bundles(nothing, empty.astype(np.bool_), Money(empty, empty), top=3) == []
    assert found(orders(([0], 3))) == []


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, N - 1), min_size=1, max_size=6, unique=True), min_size=1, max_size=80))
def test_every_bundle_is_true_of_the_orders(baskets: list[list[int]]) -> None:
    sold = orders(*((basket, 1) for basket in baskets))
    sellable = np.arange(N) % 5 != 0
    bundles = found(sold, sellable, least_orders=2, least_lift=1.01, shrinkage=1.0)
    assert bundles == found(sold, sellable, least_orders=2, least_lift=1.01, shrinkage=1.0)
    for each in bundles:
        holding = [basket for basket in baskets if set(each.items) <= set(basket)]
        most = max(sum(item in basket for basket in baskets) for item in each.items)
        assert 2 <= len(set(each.items)) == len(each.items) <= 4
        assert each.orders == len(holding) >= 2
        assert each.confidence == len(holding) / most
        assert all(sellable[item] for item in each.items)
    for number, each in enumerate(bundles):
        assert all(len(set(each.items) & set(other.items)) < 2 for other in bundles[:number])
