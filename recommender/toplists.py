"""Lists of the best few columns of each row: how neighbours of every kind are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class TopLists:
    """For each of n rows its best k columns, best first.

    items: int32 (n, k); a row with fewer than k is padded with its own number.
    scores: float32 (n, k), descending, 0 in the padding.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]

    def matrix(self) -> sparse.csr_matrix:
        """float32 CSR (n, n) of the scores; padding is left out."""
        n = len(self.items)
        stored = self.scores > 0
        bounds = np.concatenate([[0], np.cumsum(stored.sum(axis=1))])
        return sparse.csr_matrix((self.scores[stored], self.items[stored], bounds), shape=(n, n))


def empty(own: NDArray[np.integer], k: int) -> TopLists:
    """Lists of padding only, for rows that have the numbers `own`."""
    return TopLists(np.repeat(own.astype(np.int32)[:, None], k, axis=1), np.zeros((len(own), k), np.float32))


def of_sparse(
    indptr: NDArray[np.int32],
    columns: NDArray[np.int32],
    scores: NDArray[np.float32],
    k: int,
    own: NDArray[np.integer] | None = None,
) -> tuple[TopLists, NDArray[np.int64]]:
    """The best k stored columns of each row of a CSR; scores >= 0, and a score of 0 is no neighbour.

    own: the number that each row has in the whole; its place by default. Also where the kept ones stand in `scores`,
    int64 (rows, k), -1 in the padding.
    """
    rows = len(indptr) - 1
    kept = np.full((rows, k), -1, np.int64)
    bounds = indptr.tolist()
    for row in range(rows):
        begin = bounds[row]
        mine = scores[begin : bounds[row + 1]]
        best = np.argpartition(mine, -k)[-k:] if len(mine) > k else np.arange(len(mine))
        best = best[np.argsort(-mine[best], kind="stable")]
        kept[row, : len(best)] = best + begin
    filled = (kept >= 0) & (scores[kept] > 0) if len(scores) else np.zeros(kept.shape, np.bool_)
    padding = empty(np.arange(rows) if own is None else own, k)
    items = np.where(filled, columns[kept], padding.items) if len(scores) else padding.items
    values = np.where(filled, scores[kept], 0).astype(np.float32) if len(scores) else padding.scores
    return TopLists(items.astype(np.int32, copy=False), values), np.where(filled, kept, -1)


def of_dense(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The best k columns of each row of a matrix (rows, n), n > k, with their scores, best first."""
    best = np.argpartition(scores, -k, axis=1)[:, -k:]
    values = np.take_along_axis(scores, best, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1).astype(np.int32), np.take_along_axis(values, order, axis=1)


def in_chunks(rows: int, size: int, threads: int, work: Callable[[int, int], Part]) -> list[Part]:
    """`work(begin, end)` for consecutive spans of rows, in their order; memory stays that of `threads` spans."""
    spans = [(begin, min(begin + size, rows)) for begin in range(0, rows, size)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda span: work(*span), spans))


def stacked(parts: Sequence[TopLists], k: int) -> TopLists:
    """Lists of consecutive spans of rows as one."""
    if not parts:
        return empty(np.empty(0, np.int32), k)
    return TopLists(np.concatenate([part.items for part in parts]), np.concatenate([part.scores for part in parts]))


def among(lists: TopLists, rows: NDArray[np.int64], n: int) -> TopLists:
    """The lists of some rows as the lists of all n, of which the others are empty."""
    whole = empty(np.arange(n), lists.items.shape[1])
    whole.items[rows], whole.scores[rows] = lists.items, lists.scores
    return whole
