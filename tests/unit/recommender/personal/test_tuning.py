from __future__ import annotations

import numpy as np
from scipy import sparse

from recommender.personal.holdout import Asked, hold_out
from recommender.personal.linear import Closeness
from recommender.personal.tuning import climb, sample, tuned_als, tuned_linear

RNG = np.random.default_rng(8)
KIND = RNG.integers(0, 4, 200)
BOUGHT = sparse.csr_matrix(((RNG.random((200, 60)) < 0.2) & (KIND[:, None] == np.arange(60) // 15)).astype(np.float32))
STEPS = {"regularization": (2.0, 0.5), "damping": (2.0, 0.5)}


def test_climbing_finds_a_hill_within_a_step() -> None:
    tried = climb(
        Closeness(10.0, damping=0.5), STEPS, lambda s: -abs(np.log(s.regularization / 700)) - abs(s.damping - 1), 30
    )
    assert 495 <= tried.best.regularization <= 990
    assert tried.best.damping == 1.0


def test_climbing_never_tries_more_than_it_may() -> None:
    tried = climb(Closeness(1.0), STEPS, lambda s: s.regularization, 5)
    assert len(tried.scores) == 5
    assert tried.best.regularization == 16.0


def test_what_is_chosen_did_best_of_all_that_was_tried() -> None:
    past, asked = hold_out(BOUGHT, 3, rivals=20, at_most=200)
    als = tuned_als(past, asked, tries=4, work=1e8, threads=1, seed=1)
    linear = tuned_linear(past, asked, Closeness(100.0), tries=4)
    assert als.scores[als.best] == max(als.scores.values())
    assert linear.scores[linear.best] == max(linear.scores.values())
    assert min(als.scores[als.best], linear.scores[linear.best]) > 0.2


def test_a_shop_without_cases_gets_the_published_settings() -> None:
    nobody = np.empty(0, np.int64)
    found = tuned_als(BOUGHT, Asked(nobody, nobody, None), tries=3, work=0, threads=1, seed=1).best
    assert found.alpha == 1 / 0.3


def test_a_sample_asks_its_own_users_alone() -> None:
    past, asked = hold_out(BOUGHT, 3, rivals=5, at_most=200)
    part, cases = sample(past, asked, past.nnz // 2, 1)
    assert part.nnz < past.nnz
    assert asked.rivals is not None
    assert cases.rivals is not None
    whole = {tuple(row) for row in np.column_stack([asked.targets, asked.rivals]).tolist()}
    assert len(cases) > 0
    assert cases.users.max() < part.shape[0]
    assert {tuple(row) for row in np.column_stack([cases.targets, cases.rivals]).tolist()} <= whole
    assert not part[cases.users, cases.targets].any()
