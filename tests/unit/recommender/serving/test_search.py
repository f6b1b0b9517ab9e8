from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import artifacts
from recommender.backtests.lists import in_stock
from recommender.content.search_words import MOST_PRODUCTS, search_words
from recommender.interactions import Catalogue
from recommender.model import Model
from recommender.serving.alignment import align
from recommender.serving.availability import Availability
from recommender.serving.slates import Context, RankedSlate, build_slate
from recommender.training import fit
from tests.unit.recommender.shops import SMALL, catalogue, purchases, silent

COLOURS, THINGS = ("red", "green", "blue", "teal"), ("mug", "rug", "lamp", "vase", "clock")


def goods() -> Catalogue:
    texts = [f"{COLOURS[row % 4]} {THINGS[row % 5]} of our Kiln" for row in range(40)]
    return replace(catalogue(), texts=texts)


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(purchases(), goods(), SMALL, serving=None, serving_until=None, progress=silent).model


def search(model: Model, query: str, count: int = 4) -> RankedSlate:
    return build_slate(in_stock(model, goods()), Context("search", (), (), (), count, query=query))


def test_products_with_all_the_words_come_first_and_say_why(model: Model) -> None:
    slate = search(model, "Red  MUG!")
    texts = [goods().texts[item.row] for item in slate.items]
    assert texts[:2] == ["red mug of our Kiln"] * 2
    assert all("red" in text or "mug" in text for text in texts)
    assert (slate.strategy, slate.items[0].reason.kind) == ("search", "search")


def test_of_those_alike_by_words_what_trends_comes_first(model: Model) -> None:
    first, second = search(model, "red mug").items[:2]
    assert model.trending[first.row] * model.season[first.row] >= model.trending[second.row] * model.season[second.row]


def test_a_search_that_nothing_answers_gets_what_trends(model: Model) -> None:
    assert search(model, "xylophone").strategy == "trending"


def test_what_is_sold_out_does_not_answer_a_search(model: Model) -> None:
    aligned = in_stock(model, goods())
    red = np.array(["red" in text for text in goods().texts])
    gone = np.where(red, Availability.SOLD_OUT, Availability.IN_STOCK).astype(np.int8)
    left = align(model, replace(aligned.shelf, availability=gone))
    slate = build_slate(left, Context("search", (), (), (), 40, query="red mug"))
    assert not {item.row for item in slate.items} & set(np.flatnonzero(red).tolist())
    assert "mug" in goods().texts[slate.items[0].row]


def test_an_artifact_keeps_the_words(model: Model, tmp_path: Path) -> None:
    artifacts.save(model, tmp_path / "v1", {})
    assert search(artifacts.load(tmp_path / "v1")[0], "teal clock") == search(model, "teal clock")


def test_of_a_word_that_many_products_have_those_are_kept_that_trend() -> None:
    trending = np.arange(2 * MOST_PRODUCTS, dtype=np.float32)
    index = search_words(["the same"] * len(trending), trending)
    assert sorted(index.rows[: index.starts[1]].tolist()) == list(range(MOST_PRODUCTS, 2 * MOST_PRODUCTS))


def test_a_catalogue_without_words_has_none() -> None:
    assert len(search_words(["", "?!"], np.zeros(2, np.float32)).words) == 0


@given(st.text(max_size=200), st.integers(0, 12))
def test_any_search_gets_as_many_different_products_as_there_is_room_for(model: Model, query: str, count: int) -> None:
    rows = [item.row for item in search(model, query, count).items]
    assert len(rows) == len(set(rows)) == count
