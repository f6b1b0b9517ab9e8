from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.blend import forests
from recommender.blend.boosting import add_scores
from recommender.blend.features import FEATURES
from recommender.blend.forests import FEWEST_FOR_TREES, winning_trees
from recommender.blend.logit import Choices, fit_weights
from recommender.blend.trees import Trees, said, sound, with_scores

AT = {name: place for place, name in enumerate(FEATURES)}
PRIOR = np.zeros(len(FEATURES), np.float32)
SIZE = 12
STRENGTH = 30.0


def shop(choices: int, seed: int, *, interaction: bool) -> Choices:
    """Shoppers who buy again in the visit's own category and try what is new to them in others, and what trends.

    Without the interaction they buy again in any category, just as the logit has it.
    """
    rng = np.random.default_rng(seed)
    features = np.zeros((choices, SIZE, len(FEATURES)), np.float32)
    before, category = rng.random((2, choices, SIZE)) < 0.5
    features[:, :, AT["bought_before"]], features[:, :, AT["category"]] = before, category
    features[:, :, AT["trending"]] = rng.random((choices, SIZE))
    worth = 2.0 * (before == category if interaction else before) + features[:, :, AT["trending"]]
    chosen = (worth + rng.gumbel(size=(choices, SIZE))).argmax(axis=1)
    taken = np.arange(SIZE) == chosen[:, None]
    return Choices(features.reshape(-1, len(FEATURES)), np.arange(choices + 1) * SIZE, taken.ravel())


def learnt(choices: Choices) -> tuple[np.ndarray, Trees | None]:
    weights = fit_weights(choices, PRIOR, STRENGTH)
    return weights, winning_trees(choices, weights, PRIOR, STRENGTH)


@pytest.fixture(scope="module")
def grown() -> tuple[np.ndarray, Trees]:
    weights, trees = learnt(shop(FEWEST_FOR_TREES, 1, interaction=True))
    assert trees is not None
    return weights, trees


def test_where_two_features_decide_together_trees_are_kept_and_win(grown: tuple[np.ndarray, Trees]) -> None:
    weights, trees = grown
    asked = shop(500, 2, interaction=True)
    scores = asked.features @ weights
    with_trees = scores + said(trees, with_scores(asked.features.T, scores))
    assert asked.gains_by(with_trees).mean() > asked.gains(weights).mean() + 0.05


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_the_logit_is_right_no_trees_are_kept(seed: int) -> None:
    assert learnt(shop(FEWEST_FOR_TREES, seed, interaction=False))[1] is None


def test_too_few_choices_are_not_asked_for_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> np.ndarray:
        raise AssertionError

    monkeypatch.setattr(forests, "_leads", never)
    assert learnt(shop(FEWEST_FOR_TREES - 1, 1, interaction=True))[1] is None


def test_choices_of_which_nothing_was_taken_grow_no_trees() -> None:
    choices = shop(FEWEST_FOR_TREES, 1, interaction=True)
    silent = replace(choices, taken=np.zeros_like(choices.taken))
    assert winning_trees(silent, PRIOR, PRIOR, STRENGTH) is None


def test_the_same_choices_grow_the_same_trees(grown: tuple[np.ndarray, Trees]) -> None:
    again = learnt(shop(FEWEST_FOR_TREES, 1, interaction=True))[1]
    assert again is not None
    assert all((one == other).all() for one, other in zip(grown[1], again, strict=True))


@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(1, 6), st.integers(0, 70))
def test_numpy_says_of_each_candidate_what_compiled_code_says(seed: int, count: int, depth: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 8, (5, rows)).astype(np.float32)
    features = rng.integers(0, 5, (count, depth)).astype(np.int32)
    # Thresholds that values often equal, where one side is as near as the other.
    thresholds = rng.integers(0, 8, (count, depth)).astype(np.float32)
    trees = Trees(features, thresholds, rng.normal(size=(count, 1 << depth)).astype(np.float32))
    compiled = np.zeros(rows, np.float32)
    add_scores(columns, trees, compiled)
    assert said(trees, columns) == pytest.approx(compiled, abs=1e-4)


def test_trees_that_do_not_belong_together_are_not_sound(grown: tuple[np.ndarray, Trees]) -> None:
    trees = grown[1]
    columns = len(FEATURES) + 1
    assert sound(trees, columns)
    assert not sound(trees._replace(leaves=trees.leaves[1:]), columns)
    assert not sound(trees._replace(thresholds=trees.thresholds[:, 1:]), columns)
    assert not sound(trees._replace(features=trees.features + np.int32(columns)), columns)
