"""The words of a catalogue as a small index that a search is looked up in; numpy alone, so that serving can read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"\w\w+")
MOST_PRODUCTS = 500
MOST_WORDS = 64


class SearchWords(NamedTuple):
    """Which products have which words, w of them.

    words: int64 (w,), ascending, hashes of words; rarity: float32 (w,), log of how many products there are for one that
    has it. starts: int64 (w + 1,), where a word's products begin in rows: int32, rows of the model.
    """

    words: NDArray[np.int64]
    rarity: NDArray[np.float32]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]


NO_WORDS = SearchWords(np.empty(0, np.int64), np.empty(0, np.float32), np.zeros(1, np.int64), np.empty(0, np.int32))


def words_of(text: str) -> list[str]:
    """The first 64 words of a text, of two letters or digits or more, each once."""
    return list(dict.fromkeys(WORD.findall(text.lower())))[:MOST_WORDS]


def hashed(word: str) -> int:
    """A word as the index knows it."""
    return crc32(word.encode(errors="surrogatepass"))


def search_words(texts: Sequence[str], trending: NDArray[np.float32]) -> SearchWords:
    """Which products have which words; of a word that more than 500 have, those that trend most.

    texts: n of them. trending: float32 (n,).
    """
    numbers: dict[str, int] = {}
    best_first = np.argsort(-trending, kind="stable")
    own = [[numbers.setdefault(word, len(numbers)) for word in words_of(texts[row])] for row in best_first.tolist()]
    if not numbers:
        return NO_WORDS
    rows = np.repeat(best_first.astype(np.int32), [len(words) for words in own])
    word = np.fromiter((number for words in own for number in words), np.int32, len(rows))
    # Two words of one hash are one word to a search.
    keys, codes = np.unique(np.fromiter(map(hashed, numbers), np.int64, len(numbers)), return_inverse=True)
    word = codes.astype(np.int32)[word]
    order = np.argsort(word, kind="stable")
    sizes = np.bincount(word, minlength=len(keys))
    begins = np.cumsum(sizes) - sizes
    kept = order[np.arange(len(rows)) - np.repeat(begins, sizes) < MOST_PRODUCTS]
    starts = np.concatenate([[0], np.cumsum(np.minimum(sizes, MOST_PRODUCTS))]).astype(np.int64)
    return SearchWords(keys, np.log1p(len(texts) / sizes).astype(np.float32), starts, rows[kept])
