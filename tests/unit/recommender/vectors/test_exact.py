"""The exact index is the yardstick, so it is held against the plainest search there is."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.vectors.exact import ExactIndex


@given(
    n=st.integers(1, 40), count=st.integers(1, 50), kept=st.floats(0, 1), seed=st.integers(0, 9), same=st.integers(0, 9)
)
@settings(deadline=None, max_examples=60)
def test_it_finds_what_a_sort_of_everything_finds(n: int, count: int, kept: float, seed: int, same: int) -> None:
    draw = np.random.default_rng(seed)
    vectors = draw.integers(-2, 3, (n, 3)).astype(np.float32)
    vectors[: min(same, n)] = vectors[0]
    mask = draw.random(n) < kept
    index = ExactIndex(np.arange(n), vectors)
    found = index.search(vectors[:1], count, mask)
    scores = np.round(index.unit @ index.unit[0], 6)
    told = mask & vectors.any(axis=1) & vectors[0].any()
    order = [row for row in np.lexsort((np.arange(n), -scores)).tolist() if told[row]][:count]
    assert found.rows[0].tolist() == order + [-1] * (count - len(order))


def test_many_questions_at_once_get_the_answers_of_each_alone() -> None:
    vectors = np.random.default_rng(1).standard_normal((300, 8)).astype(np.float32)
    index = ExactIndex(np.arange(300), vectors)
    together = index.search(vectors, 10)
    alone = [index.search(vectors[row : row + 1], 10).rows[0] for row in range(0, 300, 29)]
    assert np.array_equal(together.rows[::29], alone)
