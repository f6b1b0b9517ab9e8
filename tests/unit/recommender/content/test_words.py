from __future__ import annotations

import numpy as np
import pytest

from recommender.content import words
from recommender.content.words import similar_by_text

TEXTS = ["red wool scarf", "blue wool scarf", "espresso machine steel", "steel espresso grinder", "", "zzz"]


def test_products_alike_by_their_words_find_each_other() -> None:
    lists = similar_by_text(TEXTS, 3, threads=1)
    assert lists.items[:4, 0].tolist() == [1, 0, 3, 2]
    assert (lists.scores[:4, 0] > 0).all()


def test_a_product_without_a_shared_word_has_no_neighbour() -> None:
    lists = similar_by_text(TEXTS, 3, threads=1)
    assert lists.items[4:].tolist() == [[4] * 3, [5] * 3]
    assert not lists.scores[4:].any()


def test_no_products_and_no_words_are_no_error() -> None:
    assert similar_by_text([], 3, threads=2).items.shape == (0, 3)
    assert not similar_by_text(["", ""], 3, threads=2).scores.any()


def test_common_words_are_left_out_where_they_would_cost_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MOST_PAIRS", 10)
    texts = [f"common pair{i // 2}" for i in range(4)] + ["common"] * 6
    lists = similar_by_text(texts, 3, threads=1)
    assert lists.items[:4, 0].tolist() == [1, 0, 3, 2]
    assert not lists.scores[4:].any()


def test_one_thread_and_two_agree() -> None:
    texts = [f"kind{i % 11} brand{i % 7} number{i}" for i in range(1200)]
    one, two = (similar_by_text(texts, 5, threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.items, two.items)
    np.testing.assert_array_equal(one.scores, two.scores)
