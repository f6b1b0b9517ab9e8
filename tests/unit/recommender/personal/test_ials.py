from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.personal.folding import fold_in_held, turned
from recommender.personal.ials import Confidence, fit_exactly, penalties, published

RNG = np.random.default_rng(3)
TASTE = np.repeat(np.arange(2), 30)
# Two kinds of users, each of whom takes a third of the 20 products of their kind; nobody takes the last product.
BOUGHT = np.zeros((61, 41), np.float32)
BOUGHT[:60, :40] = (RNG.random((60, 40)) < 1 / 3) & (TASTE[:, None] == np.repeat(np.arange(2), 20))
WEIGHTS = sparse.csr_matrix(BOUGHT * RNG.uniform(0.5, 2, BOUGHT.shape).astype(np.float32))
SETTING = Confidence(factors=6, alpha=4.0, regularization=2.0, scaling=1.0, iterations=12)


def loss(users: np.ndarray, items: np.ndarray, setting: Confidence) -> float:
    scores = users.astype(np.float64) @ items.T
    error = (WEIGHTS.toarray() > 0) - scores
    seen = ((1 + setting.alpha * WEIGHTS.toarray()) * error**2).sum()
    held = penalties(WEIGHTS, setting) @ (users.astype(np.float64) ** 2).sum(axis=1)
    return float(seen + held + penalties(WEIGHTS.T.tocsr(), setting) @ (items.astype(np.float64) ** 2).sum(axis=1))


def test_no_small_step_from_the_factors_of_users_makes_the_loss_less() -> None:
    fitted = fit_exactly(WEIGHTS, SETTING, threads=1, seed=1)
    least = loss(fitted.user, fitted.item, SETTING)
    for seed in range(20):
        step = np.random.default_rng(seed).normal(0, 0.01, fitted.user.shape)
        step[60] = 0.0
        assert loss(fitted.user + step, fitted.item, SETTING) > least


def test_users_prefer_what_their_own_kind_buys() -> None:
    fitted = fit_exactly(WEIGHTS, SETTING, threads=1, seed=1)
    scores = (fitted.user @ fitted.item.T)[:60, :40]
    own = TASTE[:, None] == np.repeat(np.arange(2), 20)
    assert np.median(scores[own]) > np.quantile(scores[~own], 0.9)


def test_a_user_and_a_product_without_purchases_stay_at_zero() -> None:
    fitted = fit_exactly(WEIGHTS, SETTING, threads=1, seed=1)
    assert not fitted.user[60].any()
    assert not fitted.item[40].any()
    assert np.isfinite(fitted.user).all()


def test_threads_change_nothing_in_the_factors() -> None:
    one, three = (fit_exactly(WEIGHTS, SETTING, threads=threads, seed=1) for threads in (1, 3))
    np.testing.assert_array_equal(one.user, three.user)
    np.testing.assert_array_equal(one.item, three.item)


def test_folding_in_a_history_gives_the_scores_of_the_fitted_user() -> None:
    fitted = fit_exactly(WEIGHTS, SETTING, threads=2, seed=1)
    items, spectrum = turned(fitted.item)
    held = penalties(WEIGHTS, SETTING)
    for user in (0, 31, 59):
        row = WEIGHTS[user]
        found = fold_in_held(items[row.indices], spectrum, row.data * np.float32(SETTING.alpha), float(held[user]))
        np.testing.assert_allclose(items @ found, fitted.item @ fitted.user[user], rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("scaling", [0.0, 0.5, 1.0])
def test_who_bought_more_is_held_back_more_and_the_average_as_told(scaling: float) -> None:
    setting = Confidence(4, alpha=4.0, regularization=7.0, scaling=scaling, iterations=1)
    held = penalties(WEIGHTS, setting)
    busy, quiet = np.argmax(WEIGHTS.sum(axis=1)), 60
    assert held[busy] > held[quiet] if scaling else held[busy] == held[quiet]
    if scaling in {0.0, 1.0}:
        assert held.mean() == pytest.approx(7.0, rel=1e-5)


def test_published_settings_grow_with_the_evidence() -> None:
    assert published(sparse.vstack([WEIGHTS] * 4).tocsr()).regularization > published(WEIGHTS).regularization > 0


def test_each_iteration_is_told() -> None:
    told: list[int] = []
    fit_exactly(WEIGHTS, Confidence(2, 1.0, 1.0, 0.0, iterations=3), threads=1, seed=1, each=told.append)
    assert told == [1, 2, 3]
