from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.personal.choice import choose

RNG = np.random.default_rng(2)


def test_the_model_that_is_clearly_better_serves() -> None:
    plain = RNG.random(400)
    assert choose({"plain": plain, "dear": plain + 0.2, "worse": plain - 0.2}) == "dear"


def test_a_lead_within_the_noise_leaves_the_simplest_in_place() -> None:
    plain = RNG.integers(0, 2, 30).astype(float)
    other = plain.copy()
    other[0] += 0.01
    other[1:6] = 1 - other[1:6]
    other[1:6] = plain[[2, 3, 4, 5, 1]]
    assert choose({"plain": plain, "other": other}) == "plain"


@pytest.mark.parametrize("cases", [0, 1])
def test_without_cases_the_simplest_serves(cases: int) -> None:
    assert choose({"plain": np.zeros(cases), "dear": np.ones(cases)}) == "plain"


def test_nothing_to_choose_from_is_an_error() -> None:
    with pytest.raises(ValueError, match="no model"):
        choose({})


@given(st.lists(st.lists(st.floats(0, 1), min_size=5, max_size=5), min_size=1, max_size=5))
def test_never_a_model_with_lower_gains_than_the_simplest(gains: list[list[float]]) -> None:
    named = {str(number): np.array(each) for number, each in enumerate(gains)}
    assert named[choose(named)].mean() >= named["0"].mean() - 1e-12
