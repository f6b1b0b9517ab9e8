from __future__ import annotations

import numpy as np

from recommender.content.vectors import content_vectors, content_words, price_bands, word_groups

TEXTS = ["red wool scarf", "blue wool scarf", "espresso machine steel", "steel espresso grinder", ""]


def test_products_of_the_same_words_lie_near_each_other() -> None:
    vectors = content_vectors(content_words(TEXTS), 3, seed=1)
    assert vectors[0] @ vectors[1] > 0.9 > vectors[0] @ vectors[2]
    assert not vectors[4].any()


def test_a_trait_brings_together_what_words_do_not() -> None:
    texts = ["amber", "birch", "cedar", "dune"]
    vendor = np.array([0, 0, 1, 1], np.int32)
    vectors = content_vectors(content_words(texts, [vendor]), 3, seed=1)
    assert vectors[0] @ vectors[1] > 0.9 > vectors[0] @ vectors[2]


def test_an_empty_catalogue_and_one_without_words_have_empty_vectors() -> None:
    assert content_vectors(content_words([]), 8, seed=1).shape == (0, 8)
    assert not content_vectors(content_words(["", ""]), 8, seed=1).any()


def test_price_bands_are_the_shops_own_and_an_unknown_price_has_none() -> None:
    bands = price_bands(np.array([1, 2, 3, 4, 400, 0, np.nan], np.float32), bands=4)
    assert bands[5:].tolist() == [-1, -1]
    assert (np.diff(bands[:5]) >= 0).all()
    assert bands[0] == 0
    assert bands[4] == 3


def test_products_alike_share_a_group_and_one_without_content_has_none() -> None:
    vectors = content_vectors(content_words(TEXTS), 3, seed=1)
    groups = word_groups(vectors, 2, seed=1)
    assert groups[0] == groups[1] != groups[2] == groups[3]
    assert groups[4] == -1
