from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender.blend.boosting import no_trees
from recommender.sessions.fitting import counted
from recommender.sessions.next_item import NextItem
from recommender.sessions.search import Knobs

ITEMS = 8
PAST = [[0, 1, 2], [0, 1, 3], [4, 5], [5, 4], [0, 1, 2], [6, 1]]
ModelOf = Callable[[Sequence[Sequence[int]], int], NextItem]
some_items = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def model(model_of: ModelOf) -> NextItem:
    return model_of(PAST, ITEMS)


def test_what_followed_most_often_comes_first(model: NextItem) -> None:
    others = ~np.isin(np.arange(ITEMS), [0, 1])
    assert model.candidates([0, 1], others, 1).rows.tolist() == [2]


def test_an_item_of_the_session_may_come_again(model: NextItem) -> None:
    assert 1 in model.candidates([0, 1], None, ITEMS).rows


@given(some_items, st.lists(st.booleans(), min_size=ITEMS, max_size=ITEMS), st.integers(1, ITEMS))
@settings(max_examples=60, deadline=None)
def test_a_masked_item_is_never_among_the_candidates_and_takes_no_place(
    model: NextItem, session: list[int], allowed: list[bool], count: int
) -> None:
    mask = np.array(allowed)
    free, masked = model.candidates(session, None, ITEMS), model.candidates(session, mask, count)
    assert mask[masked.rows].all()
    assert len(masked.rows) == min(count, int(mask[free.rows].sum()))
    assert len(set(masked.rows.tolist())) == len(masked.rows)


def test_scores_fall(model: NextItem) -> None:
    scores = model.candidates([0, 1], None, ITEMS).scores
    assert (np.diff(scores) <= 0).all()


def test_a_reason_names_an_item_of_the_session_and_counts_its_sessions(model: NextItem) -> None:
    found = model.candidates([0, 4], None, ITEMS)
    at = found.rows.tolist().index(5)
    assert found.because[at] == 4
    assert found.support[at] == 2


def test_what_the_session_leaves_empty_is_filled_with_what_is_popular_and_gives_no_reason(model: NextItem) -> None:
    found = model.candidates([], None, 3)
    assert len(found.rows) == 3
    assert found.because.tolist() == [-1, -1, -1]
    assert found.support.tolist() == [0, 0, 0]


def test_rows_that_the_model_does_not_know_are_passed_over(model: NextItem) -> None:
    known, strange = model.candidates([0, 1], None, 5), model.candidates([-1, 0, 999, 1, ITEMS], None, 5)
    assert strange.rows.tolist() == known.rows.tolist()


@pytest.mark.parametrize("session", [[7], [7, 7, 7]])
def test_an_item_that_nobody_clicked_leads_to_what_is_popular(model: NextItem, session: list[int]) -> None:
    assert len(model.candidates(session, None, 4).rows) == 4


def test_the_callers_mask_stays_writable(model: NextItem) -> None:
    mask = np.ones(ITEMS, np.bool_)
    model.candidates([0], mask, 2)
    mask[0] = False


@given(st.lists(some_items, max_size=6), some_items)
@settings(max_examples=40, deadline=None)
def test_sessions_of_today_speak_as_neighbours_as_after_a_rebuild(
    model: NextItem, new: list[list[int]], session: list[int]
) -> None:
    bounds, items = _arrays(new)
    grown = model.with_sessions(bounds, items)
    rebuilt = counted(*_arrays([*PAST, *new]), ITEMS, Knobs(), no_trees())
    alike = NextItem(rebuilt.index, model.transitions, model.traits, model.popular, model.knobs, model.trees)
    mine, other = (each.candidates(session, None, ITEMS) for each in (grown, alike))
    assert mine.rows.tolist() == other.rows.tolist()
    assert mine.scores.tolist() == other.scores.tolist()
    assert mine.support.tolist() == other.support.tolist()


def _arrays(sessions: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    bounds = np.cumsum([0, *map(len, sessions)]).astype(np.int64)
    return bounds, np.array([item for session in sessions for item in session], np.int32)


def test_a_click_of_today_leads_to_what_followed_it_today(model: NextItem) -> None:
    assert 3 not in model.candidates([7], None, 1).rows
    assert model.with_sessions(*_arrays([[7, 3]])).candidates([7], None, 2).support.max() == 1


def test_a_model_read_from_disk_answers_as_the_one_that_was_saved(model: NextItem, tmp_path: object) -> None:
    """Mapped arrays are of another class than those in memory."""
    path = f"{tmp_path}/traits.npy"
    np.save(path, model.traits)
    mapped = np.load(path, mmap_mode="r")
    other = NextItem(model.index, model.transitions, mapped, model.popular, model.knobs, model.trees)
    assert other.candidates([0, 1], None, 5).scores.tolist() == model.candidates([0, 1], None, 5).scores.tolist()
