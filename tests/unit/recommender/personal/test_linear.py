from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.personal.linear import Closeness, fit_linear, item_weights

RNG = np.random.default_rng(5)
BOUGHT = sparse.csr_matrix((RNG.random((80, 30)) < 0.2).astype(np.float32))
PLAIN = Closeness(regularization=5.0, damping=0.0)


def test_weights_are_those_of_ridge_regression_on_all_other_products() -> None:
    rows, weights = item_weights(BOUGHT, PLAIN)
    dense = BOUGHT.toarray().astype(np.float64)
    for item in (0, 7, 29):
        others = np.delete(np.arange(30), item)
        system = dense[:, others].T @ dense[:, others] + 5.0 * np.eye(29)
        exact = np.linalg.solve(system, dense[:, others].T @ dense[:, item])
        np.testing.assert_allclose(weights[others, item], exact, atol=1e-5)
    assert rows.tolist() == list(range(30))
    assert not weights.diagonal().any()


def test_long_lists_hold_the_whole_of_the_weights() -> None:
    lists = fit_linear(BOUGHT, PLAIN, 40)
    assert lists is not None
    np.testing.assert_allclose(lists.matrix().toarray(), item_weights(BOUGHT, PLAIN)[1])


def test_short_lists_hold_the_loudest_loudest_first() -> None:
    lists = fit_linear(BOUGHT, PLAIN, 4)
    assert lists is not None
    weights = np.abs(item_weights(BOUGHT, PLAIN)[1])
    np.testing.assert_allclose(np.abs(lists.weights), -np.sort(-weights, axis=1)[:, :4])


def test_products_that_nobody_bought_say_nothing_and_are_not_spoken_of() -> None:
    wide = sparse.hstack([BOUGHT, sparse.csr_matrix((80, 3), dtype=np.float32)]).tocsr()
    lists = fit_linear(wide, PLAIN, 5)
    assert lists is not None
    assert not lists.weights[30:].any()
    assert (lists.items[30:] == np.arange(30, 33)[:, None]).all()
    assert lists.items[:30].max() < 30


def test_only_the_most_bought_have_weights_in_a_large_catalogue() -> None:
    rows, weights = item_weights(BOUGHT, Closeness(largest=10))
    bought = np.asarray(BOUGHT.sum(axis=0)).ravel()
    assert weights.shape == (10, 10)
    assert bought[rows].min() >= np.delete(bought, rows).max()


@pytest.mark.parametrize("empty", [(0, 0), (5, 0), (0, 5), (5, 5)])
def test_without_purchases_there_is_no_linear_model(empty: tuple[int, int]) -> None:
    assert fit_linear(sparse.csr_matrix(empty, dtype=np.float32), PLAIN, 3) is None


def test_blocks_of_a_larger_catalogue_meet_without_a_seam() -> None:
    many = sparse.random(900, 700, 0.02, format="csr", dtype=np.float32, rng=np.random.default_rng(1))
    rows, weights = item_weights(many, Closeness(regularization=2.0, damping=0.0))
    dense = many.toarray()[:, rows].astype(np.float64)
    inverse = np.linalg.inv(dense.T @ dense + 2.0 * np.eye(len(rows)))
    exact = -inverse / inverse.diagonal()
    np.fill_diagonal(exact, 0.0)
    np.testing.assert_allclose(weights, exact, atol=1e-5)


def test_a_row_that_counts_twice_is_as_good_as_two_rows() -> None:
    twice = sparse.vstack([BOUGHT, BOUGHT[:20]]).tocsr()
    counts = np.ones(80, np.float32)
    counts[:20] = 2.0
    _, weighted = item_weights(BOUGHT, Closeness(regularization=5.0 / counts.mean(), damping=0.0), counts)
    np.testing.assert_allclose(weighted, item_weights(twice, PLAIN)[1], atol=1e-5)


def test_ages_that_are_all_the_same_change_nothing() -> None:
    _, aged = item_weights(BOUGHT, PLAIN, np.full(80, 0.01, np.float32))
    np.testing.assert_allclose(aged, item_weights(BOUGHT, PLAIN)[1], atol=1e-6)
