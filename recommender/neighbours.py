"""The products that lead on from each product: one list, from co-purchase, factors and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.parameters import Parameters
from recommender.together import Together
from recommender.toplists import TopLists, in_chunks, of_dense, of_sparse, stacked

CHUNK = 250


@dataclass(frozen=True, slots=True)
class Neighbours:
    """items: int32 (n, k), best first, padded with the row's own number. scores: float32 (n, k), 0 in the padding.

    counts: int32 (n, k), orders that hold both products; 0 where co-purchase did not bring them together.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]
    counts: NDArray[np.int32]


def similar_by_factors(item_factors: NDArray[np.float32], k: int, threads: int) -> TopLists:
    """The k nearest products of each one by the cosine of their factors; none for a product nobody bought."""
    lengths = np.linalg.norm(item_factors, axis=1, keepdims=True)
    unit = item_factors / np.maximum(lengths, 1e-12)
    n = len(unit)
    k_found = min(k, n - 1)

    def span(begin: int, end: int) -> TopLists:
        cosines = unit[begin:end] @ unit.T
        cosines[np.arange(end - begin), np.arange(begin, end)] = -1.0
        items = np.repeat(np.arange(begin, end, dtype=np.int32)[:, None], k, axis=1)
        scores = np.zeros((end - begin, k), np.float32)
        items[:, :k_found], scores[:, :k_found] = of_dense(cosines, k_found)
        own = scores <= 0
        scores[own] = 0.0
        items[own] = np.broadcast_to(np.arange(begin, end, dtype=np.int32)[:, None], items.shape)[own]
        return TopLists(items, scores)

    return stacked(in_chunks(n, CHUNK, threads, span), k)


def blended(together: Together, factors: TopLists | None, words: TopLists, parameters: Parameters) -> Neighbours:
    """One list a product: co-purchase, each row scaled to a best of 1, plus the weighted shares of the others."""
    scores = together.lists.scores
    scaled = TopLists(together.lists.items, (scores / np.maximum(scores[:, :1], 1e-30)).astype(np.float32))
    matrix = scaled.matrix() + parameters.similar_weight * words.matrix()
    if factors is not None:
        matrix = matrix + parameters.factor_weight * factors.matrix()
    lists, _ = of_sparse(matrix.indptr, matrix.indices, matrix.data, parameters.neighbours)
    return Neighbours(lists.items, lists.scores, _counts(lists, together))


def _counts(lists: TopLists, together: Together) -> NDArray[np.int32]:
    """The co-purchase counts of the pairs in `lists`; 0 for a pair that `together` does not hold."""
    found = np.zeros(len(lists.items), np.int32)
    counts = np.zeros_like(lists.items)
    for row, (mine, partners) in enumerate(zip(lists.items, together.lists.items, strict=True)):
        found[partners] = together.counts[row]
        counts[row] = found[mine]
        found[partners] = 0
    return counts
