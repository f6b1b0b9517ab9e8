"""Products alike by their words: for those that nobody bought yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from recommender.toplists import TopLists, in_chunks, of_sparse, stacked

FEATURES = 2**18
WORDS_A_PRODUCT = 24
CHUNK = 500


def similar_by_text(texts: Sequence[str], k: int, threads: int) -> TopLists:
    """The k products alike each one: cosine of TF-IDF over hashed words, 0..1.

    A product is known by its 24 rarest words that some other product has too; so memory and time stay bounded.
    """
    words = _rare_words(texts)
    turned = words.T.tocsr()

    def span(begin: int, end: int) -> TopLists:
        alike = words[begin:end] @ turned
        rows = np.repeat(np.arange(begin, end), np.diff(alike.indptr))
        scores = np.where(rows == alike.indices, 0, alike.data).astype(np.float32)
        return of_sparse(alike.indptr, alike.indices, scores, k, begin)[0]

    return stacked(in_chunks(len(texts), CHUNK, threads, span), k)


def _rare_words(texts: Sequence[str]) -> sparse.csr_matrix:
    """TF-IDF of each text's rarest shared words, float32 CSR (n, features), rows of length 1."""
    hashed = HashingVectorizer(n_features=FEATURES, alternate_sign=False, norm=None, dtype=np.float32)
    counts = hashed.transform(texts) if len(texts) else sparse.csr_matrix((0, FEATURES), dtype=np.float32)
    found_in = np.bincount(counts.indices, minlength=FEATURES)
    counts.data[found_in[counts.indices] < 2] = 0.0
    counts.eliminate_zeros()
    if not counts.nnz:
        return counts
    weighted = TfidfTransformer(sublinear_tf=True, norm=None).fit_transform(counts).tocsr()
    _, kept = of_sparse(weighted.indptr, weighted.indices, weighted.data, WORDS_A_PRODUCT)
    mask = np.zeros(weighted.nnz, np.bool_)
    mask[kept[kept >= 0]] = True
    weighted.data[~mask] = 0.0
    weighted.eliminate_zeros()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(weighted.indptr)).astype(np.float32)
    return weighted.astype(np.float32)
