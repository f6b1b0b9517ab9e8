"""Products by the words of a search; numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.content.search_words import SearchWords, hashed, words_of
from recommender.serving.alignment import Aligned, Offer

MOST_WORDS = 8
ENOUGH = 0.4


def matching(aligned: Aligned, offer: Offer, query: str, count: int) -> list[int]:
    """The shelf rows on offer that have most of a search's words, rare words before common ones, then what trends.

    At most `count`; empty where no product has any of the words. A product has to have two fifths of what the words
    that are known weigh, so that one common word of many leads nowhere.
    """
    model = aligned.model
    if model is None:
        return []
    index = model.search
    found = _found(index, query)
    if not found:
        return []
    weights = np.zeros(len(model), np.float32)
    for word in found:
        weights[index.rows[index.starts[word] : index.starts[word + 1]]] += index.rarity[word]
    good = np.flatnonzero((weights >= ENOUGH * index.rarity[found].sum()) & offer.known)
    rows = aligned.shelf_row[good]
    order = np.lexsort((-aligned.trending[rows], -weights[good]))
    return list(rows[order[:count]].tolist())


def _found(index: SearchWords, query: str) -> list[int]:
    """Which words of the index a search has."""
    wanted: NDArray[np.int64] = np.array([hashed(word) for word in words_of(query)[:MOST_WORDS]], np.int64)
    if not len(index.words) or not len(wanted):
        return []
    at = np.minimum(index.words.searchsorted(wanted), len(index.words) - 1)
    return list(dict.fromkeys(at[index.words[at] == wanted].tolist()))
