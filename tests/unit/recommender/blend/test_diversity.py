from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommender.blend.diversity import LIKENESS_COSTS, alike, spread_out

FACTORS, MOST = 3, 12
products = st.integers(1, MOST)


@st.composite
def pools(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Some products' scores and how alike they are."""
    n = draw(products)
    scores = draw(arrays(np.float32, n, elements=st.floats(-5, 5, width=32)))
    factors = draw(arrays(np.float32, (n, FACTORS), elements=st.floats(-1, 1, width=16)))
    category = draw(arrays(np.int32, n, elements=st.integers(-1, 2)))
    return scores, alike(factors, category)


@given(pools(), st.floats(0, 1), st.integers(0, MOST + 3))
def test_what_is_shown_are_different_products_of_the_pool_the_best_one_first(
    pool: tuple[np.ndarray, np.ndarray], diversity: float, count: int
) -> None:
    scores, likeness = pool
    chosen = spread_out(scores, likeness, diversity, count)
    assert len(set(chosen.tolist())) == len(chosen) == min(count, len(scores))
    if count:
        assert chosen[0] == scores.argmax()


@given(pools(), st.integers(1, MOST))
def test_diversity_0_changes_nothing(pool: tuple[np.ndarray, np.ndarray], count: int) -> None:
    scores, likeness = pool
    assert spread_out(scores, likeness, 0.0, count).tolist() == np.argsort(-scores, kind="stable")[:count].tolist()


@given(pools(), st.floats(0, 1), st.floats(0, 1))
def test_the_second_is_never_more_alike_to_the_first_for_more_diversity(
    pool: tuple[np.ndarray, np.ndarray], one: float, other: float
) -> None:
    scores, likeness = pool
    if len(scores) < 2:
        return
    less, more = (spread_out(scores, likeness, diversity, 2) for diversity in sorted((one, other)))
    assert likeness[more[0], more[1]] <= likeness[less[0], less[1]] + 1e-5


@given(pools(), st.floats(0, 1), st.integers(1, MOST))
def test_each_is_the_best_after_what_is_above_it(
    pool: tuple[np.ndarray, np.ndarray], diversity: float, count: int
) -> None:
    scores, likeness = pool
    chosen = spread_out(scores, likeness, diversity, count).tolist()
    for place in range(1, len(chosen)):
        left = [row for row in range(len(scores)) if row not in chosen[:place]]
        worth = scores - diversity * LIKENESS_COSTS * likeness[chosen[:place]].max(axis=0)
        assert worth[chosen[place]] >= worth[left].max() - 1e-4


@given(pools())
def test_likeness_is_even_handed_and_between_0_and_1(pool: tuple[np.ndarray, np.ndarray]) -> None:
    _, likeness = pool
    assert likeness.dtype == np.float32
    assert likeness == pytest.approx(likeness.T, abs=1e-6)
    assert ((likeness >= 0) & (likeness <= 1)).all()


def test_a_slate_of_twins_is_mixed_with_the_next_best() -> None:
    factors = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    likeness = alike(factors, np.zeros(4, np.int32))
    scores = np.array([3.0, 2.9, 2.8, 1.0], np.float32)
    assert spread_out(scores, likeness, 0.0, 2).tolist() == [0, 1]
    assert spread_out(scores, likeness, 1.0, 2).tolist() == [0, 3]
    assert spread_out(scores, likeness, 0.1, 2).tolist() == [0, 1]


def test_without_factors_the_category_says_what_is_alike() -> None:
    factors = np.array([[0, 0], [0, 0], [1, 0], [0, 0]], np.float32)
    likeness = alike(factors, np.array([4, 4, 4, -1], np.int32))
    assert likeness[0].tolist() == [1, 1, 1, 0]
    assert likeness[3, 3] == 0
