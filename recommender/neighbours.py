"""The products that lead on from each product: one list, from co-purchase, factors and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.baskets.together import Together
from recommender.parameters import Parameters
from recommender.toplists import TopLists, among, in_chunks, of_dense, of_sparse, stacked

CHUNK = 250


@dataclass(frozen=True, slots=True)
class Neighbours:
    """items: int32 (n, k), best first, padded with the row's own number. scores: float32 (n, k), 0 in the padding.

    counts: int32 (n, k), orders that hold both products; 0 where co-purchase did not bring them together.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]
    counts: NDArray[np.int32]


def similar_by_factors(
    item_factors: NDArray[np.float32], rows: NDArray[np.int64], k: int, threads: int
) -> sparse.csr_matrix:
    """Cosine of the factors of some rows with their k nearest products, float32 CSR (n, n), other rows empty.

    A product nobody bought is near to none.
    """
    n = len(item_factors)
    unit = item_factors / np.maximum(np.linalg.norm(item_factors, axis=1, keepdims=True), 1e-12)
    found = min(k, n - 1)

    def span(begin: int, end: int) -> TopLists:
        mine = rows[begin:end]
        cosines = unit[mine] @ unit.T
        cosines[np.arange(len(mine)), mine] = -1.0
        return TopLists(*of_dense(cosines, found))

    if not found or not len(rows):
        return sparse.csr_matrix((n, n), dtype=np.float32)
    lists = stacked(in_chunks(len(rows), CHUNK, threads, span), found)
    stored = lists.scores > 0
    kept = np.zeros(n, np.int64)
    kept[rows] = stored.sum(axis=1)
    bounds = np.concatenate([[0], np.cumsum(kept)])
    return sparse.csr_matrix((lists.scores[stored], lists.items[stored], bounds), shape=(n, n))


def blended(
    together: Together,
    item_factors: NDArray[np.float32] | None,
    words: TopLists,
    parameters: Parameters,
    asked: NDArray[np.int64] | None = None,
) -> Neighbours:
    """One list a product: co-purchase, each row scaled to a best of 1, plus shares of words and of factors.

    Factors speak only for a product that co-purchase leaves with less than half a list, as in a shop where most
    orders hold one product; where lists are full they changed no figure and would cost most of the time.
    item_factors: None leaves them out, see `completed`. asked: as for `bought_together`.
    """
    n = len(words.items)
    wanted = np.arange(n) if asked is None else asked
    scores = together.lists.scores
    scaled = TopLists(together.lists.items, (scores / np.maximum(scores[:, :1], 1e-30)).astype(np.float32))
    matrix = scaled.matrix() + parameters.similar_weight * words.matrix()
    if item_factors is not None:
        short = wanted[_short(together, parameters)[wanted]]
        near = similar_by_factors(item_factors, short, parameters.neighbours, parameters.threads)
        matrix = matrix + parameters.factor_weight * near
    matrix = matrix[wanted]
    lists, _ = of_sparse(matrix.indptr, matrix.indices, matrix.data, parameters.neighbours, wanted)
    lists = among(lists, wanted, n)
    return Neighbours(lists.items, lists.scores, _counts(lists, together, wanted))


def completed(
    draft: Neighbours, together: Together, item_factors: NDArray[np.float32], words: TopLists, parameters: Parameters
) -> Neighbours:
    """All that `blended` gives with factors, from what it gave without them: only the lists that want them are new."""
    short = np.flatnonzero(_short(together, parameters))
    again = blended(together, item_factors, words, parameters, short)
    items, scores, counts = draft.items.copy(), draft.scores.copy(), draft.counts.copy()
    items[short], scores[short], counts[short] = again.items[short], again.scores[short], again.counts[short]
    return Neighbours(items, scores, counts)


def _short(together: Together, parameters: Parameters) -> NDArray[np.bool_]:
    """Which products co-purchase leaves with less than half a list, bool (n,)."""
    short: NDArray[np.bool_] = (together.lists.scores > 0).sum(axis=1) * 2 < parameters.neighbours
    return short


def _counts(lists: TopLists, together: Together, rows: NDArray[np.int64]) -> NDArray[np.int32]:
    """The co-purchase counts of the pairs in some rows of `lists`; 0 for a pair that `together` does not hold."""
    found = np.zeros(len(lists.items), np.int32)
    counts = np.zeros_like(lists.items)
    for row in rows.tolist():
        partners = together.lists.items[row]
        found[partners] = together.counts[row]
        counts[row] = found[lists.items[row]]
        found[partners] = 0
    return counts
