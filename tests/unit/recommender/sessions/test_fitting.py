from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.sessions.fitting import fit_next_item
from recommender.sessions.next_item import NextItem

Arrays = tuple[NDArray[np.int64], NDArray[np.int32]]


def fitted(bounds: list[int], items: list[int], n_items: int) -> NextItem:
    return fit_next_item(
        np.array(bounds, np.int64), np.array(items, np.int32), n_items, seed=3, progress=lambda _stage, _done: None
    )


@pytest.fixture(scope="module")
def model(trail: Arrays) -> NextItem:
    return fit_next_item(*trail, 40, seed=3, progress=lambda _stage, _done: None)


def test_a_rule_of_the_shop_is_found(model: NextItem) -> None:
    firsts = [model.candidates([item], None, 1).rows[0] for item in range(40)]
    assert sum(first == (item + 1) % 40 for item, first in enumerate(firsts)) >= 36


def test_the_same_sessions_and_seed_give_the_same_model(model: NextItem, trail: Arrays) -> None:
    again = fit_next_item(*trail, 40, seed=3, progress=lambda _stage, _done: None, threads=1)
    assert again.knobs == model.knobs
    assert all((mine == other).all() for mine, other in zip(again.trees, model.trees, strict=True))


def test_every_session_counts_in_the_end(model: NextItem, trail: Arrays) -> None:
    assert model.index.n_sessions == len(trail[0]) - 1


def test_progress_is_told_by_stage(trail: Arrays) -> None:
    told: list[str] = []
    fit_next_item(*trail, 40, seed=3, progress=lambda stage, _done: told.append(stage))
    assert list(dict.fromkeys(told)) == ["knobs", "ranker", "index"]


@pytest.mark.parametrize(
    ("bounds", "items"),
    [
        ([0], []),
        ([0, 1], [2]),
        ([0, 1, 2, 3], [2, 2, 2]),
        ([0, 3], [1, 1, 1]),
        (list(range(0, 2002, 2)), [1, 1] * 1000),
        (list(range(1001)), [0] * 1000),
    ],
    ids=["nothing", "one click", "single clicks", "one item again", "one item throughout", "no session of two"],
)
def test_too_little_to_learn_from_still_makes_a_model(bounds: list[int], items: list[int]) -> None:
    found = fitted(bounds, items, 5).candidates([2], None, 3)
    assert set(found.rows.tolist()) <= set(items)
