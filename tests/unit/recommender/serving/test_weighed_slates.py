"""Slates with a merchant's weights and diversity in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.blend.diversity import alike
from recommender.serving.alignment import Aligned
from recommender.serving.availability import Availability
from recommender.serving.shelf import Shelf
from recommender.serving.slates import Context, align, build_slate
from recommender.training import fit
from tests.unit.recommender.shops import SMALL, catalogue, purchases, silent

N, WANTED = 40, 6
CATALOGUE = catalogue(N)
MODEL = fit(purchases(N), CATALOGUE, SMALL, serving=None, serving_until=None, progress=silent).model
NEWEST = np.arange(N, dtype=np.int32)
PLENTY = np.full(N, Availability.IN_STOCK, np.int8)
PAGES = {
    "page": Context("product", (), (int(CATALOGUE.product_ids[0]),), (), WANTED),
    "visit": Context("cart", tuple(CATALOGUE.product_ids[:3].tolist()), (), (), WANTED),
    "home": Context("home", (), (), (), WANTED),
    "known": Context("home", (), (), (), WANTED, ((int(CATALOGUE.product_ids[5]), 3.0),)),
}

appeals = st.lists(st.floats(-5, 5, width=32), min_size=N, max_size=N).map(lambda each: np.array(each, np.float32))
stocks = st.lists(st.sampled_from(Availability), min_size=N, max_size=N).map(lambda each: np.array(each, np.int8))


def shelf(
    stock: np.ndarray = PLENTY, appeal: np.ndarray | None = None, diversity: float = 0.0, late: bool = False
) -> Shelf:
    return Shelf(CATALOGUE.product_ids, stock, CATALOGUE.category, NEWEST, late, appeal, diversity)


def shown(aligned: Aligned, page: str) -> list[int]:
    return [item.row for item in build_slate(aligned, PAGES[page]).items]


def favouring(row: int, by: float) -> np.ndarray:
    appeal = np.zeros(N, np.float32)
    appeal[row] = by
    return appeal


@pytest.mark.parametrize("page", PAGES)
def test_weights_that_favour_nothing_change_nothing(page: str) -> None:
    plain = build_slate(align(MODEL, shelf()), PAGES[page])
    assert build_slate(align(MODEL, shelf(appeal=np.zeros(N, np.float32))), PAGES[page]) == plain


@pytest.mark.parametrize("page", PAGES)
def test_what_is_favoured_enough_comes_first_and_what_is_not_wanted_goes(page: str) -> None:
    *_, last = before = shown(align(MODEL, shelf()), page)
    assert shown(align(MODEL, shelf(appeal=favouring(last, 20))), page) == [last, *before[:-1]]
    assert last not in shown(align(MODEL, shelf(appeal=favouring(last, -20))), page)


def test_the_product_that_sells_least_can_be_brought_up_to_the_first_place() -> None:
    least = int(align(MODEL, shelf()).trending_order[-1])
    assert least not in shown(align(MODEL, shelf()), "home")
    assert shown(align(MODEL, shelf(appeal=favouring(least, 20))), "home")[0] == least


@pytest.mark.parametrize("page", PAGES)
@settings(max_examples=30)
@given(stocks, appeals, st.floats(0, 1), st.booleans())
def test_no_weight_brings_back_what_cannot_be_bought(
    page: str, stock: np.ndarray, appeal: np.ndarray, diversity: float, late: bool
) -> None:
    slate = build_slate(align(MODEL, shelf(stock, appeal, diversity, late)), PAGES[page])
    rows = [item.row for item in slate.items]
    assert len(set(rows)) == len(rows) <= WANTED
    for item in slate.items:
        assert stock[item.row] >= (Availability.SOLD_OUT if late else Availability.LOW)
        assert item.back_soon == (stock[item.row] == Availability.SOLD_OUT)


@pytest.mark.parametrize("page", PAGES)
@settings(max_examples=20)
@given(stocks, stocks, appeals, appeals)
def test_what_was_taken_over_from_before_never_shows(
    page: str, stock: np.ndarray, then: np.ndarray, appeal: np.ndarray, later: np.ndarray
) -> None:
    earlier = align(MODEL, shelf(stock, appeal))
    for fresh in (shelf(then, later), shelf(then, appeal), shelf(then)):
        assert shown(align(MODEL, fresh, earlier), page) == shown(align(MODEL, fresh), page)


def test_diversity_makes_trending_products_of_one_kind_give_way() -> None:
    likeness = alike(MODEL.item_factors, CATALOGUE.category)

    def sameness(diversity: float) -> float:
        rows = shown(align(MODEL, shelf(diversity=diversity)), "home")
        return float(likeness[np.ix_(rows, rows)].mean())

    assert sameness(1.0) < sameness(0.0)


def test_weights_hold_without_a_model_too() -> None:
    assert len(shown(align(None, shelf(appeal=favouring(3, 5), diversity=1.0)), "home")) == WANTED
