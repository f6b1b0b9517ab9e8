"""EASE: item-item weights in closed form, kept as short lists, so that a session's score is a sum of lists.

Steck: Embarrassingly Shallow Autoencoders for Sparse Data (WWW 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack

CHUNK = 512


@dataclass(frozen=True, slots=True)
class Closeness:
    """How the item-item weights are learnt.

    regularization: added to each product's own count. damping: exponent by which a user of many products speaks less
    in each. largest: of so many products, the most bought, weights are learnt; memory is 16 bytes times its square,
    time goes with its cube.
    """

    regularization: float = 500.0
    damping: float = 0.5
    largest: int = 8_000


@dataclass(frozen=True, slots=True)
class LinearItems:
    """What each of n products says of others: its k loudest, loudest first.

    items: int32 (n, k), padded with the row's own number. weights: float32 (n, k), may be below 0; 0 in the padding.
    """

    items: NDArray[np.int32]
    weights: NDArray[np.float32]

    def matrix(self) -> sparse.csr_matrix:
        """float32 CSR (n, n): the scores of users of purchases X, (n_users, n), are X @ matrix; padding is left out."""
        n = len(self.items)
        stored = self.weights != 0
        bounds = np.concatenate([[0], np.cumsum(stored.sum(axis=1))])
        return sparse.csr_matrix((self.weights[stored], self.items[stored], bounds), shape=(n, n))


def fit_linear(
    user_items: sparse.csr_matrix, closeness: Closeness, k: int, row_weights: NDArray[np.float32] | None = None
) -> LinearItems | None:
    """The k loudest weights of each product, from float32 CSR (n_users, n); None where under two products were bought.

    row_weights: float32 (n_users,), what each row counts, such as an order's decay by age; their average counts as 1.
    A product that is not among the `largest` most bought says nothing, and nothing is said of it.
    """
    rows, weights = item_weights(user_items, closeness, row_weights)
    if len(rows) < 2:
        return None
    n, kept = user_items.shape[1], min(k, len(rows) - 1)
    items = np.repeat(np.arange(n, dtype=np.int32)[:, None], k, axis=1)
    values = np.zeros((n, k), np.float32)
    for begin in range(0, len(rows), CHUNK):
        part = weights[begin : begin + CHUNK]
        loudest = np.argpartition(-np.abs(part), kept - 1, axis=1)[:, :kept]
        said = np.take_along_axis(part, loudest, axis=1)
        order = np.argsort(-np.abs(said), axis=1, kind="stable")
        mine, said = rows[begin : begin + CHUNK, None], np.take_along_axis(said, order, axis=1)
        items[mine, np.arange(kept)] = np.where(said != 0, rows[np.take_along_axis(loudest, order, axis=1)], mine)
        values[mine, np.arange(kept)] = said
    return LinearItems(items, values)


def item_weights(
    user_items: sparse.csr_matrix, closeness: Closeness, row_weights: NDArray[np.float32] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The products that have weights, int64 (m,) ascending, and float32 (m, m): row says of column, 0 of itself."""
    bought = np.asarray((user_items != 0).sum(axis=0)).ravel()
    ranked = np.argsort(-bought, kind="stable")[: closeness.largest]
    rows = np.sort(ranked[bought[ranked] > 0]).astype(np.int64)
    if not len(rows):
        return rows, np.empty((0, 0), np.float32)
    chosen = user_items[:, rows]
    sizes = np.maximum(np.diff(chosen.indptr), 1)
    quieter = (sizes / sizes.mean()) ** -closeness.damping
    if row_weights is not None:
        quieter *= row_weights / max(float(row_weights.mean()), 1e-30)
    system = _gram(chosen, sparse.diags(quieter) @ chosen)
    system.flat[:: len(rows) + 1] += closeness.regularization
    return rows, _from_inverse(system)


def _gram(left: sparse.csr_matrix, right: sparse.csr_matrix) -> NDArray[np.float64]:
    """The product of left' and right, float64 in Fortran order, a block of columns at a time, as it is nearly full."""
    columns, rows = right.tocsc(), left.T.tocsr()
    gram = np.empty((left.shape[1], right.shape[1]), np.float64, order="F")
    for begin in range(0, right.shape[1], CHUNK):
        gram[:, begin : begin + CHUNK] = (rows @ columns[:, begin : begin + CHUNK]).toarray()
    return gram


def _from_inverse(system: NDArray[np.float64]) -> NDArray[np.float32]:
    """-P / diag(P) by column for P the inverse of a symmetric positive definite matrix, which is overwritten."""
    factor, failed = lapack.dpotrf(system, lower=1, overwrite_a=1, clean=0)
    if failed:
        raise np.linalg.LinAlgError("regularization must be above 0")
    inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    held = inverse.diagonal().astype(np.float32)
    weights: NDArray[np.float32] = inverse.astype(np.float32, order="F")
    del inverse, factor
    for begin in range(0, len(weights), CHUNK):
        end = begin + CHUNK
        square = np.tril(weights[begin:end, begin:end])
        weights[begin:end, begin:end] = square + np.tril(square, -1).T
        weights[begin:end, end:] = weights[end:, begin:end].T
    weights /= -held[None, :]
    np.fill_diagonal(weights, 0.0)
    return weights
