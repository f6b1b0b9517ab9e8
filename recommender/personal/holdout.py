"""One product of each user held out, and where a model ranks it: what personal models are chosen by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.backtests.metrics import LENGTH

Scorer = Callable[[NDArray[np.int64]], NDArray[np.float32]]
CELLS = 8_000_000
DRAWS = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions, c of them: which product does this user take next.

    users, targets: int64 (c,), rows and columns of a user-item matrix. rivals: the products that each target is ranked
    among, int64 (c, m), -1 for none; None ranks the whole catalogue, less what the user has.
    """

    users: NDArray[np.int64]
    targets: NDArray[np.int64]
    rivals: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.targets)


def hold_out(
    user_items: sparse.csr_matrix,
    seed: int,
    *,
    rivals: int | None,
    at_most: int,
    age: NDArray[np.float64] | None = None,
) -> tuple[sparse.csr_matrix, Asked]:
    """What is left of a float32 CSR (n_users, n) without one product of each user who has two or more, and the cases.

    age: float64, of each stored entry, the newest is held out; None draws one at random. rivals: so many products
    that the user does not have, drawn evenly; None is the whole catalogue. at_most: so many users, drawn.
    """
    rng = np.random.default_rng(seed)
    sizes = np.diff(user_items.indptr)
    users = np.flatnonzero(sizes >= 2)
    if len(users) > at_most:
        users = np.sort(rng.choice(users, at_most, replace=False))
    keys = rng.random(user_items.nnz) if age is None else -age + rng.random(user_items.nnz) * 1e-9
    row = np.repeat(np.arange(len(sizes)), sizes)
    first = np.lexsort((keys, row))[user_items.indptr[:-1][users]]
    kept = np.ones(user_items.nnz, np.bool_)
    kept[first] = False
    past = sparse.csr_matrix((user_items.data[kept], (row[kept], user_items.indices[kept])), shape=user_items.shape)
    drawn = None if rivals is None else _strangers(user_items, row, users, rivals, rng)
    return past, Asked(users, user_items.indices[first].astype(np.int64), drawn)


def _strangers(
    user_items: sparse.csr_matrix,
    row: NDArray[np.int64],
    users: NDArray[np.int64],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Products that each user does not have, int64 (c, count); -1 where a user has nearly all."""
    n = user_items.shape[1]
    asked = np.zeros(user_items.shape[0], np.bool_)
    asked[users] = True
    owned = (row.astype(np.int64) * n + user_items.indices)[asked[row]]
    drawn = (users[:, None] * n + rng.integers(0, n, (len(users), count))).ravel()
    taken = np.flatnonzero(np.isin(drawn, owned))
    for _ in range(DRAWS):
        drawn[taken] = drawn[taken] // n * n + rng.integers(0, n, len(taken))
        taken = taken[np.isin(drawn[taken], owned)]
    strangers: NDArray[np.int64] = drawn % n
    strangers[taken] = -1
    return strangers.reshape(len(users), count)


def positions(score: Scorer, asked: Asked, known: sparse.csr_matrix) -> NDArray[np.int64]:
    """How many rivals each target is not clearly ahead of, int64 (c,): 0 is first; a tie counts against the target.

    score: of some user rows, float32 (rows, n). known: what each user has, CSR (n_users, n).
    """
    found = np.empty(len(asked), np.int64)
    size = max(CELLS // max(known.shape[1], 1), 1)
    for begin in range(0, len(asked), size):
        part = slice(begin, begin + size)
        users, targets = asked.users[part], asked.targets[part]
        scores = np.array(score(users), np.float32)
        mine = scores[np.arange(len(users)), targets][:, None]
        if asked.rivals is None:
            own = known[users]
            scores[np.repeat(np.arange(len(users)), np.diff(own.indptr)), own.indices] = -np.inf
            scores[np.arange(len(users)), targets] = -np.inf
            ahead = scores >= mine
        else:
            rivals = asked.rivals[part]
            ahead = (np.take_along_axis(scores, np.maximum(rivals, 0), axis=1) >= mine) & (rivals >= 0)
        found[part] = ahead.sum(axis=1)
    return found


def gains(position: NDArray[np.int64]) -> NDArray[np.float64]:
    """NDCG@10 of each case, float64 (c,), from the position of its target."""
    return np.where(position < LENGTH, 1.0 / np.log2(position + 2.0), 0.0)
