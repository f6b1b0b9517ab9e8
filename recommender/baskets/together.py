"""What is bought together: co-purchase in orders, damped and shrunk, with exact counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.confidence import decay
from recommender.interactions import Orders, Purchases
from recommender.parameters import Parameters
from recommender.toplists import TopLists, among, in_chunks, of_sparse, stacked

CHUNK = 500
REACH = 10
A_STEP = 0.6
NEARBY = 0.04


@dataclass(frozen=True, slots=True)
class Together:
    """lists: the products best bought with each one. counts: int32 (n, k), orders that hold both; 0 in the padding."""

    lists: TopLists
    counts: NDArray[np.int32]


def bought_together(
    orders: Orders,
    now: int,
    parameters: Parameters,
    asked: NDArray[np.int64] | None = None,
    nearby: sparse.csr_matrix | None = None,
) -> Together:
    """Score of j beside i: W_ij / ((W_i + s) (W_j + s)^damping), where W sums the orders' weights.

    An order weighs its decay by age over its size less one, so that a long order does not speak for all its pairs.
    s: `together_shrinkage` average products, which keeps a pair seen once from leading. asked: products whose lists
    are wanted, each once, all by default; the others' stay empty. nearby: from `placed_nearby`; it adds to W, and W_i
    is then what i shares with all products.
    """
    matrix, weights, totals = _weighed(orders, now, parameters, nearby)
    shrinkage = parameters.together_shrinkage * float(totals.mean()) + 1e-9 if len(totals) else 1.0
    # One product of complex numbers gives both sums: the real part counts orders exactly (below 2**24), the
    # imaginary part sums their weights.
    left = matrix.T.tocsr().astype(np.complex64)
    left.data += (1j * weights[left.indices]).astype(np.complex64)
    right = matrix.astype(np.complex64)
    damped = (totals + shrinkage) ** parameters.together_damping

    n = matrix.shape[1]
    wanted = np.arange(n) if asked is None else asked

    def span(begin: int, end: int) -> Together:
        own = wanted[begin:end]
        pairs = left[own] @ right
        if nearby is not None:
            pairs = (pairs + nearby[own] * np.complex64(1j)).tocsr()
        rows = np.repeat(own, np.diff(pairs.indptr))
        scores = (pairs.data.imag / ((totals[rows] + shrinkage) * damped[pairs.indices])).astype(np.float32)
        scores[rows == pairs.indices] = 0.0
        lists, kept = of_sparse(pairs.indptr, pairs.indices, scores, parameters.neighbours, own)
        counts = np.where(kept >= 0, pairs.data.real[kept] if pairs.nnz else 0, 0).astype(np.int32)
        return Together(lists, counts)

    parts = in_chunks(len(wanted), CHUNK, parameters.threads, span)
    return _joined(parts, wanted, n, parameters.neighbours)


def _joined(parts: Sequence[Together], rows: NDArray[np.int64], n: int, k: int) -> Together:
    """The lists of consecutive spans of some rows as those of all n."""
    counts = np.zeros((n, k), np.int32)
    counts[rows] = np.concatenate([part.counts for part in parts]) if parts else 0
    return Together(among(stacked([part.lists for part in parts], k), rows, n), counts)


def _weighed(
    orders: Orders, now: int, parameters: Parameters, nearby: sparse.csr_matrix | None
) -> tuple[sparse.csr_matrix, NDArray[np.floating], NDArray[np.floating]]:
    """The orders that tell of pairs, what each weighs, and W_i of each product."""
    small = orders.sizes <= parameters.largest_basket
    matrix = orders.matrix[small]
    sizes = np.maximum(np.diff(matrix.indptr) - 1, 1)
    weights = decay(orders.time[small], now, parameters.half_life_days) / sizes
    if nearby is None:
        return matrix, weights, matrix.T @ weights
    return matrix, weights, matrix.T @ (weights * (sizes + 1)) + np.asarray(nearby.sum(axis=1)).ravel()


def placed_nearby(
    purchases: Purchases, order: NDArray[np.int64], n_items: int, now: int, parameters: Parameters
) -> sparse.csr_matrix:
    """How near to each other products are put into orders, float32 CSR (n, n), symmetric, to be added to W.

    A pair d lines apart gets 0.04 x 0.6^(d - 1) of its order's decay, up to ten lines. order: int64 (m,), of each sold
    line, see `interactions.orders_of`.
    """
    lines = np.argsort(order, kind="stable")
    lines = lines[np.bincount(order)[order[lines]] <= parameters.largest_basket] if len(lines) else lines
    own, item = order[lines], purchases.item[lines]
    weights = NEARBY * decay(purchases.time[lines], now, parameters.half_life_days)
    total = sparse.csr_matrix((n_items, n_items), dtype=np.float32)
    for apart in range(1, REACH + 1):
        left = np.flatnonzero((own[apart:] == own[:-apart]) & (item[apart:] != item[:-apart]))
        values = weights[left] * np.float32(A_STEP ** (apart - 1))
        total = total + sparse.csr_matrix((values, (item[left], item[left + apart])), total.shape)
    return (total + total.T).tocsr()
