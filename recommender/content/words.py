"""Products alike by their words: for those that nobody bought yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.preprocessing import normalize

from recommender.toplists import TopLists, in_chunks, of_sparse, stacked

FEATURES = 2**18
WORDS_A_PRODUCT = 24
MOST_PAIRS = 30_000_000
CHUNK = 500


def similar_by_text(texts: Sequence[str], k: int, threads: int) -> TopLists:
    """The k products alike each one: cosine of TF-IDF over hashed words, 0..1.

    A product is known by its 24 rarest words that others have too; in a large catalogue the commonest words are left
    out until at most 30 million pairs of products have to be looked at.
    """
    words = _rare_words(texts)
    turned = words.T.tocsr()

    def span(begin: int, end: int) -> TopLists:
        alike = words[begin:end] @ turned
        own = np.arange(begin, end)
        rows = np.repeat(own, np.diff(alike.indptr))
        scores = np.where(rows == alike.indices, 0, alike.data).astype(np.float32)
        return of_sparse(alike.indptr, alike.indices, scores, k, own)[0]

    return stacked(in_chunks(len(texts), CHUNK, threads, span), k)


def _rare_words(texts: Sequence[str]) -> sparse.csr_matrix:
    """TF-IDF of each text's rarest shared words, float32 CSR (n, features), rows of length 1."""
    hashed = HashingVectorizer(n_features=FEATURES, alternate_sign=False, norm=None, dtype=np.float32)
    counts = hashed.transform(texts) if len(texts) else sparse.csr_matrix((0, FEATURES), dtype=np.float32)
    weighted = _only(counts, _shared(counts)[counts.indices])
    if not weighted.nnz:
        return weighted
    weighted = TfidfTransformer(sublinear_tf=True, norm=None).fit_transform(weighted).tocsr()
    _, kept = of_sparse(weighted.indptr, weighted.indices, weighted.data, WORDS_A_PRODUCT)
    rarest = np.zeros(weighted.nnz, np.bool_)
    rarest[kept[kept >= 0]] = True
    weighted = _only(weighted, rarest)
    weighted = _only(weighted, _affordable(weighted)[weighted.indices])
    return normalize(weighted, copy=False).astype(np.float32, copy=False)


def _shared(words: sparse.csr_matrix) -> NDArray[np.bool_]:
    """Which words more than one text has."""
    shared: NDArray[np.bool_] = np.bincount(words.indices, minlength=FEATURES) > 1
    return shared


def _affordable(words: sparse.csr_matrix) -> NDArray[np.bool_]:
    """Which words to keep, rarest first, so that the pairs of texts that share one are at most MOST_PAIRS."""
    found_in = np.bincount(words.indices, minlength=FEATURES)
    order = np.argsort(found_in, kind="stable")
    kept = np.zeros(FEATURES, np.bool_)
    kept[order[np.cumsum(found_in[order] ** 2) <= MOST_PAIRS]] = True
    return kept


def _only(words: sparse.csr_matrix, kept: NDArray[np.bool_]) -> sparse.csr_matrix:
    """The stored entries for which `kept`, bool (nnz,), is true."""
    bounds = np.concatenate([[0], np.cumsum(kept)])[words.indptr]
    return sparse.csr_matrix((words.data[kept], words.indices[kept], bounds), shape=words.shape)
