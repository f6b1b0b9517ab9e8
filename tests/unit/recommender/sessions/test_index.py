from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.sessions.index import SessionIndex, added, build_index

ITEMS = 6
Sessions = list[list[int]]
some_sessions = st.lists(st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=5), max_size=8)


def index_of(sessions: Sequence[Sequence[int]]) -> SessionIndex:
    bounds = np.cumsum([0, *map(len, sessions)]).astype(np.int64)
    return build_index(bounds, np.array([item for each in sessions for item in each], np.int32), ITEMS)


def put_on(index: SessionIndex, sessions: Sequence[Sequence[int]], most_today: int) -> SessionIndex:
    bounds = np.cumsum([0, *map(len, sessions)]).astype(np.int64)
    return added(index, bounds, np.array([item for each in sessions for item in each], np.int32), most_today)


def found(index: SessionIndex, item: int) -> list[tuple[int, int]]:
    """Sessions that hold an item and where in them it lies, as a search goes through them."""
    return [
        (int(part.posting_sessions[at]), int(part.posting_places[at]))
        for part in (index.today, index.past)
        for at in range(part.starts[item], part.starts[item + 1])
    ]


def test_an_item_leads_to_its_sessions_newest_first_and_to_its_last_place_in_each() -> None:
    index = index_of([[1, 2, 1], [3], [2, 1]])
    assert found(index, 1) == [(2, 1), (0, 2)]
    assert found(index, 2) == [(2, 0), (0, 1)]
    assert found(index, 0) == []


@given(some_sessions, some_sessions, some_sessions, st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_sessions_of_today_are_found_as_after_a_rebuild(
    old: Sessions, new: Sessions, newest: Sessions, most_today: int
) -> None:
    grown = put_on(put_on(index_of(old), new, most_today), newest, most_today)
    rebuilt = index_of([*old, *new, *newest])
    assert grown.n_sessions == rebuilt.n_sessions
    assert [found(grown, item) for item in range(ITEMS)] == [found(rebuilt, item) for item in range(ITEMS)]


@given(some_sessions, some_sessions)
@settings(max_examples=30, deadline=None)
def test_today_is_folded_into_the_past_before_it_outgrows_its_bound(old: Sessions, new: Sessions) -> None:
    assert len(put_on(index_of(old), new, 3).today.bounds) - 1 <= 3


def test_today_may_come_as_a_part_of_longer_arrays() -> None:
    bounds, items = np.array([0, 2, 4, 6]), np.array([0, 1, 2, 3, 3, 4], np.int32)
    grown = added(build_index(bounds[:2], items[:2], ITEMS), bounds[1:], items)
    assert [found(grown, item) for item in range(ITEMS)] == [
        found(index_of([[0, 1], [2, 3], [3, 4]]), item) for item in range(ITEMS)
    ]


def test_nobody_writes_into_an_index() -> None:
    index = index_of([[1, 2]])
    assert not any(array.flags.writeable for part in (index.past, index.today) for array in part)
