from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.content.cold import cold_factors

KINDS, EACH = 4, 15


@pytest.fixture
def shop() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Content that tells the kind, factors that follow the kind, and orders: the last product of a kind has none."""
    rng = np.random.default_rng(5)
    kind = np.arange(KINDS * EACH) % KINDS
    content = np.eye(KINDS, dtype=np.float32)[kind]
    factors = (rng.normal(size=(KINDS, 6))[kind] + rng.normal(scale=0.05, size=(KINDS * EACH, 6))).astype(np.float32)
    orders = np.where(np.arange(KINDS * EACH) < KINDS * (EACH - 1), 20, 0).astype(np.float32)
    return content, factors, orders


def test_a_new_product_gets_the_factors_of_its_kind(
    shop: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
) -> None:
    content, factors, orders = shop
    filled = cold_factors(content, factors, orders, seed=1)
    for product in np.flatnonzero(orders == 0):
        own = factors[product % KINDS]
        distances = [float(np.linalg.norm(filled[product] - factors[kind])) for kind in range(KINDS)]
        assert int(np.argmin(distances)) == product % KINDS
        assert np.linalg.norm(filled[product] - own) < 0.5 * np.linalg.norm(own)


def test_products_that_sold_keep_their_own_factors(
    shop: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
) -> None:
    content, factors, orders = shop
    filled = cold_factors(content, factors, orders, seed=1)
    np.testing.assert_array_equal(filled[orders > 0], factors[orders > 0])


def test_what_a_cold_row_held_before_is_not_looked_at(
    shop: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
) -> None:
    content, factors, orders = shop
    planted = np.where((orders == 0)[:, None], np.float32(99), factors)
    np.testing.assert_array_equal(
        cold_factors(content, planted, orders, seed=1), cold_factors(content, factors, orders, seed=1)
    )


def test_a_product_without_content_and_a_shop_with_few_sales_get_no_factors(
    shop: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
) -> None:
    content, factors, orders = shop
    untold = content.copy()
    untold[-1] = 0
    assert not cold_factors(untold, factors, orders, seed=1)[-1].any()
    few = np.where(np.arange(len(orders)) < 5, orders, 0).astype(np.float32)
    assert not cold_factors(content, factors, few, seed=1)[5:].any()


def test_no_products_are_no_error() -> None:
    empty = np.zeros((0, 4), np.float32)
    assert cold_factors(empty, empty, np.zeros(0, np.float32), seed=1).shape == (0, 4)
