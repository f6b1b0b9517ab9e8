from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.blend.boosting import Lists, add_scores, boost

LENGTH = 10


def made(lists: int, seed: int, *, telling: bool) -> Lists:
    """Lists of ten rows with three features; where they tell, the wanted row is the one whose second is largest."""
    rng = np.random.default_rng(seed)
    columns = rng.random((3, lists * LENGTH)).astype(np.float32)
    named = columns[1].reshape(lists, LENGTH).argmax(axis=1) if telling else rng.integers(0, LENGTH, lists)
    starts = np.arange(lists + 1) * LENGTH
    return Lists(columns, np.zeros(lists * LENGTH, np.float32), starts, starts[:-1] + named)


def share_named(lists: Lists, scores: NDArray[np.float32]) -> float:
    best = scores.reshape(-1, LENGTH).argmax(axis=1)
    return float((lists.starts[:-1] + best == lists.wanted).mean())


def test_trees_find_what_the_wanted_row_has_in_common() -> None:
    trees = boost(made(800, 1, telling=True), made(200, 2, telling=True), 60, 2, lambda _done: None)
    asked = made(300, 3, telling=True)
    scores = asked.base.copy()
    add_scores(asked.columns, trees, scores)
    assert share_named(asked, scores) > 0.8


def test_where_nothing_tells_no_forest_is_grown() -> None:
    trees = boost(made(400, 1, telling=False), made(2000, 2, telling=False), 60, 2, lambda _done: None)
    assert len(trees.features) <= 3


def test_one_thread_grows_the_same_trees_as_two() -> None:
    lists, watched = made(300, 1, telling=True), made(100, 2, telling=True)
    one, two = (boost(lists, watched, 10, threads, lambda _done: None) for threads in (1, 2))
    assert all((mine == other).all() for mine, other in zip(one, two, strict=True))


def test_a_feature_that_never_changes_does_no_harm() -> None:
    lists = made(100, 1, telling=True)
    flat = Lists(np.ones_like(lists.columns), lists.base, lists.starts, lists.wanted)
    scores = flat.base.copy()
    add_scores(flat.columns, boost(flat, flat, 5, 1, lambda _done: None), scores)
    assert np.ptp(scores) < 1e-6
