from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.sessions.index import build_index
from recommender.sessions.search import Knobs, latest, nearest

ITEMS = 6
Sessions = list[list[int]]


def reference(session: list[int], past: Sessions, knobs: Knobs) -> dict[int, float]:
    """The neighbours of a session and how like it they are, written for reading."""
    steps: dict[int, int] = {}
    for back, item in enumerate(session[::-1][: knobs.steps]):
        steps.setdefault(item, back)
    likeness: dict[int, float] = {}
    for item, back in steps.items():
        holding = [number for number, other in enumerate(past) if item in other]
        idf = float(np.log((len(past) + 1) / (len(holding) + 1)))
        for number in holding[::-1][: knobs.most]:
            likeness[number] = likeness.get(number, 0.0) + knobs.position**back * idf**knobs.rarity
    for number in likeness:
        age = (len(past) - 1 - number) / (knobs.age * len(past))
        likeness[number] *= float(np.exp(-age)) * len(past[number]) ** -knobs.length
    return likeness


def searched(session: list[int], past: Sessions, knobs: Knobs) -> dict[int, float]:
    bounds = np.cumsum([0, *map(len, past)]).astype(np.int64)
    index = build_index(bounds, np.array([item for each in past for item in each], np.int32), ITEMS)
    near = nearest(*latest(np.array(session, np.int32), knobs.steps), index.past, index.today, knobs)
    return dict(zip(near.numbers.tolist(), near.likeness.tolist(), strict=True))


some_items = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=6)


@given(some_items, st.lists(some_items, min_size=1, max_size=20), st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_the_compiled_search_finds_what_the_definition_says(session: list[int], past: Sessions, most: int) -> None:
    knobs = Knobs(steps=4, most=most)
    expected, found = reference(session, past, knobs), searched(session, past, knobs)
    assert found.keys() == expected.keys()
    assert all(np.isclose(found[number], expected[number], rtol=1e-4, atol=1e-6) for number in found)


def test_of_equally_alike_sessions_the_newer_ones_stay() -> None:
    assert sorted(searched([1], [[1, 2]] * 9, Knobs(neighbours=3, age=1e9))) == [6, 7, 8]


def test_no_more_sessions_are_kept_than_asked_for() -> None:
    assert len(searched([1, 2], [[1], [2], [1, 2]] * 20, Knobs(neighbours=7))) == 7


def test_an_item_clicked_twice_counts_once_where_it_was_clicked_last() -> None:
    items, back = latest(np.array([5, 3, 5, 4], np.int32), 10)
    assert items.tolist() == [4, 5, 3]
    assert back.tolist() == [0, 1, 2]
