"""What a customer may buy next: from own baskets, customers alike, what follows on, and what sells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.baskets.histories import Histories
from recommender.baskets.repurchase import ItemHabits
from recommender.toplists import in_chunks, of_sparse

CHUNK = 500
LIKE_BY_COUNTS, LIKE_BY_RARITY = 200, 400
A_VIEW = 60
POPULAR = 40
POOL = 20_000
FOLLOWERS = 100
DECAY = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What each of u customers may buy of n products. Each of `scored`: float32 CSR (u, n), the best 60 a customer.

    popular: int32 (p,), the products that most recent baskets hold, best first.
    """

    scored: tuple[sparse.csr_matrix, ...]
    popular: NDArray[np.int32]


def views_of(history: Histories, habits: ItemHabits, threads: int) -> Views:
    """Customers alike by counts and by rare products (user kNN; TIFU, Hu 2020; UP-CF, Faggioli 2020), and followers."""
    counts = _matrix(history, np.ones(len(history.user), np.float32))
    recent = _matrix(history, np.float32(DECAY) ** history.age)
    bought = counts.sign()
    buyers = np.maximum(np.bincount(bought.indices, minlength=history.n_items), 1)
    rarity = np.sqrt(np.log(max(len(history), 2) / buyers)).astype(np.float32)
    rare = (bought @ sparse.diags(rarity)).tocsr()
    scored = (
        alike(counts, recent, LIKE_BY_COUNTS, threads),
        alike(rare, bought, LIKE_BY_RARITY, threads),
        _following(history, threads),
    )
    popular = np.argsort(-habits.popularity, kind="stable")[:POPULAR].astype(np.int32)
    return Views(scored, popular)


def alike(tastes: sparse.csr_matrix, bought: sparse.csr_matrix, customers: int, threads: int) -> sparse.csr_matrix:
    """What the nearest customers bought, by cosine of tastes; the mean, weighted by likeness. Both float32 (u, n).

    Of more than 20,000 customers so many, evenly spread, are looked at: all would take time by their square.
    """
    norms = np.sqrt(np.asarray(tastes.multiply(tastes).sum(axis=1)).ravel())
    unit = (sparse.diags((1 / np.maximum(norms, 1e-12)).astype(np.float32)) @ tastes).tocsr()
    pool = np.unique(np.linspace(0, tastes.shape[0] - 1, min(tastes.shape[0], POOL)).astype(np.int64))
    columns, held = unit[pool].T.tocsr(), bought[pool]

    def span(begin: int, end: int) -> sparse.csr_matrix:
        near = (unit[begin:end] @ columns).tocsr()
        own = np.repeat(np.arange(begin, begin + near.shape[0]), np.diff(near.indptr))
        near.data[pool[near.indices] == own] = 0
        near = _best(near, customers)
        totals = np.asarray(near.sum(axis=1)).ravel()
        weights = sparse.diags((1 / np.maximum(totals, 1e-12)).astype(np.float32))
        return _best((weights @ near @ held).tocsr(), A_VIEW)

    return _stacked(in_chunks(tastes.shape[0], CHUNK, threads, span), tastes.shape)


def _following(history: Histories, threads: int) -> sparse.csr_matrix:
    """What customers bought in the basket after one that holds what is in this customer's newest."""
    number = (np.cumsum(history.baskets) - history.baskets)[history.user] + history.age
    count = int(history.baskets.sum())
    shape = (count, history.n_items)
    size = history.size.astype(np.float32)
    before = sparse.csr_matrix((1 / size, (number, history.item)), shape)
    later = history.age + 1 < history.baskets[history.user]
    after = sparse.csr_matrix((1 / np.sqrt(size[later]), (number[later] + 1, history.item[later])), shape)
    given = np.asarray(before.T @ np.diff(after.indptr).astype(np.bool_)).ravel().astype(np.float32)
    reached = np.asarray(after.sum(axis=0)).ravel().astype(np.float32)
    columns, rows = before.T.tocsr(), after

    def span(begin: int, end: int) -> sparse.csr_matrix:
        pairs = (columns[begin:end] @ rows).tocsr()
        source = np.repeat(np.arange(begin, begin + pairs.shape[0]), np.diff(pairs.indptr))
        pairs.data /= (given[source] + 5) ** 0.7 * (reached[pairs.indices] + 5) ** 0.4
        return _best(pairs, FOLLOWERS)

    n = history.n_items
    followers = _stacked(in_chunks(n, CHUNK, threads, span), (n, n))
    newest = history.where(history.age == 0)
    latest = _matrix(newest, 1 / np.sqrt(newest.size))

    def ahead(begin: int, end: int) -> sparse.csr_matrix:
        return _best((latest[begin:end] @ followers).tocsr(), A_VIEW)

    return _stacked(in_chunks(len(history), CHUNK, threads, ahead), latest.shape)


def pairs_of(views: Views, own: sparse.csr_matrix, begin: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Every (customer, product) pair that any view, or the customer's own past, names; by customer, then product.

    own: CSR (u, n), what each bought before. begin, end: the customers asked about.
    """
    every = own[begin:end].sign()
    for scored in views.scored:
        every = every + scored[begin:end].sign()
    wide = np.zeros(every.shape[1], np.float32)
    wide[views.popular] = 1
    rows = sparse.csr_matrix(np.ones((every.shape[0], 1), np.float32)) @ sparse.csr_matrix(wide[None])
    every = (every + rows).tocsr()
    every.sort_indices()
    user = np.repeat(np.arange(begin, begin + every.shape[0]), np.diff(every.indptr)).astype(np.int64)
    return user, every.indices.astype(np.int32)


def values_at(scored: sparse.csr_matrix, user: NDArray[np.int64], item: NDArray[np.int32]) -> NDArray[np.float32]:
    """The stored values of some pairs, float32 (k,), 0 where there is none."""
    begin, end = (int(user[0]), int(user[-1]) + 1) if len(user) else (0, 0)
    part = scored[begin:end]
    n = part.shape[1]
    stored = np.repeat(np.arange(begin, end), np.diff(part.indptr)).astype(np.int64) * n + part.indices
    order = np.argsort(stored)
    return values_of(stored[order], part.data[order], user * n + item)


def values_of(keys: NDArray[np.int64], values: NDArray[np.float32], asked: NDArray[np.int64]) -> NDArray[np.float32]:
    """The values of some keys among ascending ones, 0 (rows of 0) for a key that is not there."""
    if not len(keys):
        return np.zeros((len(asked), *values.shape[1:]), np.float32)
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    found = values[at]
    found[keys[at] != asked] = 0
    return found


def _matrix(history: Histories, values: NDArray[np.floating]) -> sparse.csr_matrix:
    shape = (len(history), history.n_items)
    matrix = sparse.csr_matrix((values.astype(np.float32), (history.user, history.item)), shape)
    matrix.sum_duplicates()
    return matrix


def _best(matrix: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """The k best stored columns of each row."""
    matrix.sort_indices()
    lists, kept = of_sparse(matrix.indptr, matrix.indices, matrix.data, k)
    stored = kept >= 0
    bounds = np.concatenate([[0], np.cumsum(stored.sum(axis=1))])
    return sparse.csr_matrix((lists.scores[stored], lists.items[stored], bounds), matrix.shape)


def _stacked(parts: list[sparse.csr_matrix], shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.vstack(parts).tocsr() if parts else sparse.csr_matrix(shape, dtype=np.float32)
