from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recommender.interactions import Orders
from recommender.trends.season import Season, last_year, season_lift, season_words, seasonal_scores
from recommender.trends.trending import trending_scores

DAY = 86_400_000_000
START = 1_700_000_000_000_000
TEXTS = [f"christmas {thing}" for thing in ("star", "tree", "sock", "bell")] + [
    f"garden {thing}" for thing in ("star", "tree", "sock", "bell", "pot", "hose", "fork", "seat")
]
NEW = 3  # on sale since late summer alone
WORDS = season_words(TEXTS)
BELIEF = Season(14.0, 1.0, 0.0)


def _year(days: int, seed: int = 4) -> Orders:
    """Forty orders of one product a day; Christmas is half of the first month and of the twelfth, else a twentieth."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), 40)
    season = (day < 30) | ((day >= 335) & (day < 364))
    item = np.where(
        rng.random(len(day)) < np.where(season, 0.5, 0.05),
        rng.integers(0, np.where(day < 270, NEW, NEW + 1)),
        rng.integers(4, len(TEXTS), len(day)),
    )
    matrix = sparse.csr_matrix(
        (np.ones(len(day), np.float32), (np.arange(len(day)), item)), shape=(len(day), len(TEXTS))
    )
    return Orders(matrix, START + day * DAY + rng.integers(0, DAY, len(day)))


def test_a_product_of_the_coming_season_rises_before_its_sales_do() -> None:
    now = START + 325 * DAY
    lift = season_lift(_year(325), now, WORDS, chosen=BELIEF)
    assert lift[:NEW].min() > 2
    assert lift[4:].max() < 1.1


def test_a_product_without_a_last_year_rises_with_those_it_shares_its_words_with() -> None:
    lift = season_lift(_year(325), START + 325 * DAY, WORDS, chosen=BELIEF)
    assert lift[NEW] > 2


def test_once_the_season_sells_nothing_is_left_to_lift() -> None:
    before, under_way = (last_year(_year(days), START + days * DAY, WORDS, 28.0)[:NEW].mean() for days in (325, 362))
    assert under_way < before / 2


def test_out_of_season_nothing_is_lifted() -> None:
    assert last_year(_year(200), START + 200 * DAY, WORDS, 28.0).max() == pytest.approx(0)


def test_a_young_shop_has_no_last_year_and_is_ranked_by_what_sells() -> None:
    orders = _year(60)
    now = START + 60 * DAY
    np.testing.assert_array_equal(season_lift(orders, now, WORDS, chosen=BELIEF), 1)
    plain = trending_scores(orders, now, BELIEF.half_life_days)
    np.testing.assert_array_equal(seasonal_scores(orders, now, WORDS, chosen=BELIEF), plain)


def test_what_is_sold_after_now_is_not_looked_at() -> None:
    now = START + 320 * DAY
    np.testing.assert_array_equal(
        seasonal_scores(_year(364), now, WORDS), seasonal_scores(_later_gone(now), now, WORDS)
    )


def _later_gone(now: int) -> Orders:
    orders = _year(364)
    return orders.where(orders.time <= now)


def test_how_much_to_believe_is_learnt_from_the_weeks_before() -> None:
    """A shop whose words carry no season learns that they carry none."""
    orders = _year(364)
    plain = np.random.default_rng(1).permutation(len(orders.time))
    mixed = Orders(orders.matrix[plain], orders.time)
    lift = season_lift(mixed, START + 364 * DAY, WORDS)
    assert lift.max() < 1.25


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 12), st.integers(0, 40), st.integers(0, 2**32))
def test_the_lift_is_above_0_and_finite_for_any_shop(products: int, orders: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    held = sparse.csr_matrix((rng.random((orders, products)) < 0.3).astype(np.float32))
    time = START + rng.integers(0, 400, orders) * DAY
    words = season_words([" ".join(rng.choice(["a", "red", "cup"], 2)) for _ in range(products)])
    lift = season_lift(Orders(held, time), START + 400 * DAY, words)
    assert lift.shape == (products,)
    assert np.isfinite(lift).all()
    assert (lift > 0).all()


def test_words_that_fewer_than_three_products_have_tell_nothing() -> None:
    assert season_words(["red cup", "red pot", "red cup"]).shape == (3, 1)
    assert season_words(["", ""]).shape == (2, 0)
    assert season_words(["", "", ""], [np.array([1, 1, 1], np.int32)]).shape == (3, 1)
