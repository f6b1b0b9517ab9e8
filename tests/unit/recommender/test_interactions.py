from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.confidence import confidence, decay, line_weights
from recommender.interactions import codes, orders_of, user_items, user_rows
from tests.unit.recommender.shops import DAY, START, lines


@given(st.lists(st.integers(-(2**40), 2**40) | st.integers(-3, 30)))
def test_codes_number_distinct_ids_in_ascending_order(ids: list[int]) -> None:
    code, count = codes(np.array(ids, np.int64))
    distinct = sorted(set(ids))
    assert count == len(distinct)
    assert [distinct[number] for number in code] == ids


def test_a_customer_is_one_row_and_a_guests_order_of_two_products_is_another() -> None:
    bought = lines([1, 2, 3, 3, 4], [8, 8, -1, -1, -1], [0, 1, 0, 2, 1], [START] * 5)
    orders, order = orders_of(bought, 3)
    rows, count = user_rows(bought, order, orders.sizes, largest_basket=10)
    assert rows.tolist() == [0, 0, 1, 1, -1]
    assert count == 2
    weights = np.arange(1, 6, dtype=np.float32)
    matrix = user_items(rows, bought.item, weights, (count, 3))
    assert matrix.toarray().tolist() == [[1, 2, 0], [3, 0, 4]]


def test_repeat_purchases_add_up() -> None:
    bought = lines([1, 2], [8, 8], [0, 0], [START] * 2)
    matrix = user_items(np.array([0, 0]), bought.item, np.array([1, 2], np.float32), (1, 1))
    assert matrix.toarray().tolist() == [[3]]


def test_a_purchase_weighs_half_after_its_half_life() -> None:
    times = np.array([START, START - 30 * DAY, START - 60 * DAY])
    assert decay(times, START, 30).tolist() == [1, 0.5, 0.25]


def test_a_gross_is_no_144_wishes() -> None:
    quantity = np.array([1, 10, 100], np.float32)
    np.testing.assert_allclose(line_weights(quantity, np.full(3, START), START, 30), [1, 2, 3])


def test_confidence_is_one_plus_alpha_times_the_weight_for_stored_entries_only() -> None:
    weights = user_items(np.array([0, 1]), np.array([0, 1], np.int32), np.array([2, 3], np.float32), (2, 2))
    assert confidence(weights, 10).toarray().tolist() == [[21, 0], [0, 31]]


def test_an_orders_time_is_that_of_its_newest_line() -> None:
    orders, _ = orders_of(lines([1, 1], [8, 8], [0, 1], [START, START + DAY]), 2)
    assert orders.time.tolist() == [START + DAY]
