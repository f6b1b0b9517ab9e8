from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.content.first_hour import first_hour_order

NONE = np.full(4, -1, np.int32)


def test_the_newest_comes_first_where_only_that_is_known() -> None:
    assert first_hour_order(NONE, created=np.array([5, 9, 1, 7])).tolist() == [1, 3, 0, 2]


def test_the_merchants_own_ordering_outweighs_newness() -> None:
    placed = np.array([3, 2, 1, 0])
    assert first_hour_order(NONE, created=np.array([9, 7, 5, 1]), placed=placed).tolist() == [3, 2, 1, 0]


def test_a_complete_product_near_the_usual_price_comes_before_a_bare_dear_one() -> None:
    order = first_hour_order(
        NONE, price=np.array([10, 10, 900, 0], np.float32), complete=np.array([0.2, 1.0, 0.2, 0.2], np.float32)
    )
    assert order.tolist() == [1, 0, 2, 3]


def test_categories_take_turns() -> None:
    category = np.array([0, 0, 0, 1], np.int32)
    created = np.array([9, 8, 7, 6])
    assert first_hour_order(category, created=created, complete=np.ones(4, np.float32)).tolist().index(3) < 3


def test_a_handful_of_orders_moves_what_sold_up_and_many_decide() -> None:
    created = np.array([9, 7, 5, 1])
    one = first_hour_order(NONE, created=created, orders=np.array([0, 0, 1, 0], np.float32)).tolist()
    many = first_hour_order(NONE, created=created, orders=np.array([0, 10, 50, 200], np.float32)).tolist()
    assert one.index(2) <= 2
    assert many == [3, 2, 1, 0]


@given(st.lists(st.integers(-1, 5), max_size=30), st.integers(0, 2**32))
def test_every_product_is_there_once_whatever_is_known(category: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = len(category)
    order = first_hour_order(
        np.array(category, np.int32),
        created=rng.integers(-5, 5, n),
        price=rng.choice([-1.0, 0.0, np.nan, 3.0, 1e9], n).astype(np.float32),
        complete=rng.random(n).astype(np.float32),
        placed=rng.integers(-1, n + 1, n),
        orders=rng.integers(0, 3, n).astype(np.float32),
    )
    assert sorted(order.tolist()) == list(range(n))
