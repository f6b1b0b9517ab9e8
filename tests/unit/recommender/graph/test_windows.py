"""What a training step sees of the sessions."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.graph.windows import batches, cases_of, shuffled_within, windows_of

Sessions = list[list[int]]
made = st.lists(st.lists(st.integers(0, 50), max_size=12), max_size=30)


def laid(sessions: Sessions) -> tuple[np.ndarray, np.ndarray]:
    bounds = np.cumsum([0, *map(len, sessions)]).astype(np.int64)
    return bounds, np.array([item for session in sessions for item in session], np.int32)


def steps(sessions: Sessions) -> Counter[tuple[int, int]]:
    return Counter(step for each in sessions for step in pairwise(each))


@given(made, st.integers(1, 6), st.integers(1, 20))
def test_every_click_but_a_sessions_first_is_asked_for_once_after_the_one_before_it(
    sessions: Sessions, clicks: int, asked: int
) -> None:
    windows = windows_of(*laid(sessions), clicks)
    found: Counter[tuple[int, int]] = Counter()
    for seen, followed in batches(windows, asked, np.random.default_rng(1)):
        assert seen.shape == followed.shape
        assert seen.shape[1] <= clicks
        assert ((seen >= 0) == (followed >= 0)).all()
        found.update(zip(seen[seen >= 0].tolist(), followed[followed >= 0].tolist(), strict=True))
    assert found == steps(sessions)
    assert windows.asked == found.total()


def test_batches_are_about_as_large_as_wanted() -> None:
    windows = windows_of(*laid([[1, 2, 3]] * 100), 20)
    sizes = [int((followed >= 0).sum()) for _, followed in batches(windows, 20, np.random.default_rng(1))]
    assert sum(sizes) == 200
    assert max(sizes) <= 22


@given(made)
def test_shuffling_keeps_every_product_in_its_session(sessions: Sessions) -> None:
    bounds, items = laid(sessions)
    shuffled = shuffled_within(bounds, items, np.random.default_rng(1))
    for first, last in pairwise(bounds):
        assert Counter(shuffled[first:last].tolist()) == Counter(items[first:last].tolist())


@given(made, st.integers(1, 5))
def test_a_case_holds_the_clicks_before_the_wanted_one_newest_first(sessions: Sessions, clicks: int) -> None:
    cases = cases_of(*laid(sessions), clicks, 10_000)
    wanted = [(each[:at][::-1][:clicks], each[at]) for each in sessions for at in range(1, len(each))]
    found = [[row for row in prefix if row >= 0] for prefix in cases.prefixes.tolist()]
    assert list(zip(found, cases.wanted.tolist(), strict=True)) == wanted


def test_cases_are_taken_evenly_where_there_are_too_many() -> None:
    cases = cases_of(*laid([list(range(101))]), 3, 5)
    assert cases.wanted.tolist() == [1, 25, 50, 75, 100]
