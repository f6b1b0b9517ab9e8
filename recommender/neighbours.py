"""The products that lead on from each product: one list, from co-purchase, words, factors and what else there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from recommender.baskets.together import Together
from recommender.blend.features import TOGETHER, WORDS
from recommender.parameters import Parameters
from recommender.toplists import TopLists, among, in_chunks, of_dense, of_sparse, stacked
from recommender.vectors.choice import LARGE, best_index

CHUNK = 250


@dataclass(frozen=True, slots=True)
class Neighbours:
    """items: int32 (n, k), best first, padded with the row's own number. names: of the parts, co-purchase first.

    parts: float32 (parts, n, k), what each says of them; 0 in the padding and where it says nothing.
    counts: int32 (n, k), orders that hold both products; 0 where co-purchase did not bring them together.
    """

    items: NDArray[np.int32]
    names: tuple[str, ...]
    parts: NDArray[np.float32]
    counts: NDArray[np.int32]


def similar_by_factors(
    item_factors: NDArray[np.float32], rows: NDArray[np.int64], k: int, threads: int
) -> sparse.csr_matrix:
    """Cosine of the factors of some rows with their k nearest products, float32 CSR (n, n), other rows empty.

    A product nobody bought is near to none. Lists for most of a large catalogue come from a graph, see `vectors`.
    """
    n = len(item_factors)
    if n >= LARGE and len(rows) and k:
        return _by_index(item_factors, rows, k, threads)
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


def _by_index(item_factors: NDArray[np.float32], rows: NDArray[np.int64], k: int, threads: int) -> sparse.csr_matrix:
    """The same by whichever index is soonest done."""
    n = len(item_factors)
    index = best_index(np.arange(n), item_factors, len(rows))
    with threadpool_limits(limits=threads, user_api="openmp"):
        near = index.search(item_factors[rows], k + 1)
    stored = (near.scores > 0) & (near.rows != rows[:, None])
    stored &= np.cumsum(stored, axis=1) <= k
    kept = np.zeros(n, np.int64)
    kept[rows] = stored.sum(axis=1)
    bounds = np.concatenate([[0], np.cumsum(kept)])
    return sparse.csr_matrix((near.scores[stored], near.rows[stored], bounds), shape=(n, n))


@dataclass(frozen=True, slots=True)
class Sources:
    """What lists of neighbours are made of.

    words: the products alike by their words. others: further lists by the name of their feature.
    """

    together: Together
    words: TopLists
    others: Mapping[str, TopLists] = field(default_factory=dict)

    def parts(self) -> dict[str, TopLists]:
        """All lists by the name of their feature, each of co-purchase's rows scaled to a best of 1."""
        scores = self.together.lists.scores
        scaled = (scores / np.maximum(scores[:, :1], 1e-30)).astype(np.float32)
        return {TOGETHER: TopLists(self.together.lists.items, scaled), WORDS: self.words, **self.others}


def joined(
    sources: Sources,
    item_factors: NDArray[np.float32] | None,
    parameters: Parameters,
    asked: NDArray[np.int64] | None = None,
) -> Neighbours:
    """One list a product: co-purchase and the shares of all others, the best `parameters.neighbours` of them.

    Factors add candidates only for a product that co-purchase leaves with less than half a list, as in a shop where
    most orders hold one product; where lists are full they changed no figure and would cost most of the time.
    item_factors: None leaves them out, see `completed`. asked: as for `bought_together`.
    """
    n = len(sources.words.items)
    wanted = np.arange(n) if asked is None else asked
    parts = sources.parts()
    matrix = parts[TOGETHER].matrix()
    for name, lists in parts.items():
        if name != TOGETHER:
            matrix = matrix + parameters.similar_weight * lists.matrix()
    if item_factors is not None:
        short = wanted[_short(sources.together, parameters)[wanted]]
        near = similar_by_factors(item_factors, short, parameters.neighbours, parameters.threads)
        matrix = matrix + parameters.factor_weight * near
    matrix = matrix[wanted]
    best, _ = of_sparse(matrix.indptr, matrix.indices, matrix.data, parameters.neighbours, wanted)
    best = among(best, wanted, n)
    said, counts = _said(best, parts, sources.together, wanted)
    return Neighbours(best.items, tuple(parts), said, counts)


def completed(
    draft: Neighbours, sources: Sources, item_factors: NDArray[np.float32], parameters: Parameters
) -> Neighbours:
    """All that `joined` gives with factors, from what it gave without them: only the lists that want them are new."""
    short = np.flatnonzero(_short(sources.together, parameters))
    again = joined(sources, item_factors, parameters, short)
    items, parts, counts = draft.items.copy(), draft.parts.copy(), draft.counts.copy()
    items[short], parts[:, short], counts[short] = again.items[short], again.parts[:, short], again.counts[short]
    return Neighbours(items, draft.names, parts, counts)


def _short(together: Together, parameters: Parameters) -> NDArray[np.bool_]:
    """Which products co-purchase leaves with less than half a list, bool (n,)."""
    short: NDArray[np.bool_] = (together.lists.scores > 0).sum(axis=1) * 2 < parameters.neighbours
    return short


def _said(
    best: TopLists, parts: Mapping[str, TopLists], together: Together, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """What each part says of the pairs in some rows of `best`, float32 (parts, n, k), and the co-purchase counts."""
    shape = best.items.shape
    said, counts = np.zeros((len(parts), *shape), np.float32), np.zeros(shape, np.int32)
    scratch, together_counts = np.zeros(shape[0], np.float32), np.zeros(shape[0], np.int32)
    for row in rows.tolist():
        mine = best.items[row]
        for part, lists in enumerate(parts.values()):
            partners = lists.items[row]
            scratch[partners] = lists.scores[row]
            said[part, row] = scratch[mine]
            scratch[partners] = 0
        partners = together.lists.items[row]
        together_counts[partners] = together.counts[row]
        counts[row] = together_counts[mine]
        together_counts[partners] = 0
    return said, counts
