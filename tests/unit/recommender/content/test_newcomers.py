from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.content.newcomers import with_newcomers
from recommender.interactions import Orders, orders_of
from recommender.trends.trending import trending_scores
from tests.unit.recommender.shops import DAY, START, lines

HALF_LIFE = 14.0
DAYS, EVERY = 200, 2.4
KINDS = 2
LAUNCHES = 80
N = LAUNCHES + 4


def shop() -> tuple[Orders, NDArray[np.float32], int]:
    """A product launched every few days: of the first kind it sells twice a day for good, of the second every other.

    The last four rows were never sold; content tells the kind.
    """
    items, times = [], []
    for item in range(LAUNCHES):
        every = 0.5 if item % KINDS == 0 else 2.0
        for day in np.arange(item * EVERY, DAYS, every):
            items.append(item)
            times.append(START + int(day * DAY))
    bought = lines(list(range(len(items))), [-1] * len(items), items, times)
    content = np.eye(KINDS, dtype=np.float32)[np.arange(N) % KINDS]
    return orders_of(bought, N)[0], content, max(times)


def expected(created: NDArray[np.int64] | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Decayed orders, and the same with what is expected."""
    orders, content, now = shop()
    sold = trending_scores(orders, now, HALF_LIFE)
    return sold, with_newcomers(sold, orders, created, content, now, half_life_days=HALF_LIFE, seed=1)


def test_a_product_nobody_bought_is_expected_to_sell_like_earlier_launches_of_its_kind() -> None:
    _, told = expected()
    steady = HALF_LIFE / np.log(2)
    assert 0.7 < told[LAUNCHES] / (2 * steady) < 1.2
    assert 0.7 < told[LAUNCHES + 1] / (0.5 * steady) < 1.3


def test_products_past_their_first_weeks_are_what_they_sell() -> None:
    sold, told = expected()
    old = np.arange(0, int((DAYS - 30) / EVERY))
    old = old[old < LAUNCHES]
    np.testing.assert_array_equal(told[old], sold[old])


def test_what_stays_on_the_shelf_unsold_is_expected_less_of_every_day() -> None:
    _, _, now = shop()
    created = np.zeros(N, np.int64)
    created[LAUNCHES : LAUNCHES + 4] = now - np.array([0, 14, 14, 40]) * DAY
    sold, told = expected(created)
    assert sold[LAUNCHES:].max() == 0
    assert abs(told[LAUNCHES + 2] / told[LAUNCHES] - 0.5) < 0.01
    assert told[LAUNCHES + 3] == 0


def test_launches_that_nobody_bought_lower_what_is_expected() -> None:
    orders, content, now = shop()
    created = np.zeros(N, np.int64)
    _, plain = expected(created)
    failed = 40
    wide = np.concatenate([content, content[:failed]])
    matrix = orders.matrix.copy()
    matrix.resize(matrix.shape[0], N + failed)
    begun = np.concatenate([created, np.full(failed, now - 60 * DAY)])
    sold = trending_scores(Orders(matrix, orders.time), now, HALF_LIFE)
    told = with_newcomers(sold, Orders(matrix, orders.time), begun, wide, now, half_life_days=HALF_LIFE, seed=1)
    assert told[LAUNCHES] < 0.8 * plain[LAUNCHES]
    assert told[N:].max() == 0


def test_a_shop_that_launched_next_to_nothing_expects_nothing() -> None:
    orders = orders_of(lines([0, 1, 2], [-1, -1, -1], [0, 1, 0], [START, START + 40 * DAY, START + 90 * DAY]), 5)[0]
    sold = trending_scores(orders, START + 90 * DAY, HALF_LIFE)
    told = with_newcomers(
        sold, orders, None, np.eye(5, dtype=np.float32), START + 90 * DAY, half_life_days=HALF_LIFE, seed=1
    )
    np.testing.assert_array_equal(told, sold)


def test_of_many_products_of_unknown_age_that_never_sell_next_to_nothing_is_expected() -> None:
    orders, content, now = shop()
    dead = 1000
    wide = np.concatenate([content, content[np.zeros(dead, np.int64)]])
    matrix = orders.matrix.copy()
    matrix.resize(matrix.shape[0], N + dead)
    sold = trending_scores(Orders(matrix, orders.time), now, HALF_LIFE)
    told = with_newcomers(sold, Orders(matrix, orders.time), None, wide, now, half_life_days=HALF_LIFE, seed=1)
    _, few = expected()
    assert 0 < told[N] < 0.05 * few[LAUNCHES]
