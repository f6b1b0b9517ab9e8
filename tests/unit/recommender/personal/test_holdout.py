from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recommender.personal.holdout import Asked, gains, hold_out, positions

BOUGHT = sparse.csr_matrix(
    np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [1] * 6], np.float32)
)


@given(st.integers(0, 50), st.one_of(st.none(), st.integers(1, 4)))
def test_each_user_with_two_products_lends_one_of_their_own(seed: int, rivals: int | None) -> None:
    past, asked = hold_out(BOUGHT, seed, rivals=rivals, at_most=10)
    lent = sparse.csr_matrix((np.ones(3), (asked.users, asked.targets)), BOUGHT.shape)
    assert asked.users.tolist() == [0, 1, 4]
    np.testing.assert_array_equal((past + lent).toarray(), BOUGHT.toarray())
    if asked.rivals is not None:
        assert not BOUGHT.toarray()[[[0], [1]], asked.rivals[:2]].any()
        assert (asked.rivals[2] == -1).all()


def test_the_newest_is_lent_where_times_are_known() -> None:
    age = np.arange(BOUGHT.nnz, dtype=np.float64)[::-1].copy()
    _, asked = hold_out(BOUGHT, 1, rivals=None, at_most=10, age=age)
    assert asked.targets.tolist() == [0, 2, 0]


def test_no_more_users_are_asked_than_wanted() -> None:
    assert len(hold_out(BOUGHT, 1, rivals=2, at_most=2)[1]) == 2


def test_a_tie_counts_against_the_target() -> None:
    asked = Asked(np.array([0, 1]), np.array([3, 0]), None)
    assert positions(lambda users: np.zeros((len(users), 6), np.float32), asked, BOUGHT).tolist() == [2, 3]


def test_what_the_user_has_and_padding_take_no_place() -> None:
    scores = np.array([[9, 9, 9, 1, 5, 0]], np.float32)
    whole = Asked(np.array([0]), np.array([3]), None)
    among = Asked(np.array([0]), np.array([3]), np.array([[4, 5, -1]]))
    assert positions(lambda _: scores, whole, BOUGHT).tolist() == [1]
    assert positions(lambda _: scores, among, BOUGHT).tolist() == [1]


def test_gains_fall_with_the_position_and_end_after_ten() -> None:
    assert gains(np.array([0, 2, 9, 10, 500])) == pytest.approx([1.0, 0.5, 1 / np.log2(11), 0.0, 0.0])
