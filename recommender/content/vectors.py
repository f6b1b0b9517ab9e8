"""Products as dense vectors of what is known of them before anybody bought them: words and traits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.preprocessing import normalize

FEATURES = 2**18
PRICE_BANDS = 8
MOST_GROUPS = 300


def price_bands(prices: NDArray[np.float32], bands: int = PRICE_BANDS) -> NDArray[np.int32]:
    """The band of each price among the shop's own, int32 (n,), 0 the cheapest; -1 where the price is not above 0."""
    known = np.isfinite(prices) & (prices > 0)
    found = np.full(len(prices), -1, np.int32)
    if known.any():
        edges = np.unique(np.quantile(prices[known], np.linspace(0, 1, bands + 1)[1:-1]))
        found[known] = np.searchsorted(edges, prices[known], side="right")
    return found


def content_words(texts: Sequence[str], traits: Sequence[NDArray[np.int32]] = ()) -> sparse.csr_matrix:
    """TF-IDF of hashed words beside one column a trait's value; float32 CSR, rows of length 1 or empty.

    traits: int32 (n,) each: a code for category, vendor, type, price band, ...; -1 for none. Each weighs what its
    rarity says, as a word does.
    """
    hashed = HashingVectorizer(n_features=FEATURES, alternate_sign=False, norm=None, dtype=np.float32)
    words = hashed.transform(texts) if len(texts) else sparse.csr_matrix((0, FEATURES), dtype=np.float32)
    counts = sparse.hstack([words, *(one_hot(codes) for codes in traits)], format="csr", dtype=np.float32)
    if not counts.nnz:
        return counts
    weighted = TfidfTransformer(sublinear_tf=True, norm=None).fit_transform(counts)
    return normalize(weighted, copy=False).astype(np.float32, copy=False)


def content_vectors(words: sparse.csr_matrix, size: int, seed: int) -> NDArray[np.float32]:
    """The rows of `content_words` in at most `size` dimensions (truncated SVD), float32 (n, size), length 1 or 0."""
    used = np.flatnonzero(np.bincount(words.indices, minlength=words.shape[1]) > 1)
    narrow = words[:, used]
    vectors = np.zeros((words.shape[0], size), np.float32)
    if len(used) <= size:
        vectors[:, : len(used)] = narrow.toarray()
    else:
        dimensions = min(size, *narrow.shape)
        vectors[:, :dimensions] = TruncatedSVD(dimensions, random_state=seed).fit_transform(narrow)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def one_hot(codes: NDArray[np.int32]) -> sparse.csr_matrix:
    """1 where a product has a trait's value, float32 CSR (n, values); an empty row where its code is -1."""
    rows = np.flatnonzero(codes >= 0)
    shape = (len(codes), int(codes.max(initial=-1)) + 1)
    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, codes[rows])), shape=shape)


def word_groups(vectors: NDArray[np.float32], products: int, seed: int) -> NDArray[np.int32]:
    """Groups of products alike, of so many products on average, at most 300 groups: int32 (n,), -1 without content.

    It gives a category to a shop that has none (k-means of `content_vectors`).
    """
    told = np.abs(vectors).sum(axis=1) > 0
    groups = min(int(told.sum()) // products, MOST_GROUPS)
    found = np.full(len(vectors), -1, np.int32)
    if groups > 1:
        grouping = MiniBatchKMeans(groups, n_init=1, random_state=seed, batch_size=4096)
        found[told] = grouping.fit_predict(vectors[told])
    return found
