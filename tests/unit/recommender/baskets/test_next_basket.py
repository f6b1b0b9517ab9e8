from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender.baskets.histories import Histories, histories_of
from recommender.baskets.next_basket import (
    NextBasket,
    bought_features,
    chances_of,
    fit_next_basket,
    personal_scores,
)
from tests.unit.recommender.shops import DAY, START, silent

N = 30
STAPLES = 5


def shop(*, users: int = 200, seed: int = 3, timed: bool = False) -> Histories:
    """Customers with six baskets each: one of the staples 0 to 4, which is theirs, every time; chance for the rest."""
    rng = np.random.default_rng(seed)
    lines = []
    for user in range(users):
        for basket in range(6):
            items = {user % STAPLES, *rng.integers(STAPLES, N, 3).tolist()}
            lines += [(user, basket, item) for item in items if item >= STAPLES or rng.random() < 0.8]
    user_of, basket_of, item_of = np.array(lines).T
    time = START + (user_of % 7 + 10 * basket_of) * DAY if timed else None
    return histories_of(user_of, basket_of, item_of, N, time)


def fitted(history: Histories) -> NextBasket:
    return fit_next_basket(history, seed=1, progress=silent)


def test_what_is_bought_every_time_comes_before_what_was_bought_once() -> None:
    model = fitted(shop())
    assert model.learnt_from == 200
    said = personal_scores(model, np.array([2, 9, 2, 10, 2, 11]), np.array([0, 0, 1, 1, 2, 2]))
    assert said.items[0] == 2
    assert said.chances[0] > 2 * said.chances[1]


def test_a_request_gives_what_the_whole_shop_at_once_gives() -> None:
    history = shop(timed=True)
    model = fitted(history)
    whole = bought_features(history, model.habits)
    user = 17
    mine = np.flatnonzero(history.user == user)
    oldest_first = mine[np.argsort(-history.age[mine], kind="stable")]
    assert history.days is not None
    said = personal_scores(model, history.item[oldest_first], -history.age[oldest_first], history.days[oldest_first])
    rows = whole.user == user
    expected = dict(zip(whole.item[rows].tolist(), chances_of(model, whole)[rows].tolist(), strict=True))
    found = dict(zip(said.items.tolist(), said.chances.tolist(), strict=True))
    assert found.keys() == expected.keys()
    assert all(abs(found[item] - chance) < 1e-5 for item, chance in expected.items())


def test_someone_who_bought_nothing_gets_nothing() -> None:
    said = personal_scores(fitted(shop()), np.empty(0, np.int32), np.empty(0, np.int64))
    assert len(said.items) == len(said.chances) == len(said.features) == 0


def test_a_new_shop_starts_with_frequency_and_recency() -> None:
    model = fitted(histories_of(np.array([1, 1, 2]), np.array([0, 1, 0]), np.array([0, 0, 1]), 3))
    assert model.learnt_from == 0
    often_before_once = personal_scores(model, np.array([2, 1, 2]), np.array([0, 0, 1]))
    assert often_before_once.items.tolist() == [2, 1]
    late_before_early = personal_scores(model, np.array([2, 1]), np.array([0, 1]))
    assert late_before_early.items.tolist() == [1, 2]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, N - 1), st.floats(0, 5000)), min_size=1, max_size=60))
def test_whatever_was_bought_every_product_gets_one_chance(bought: list[tuple[int, int, float]]) -> None:
    baskets, items, days = (np.array(column) for column in zip(*sorted(bought), strict=True))
    said = personal_scores(MODEL, items, baskets, days)
    assert sorted(said.items.tolist()) == sorted(set(items.tolist()))
    assert np.isfinite(said.features).all()
    assert ((said.chances >= 0) & (said.chances <= 1)).all()
    assert np.all(np.diff(said.chances) <= 0)


def test_the_model_holds_numbers_of_products_and_none_of_customers() -> None:
    model = fitted(shop(users=123))
    arrays: list[NDArray[np.float32]] = [model.weights]
    arrays += [model.habits.repeat_rate, model.habits.popularity, model.habits.gap_days]
    assert {len(array) for array in arrays[1:]} == {N}
    assert 123 not in {len(array) for array in arrays}


def test_the_same_shop_and_seed_give_the_same_model() -> None:
    one, other = fitted(shop()), fitted(shop())
    assert np.array_equal(one.weights, other.weights)
    assert one.bias == other.bias


MODEL = fitted(shop(timed=True))
