from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.model import Model
from recommender.serving.availability import Availability
from recommender.serving.shelf import Shelf
from recommender.serving.slates import Context, RankedSlate, align, build_slate
from recommender.training import fit
from tests.unit.recommender.shops import SMALL, catalogue, purchases, silent

N = 40
CATALOGUE = catalogue(N)
IDS = CATALOGUE.product_ids.tolist()
MODEL = fit(purchases(N), CATALOGUE, SMALL, serving=None, serving_until=None, progress=silent).model
NEWEST = np.arange(N, dtype=np.int32)[::-1].copy()


def shelf(availability: list[Availability] | None = None, *, back_soon: bool = False) -> Shelf:
    stock = np.array(availability or [Availability.IN_STOCK] * N, np.int8)
    return Shelf(CATALOGUE.product_ids, stock, CATALOGUE.category, NEWEST, back_soon)


def context(
    session: tuple[int, ...] = (), viewing: tuple[int, ...] = (), cart: tuple[int, ...] = (), count: int = 8
) -> Context:
    return Context("product", session, viewing, cart, count)


def shown(slate: RankedSlate) -> list[int]:
    return [item.product_id for item in slate.items]


def strategies(slate: RankedSlate) -> set[str]:
    return {item.strategy for item in slate.items}


products = st.lists(st.sampled_from([*IDS, 1, 10**9]), max_size=12).map(tuple)
stocks = st.lists(st.sampled_from(Availability), min_size=N, max_size=N)
contexts = st.builds(context, products, products, products, st.integers(0, 60))
models = st.sampled_from([MODEL, None])


@given(models, stocks, contexts)
def test_a_hidden_or_sold_out_product_is_never_recommended(
    model: Model | None, stock: list[Availability], visit: Context
) -> None:
    slate = build_slate(align(model, shelf(stock)), visit)
    assert all(stock[item.row] >= Availability.LOW for item in slate.items)
    assert not any(item.back_soon for item in slate.items)


@given(models, stocks, contexts)
def test_a_hidden_product_is_not_shown_as_back_soon_either(
    model: Model | None, stock: list[Availability], visit: Context
) -> None:
    slate = build_slate(align(model, shelf(stock, back_soon=True)), visit)
    assert all(stock[item.row] >= Availability.SOLD_OUT for item in slate.items)


@given(models, stocks, contexts)
def test_what_is_back_soon_is_marked_and_comes_after_all_others(
    model: Model | None, stock: list[Availability], visit: Context
) -> None:
    slate = build_slate(align(model, shelf(stock, back_soon=True)), visit)
    marks = [item.back_soon for item in slate.items]
    assert marks == sorted(marks)
    assert marks == [stock[item.row] == Availability.SOLD_OUT for item in slate.items]


@given(models, stocks, contexts, st.booleans())
def test_nothing_viewed_in_the_cart_or_shown_already_is_recommended(
    model: Model | None, stock: list[Availability], visit: Context, back_soon: bool
) -> None:
    ids = shown(build_slate(align(model, shelf(stock, back_soon=back_soon)), visit))
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {*visit.viewing, *visit.cart}


@given(models, stocks, contexts)
def test_a_slate_is_as_long_as_asked_unless_the_shelf_has_less(
    model: Model | None, stock: list[Availability], visit: Context
) -> None:
    sellable = {product for product, state in zip(IDS, stock, strict=True) if state >= Availability.LOW}
    left = len(sellable - {*visit.viewing, *visit.cart})
    assert len(build_slate(align(model, shelf(stock)), visit).items) == min(visit.count, left)


@given(models, stocks, contexts)
def test_rows_ids_and_low_marks_agree_with_the_shelf(
    model: Model | None, stock: list[Availability], visit: Context
) -> None:
    for item in build_slate(align(model, shelf(stock)), visit).items:
        assert item.product_id == IDS[item.row]
        assert item.low == (stock[item.row] == Availability.LOW)
        assert {type(item.row), type(item.product_id), type(item.score)} == {int, float}
        assert item.reason.count is None or item.reason.count >= 10


@given(stocks, stocks, contexts)
def test_aligning_from_an_earlier_shelf_gives_what_aligning_afresh_gives(
    earlier: list[Availability], stock: list[Availability], visit: Context
) -> None:
    before = align(MODEL, shelf(earlier, back_soon=True))
    now = shelf(stock, back_soon=True)
    assert build_slate(align(MODEL, now, before), visit) == build_slate(align(MODEL, now), visit)


def test_a_session_is_answered_by_the_session_rung() -> None:
    slate = build_slate(align(MODEL, shelf()), context(session=(IDS[0], IDS[4])))
    assert slate.strategy == "session"
    assert {item.row % 4 for item in slate.items if item.strategy == "session"} == {0}
    assert all(item.reason.because in {IDS[0], IDS[4]} for item in slate.items if item.strategy == "session")


def test_a_page_without_a_session_is_answered_by_the_item_rung() -> None:
    slate = build_slate(align(MODEL, shelf()), context(viewing=(IDS[0],), session=(IDS[0],)))
    assert slate.strategy == "item"


def test_an_item_without_neighbours_in_stock_is_answered_by_its_category() -> None:
    slate = build_slate(align(without_neighbours(MODEL), shelf()), context(viewing=(IDS[0],), count=20))
    assert slate.strategy == "category"
    mates = [item for item in slate.items if item.strategy == "category"]
    assert {item.row for item in mates} == set(range(4, N, 4))
    assert {item.reason.because for item in mates} == {IDS[0]}
    assert strategies(slate) == {"category", "trending"}


def test_a_visitor_of_whom_nothing_is_known_is_shown_what_trends() -> None:
    slate = build_slate(align(MODEL, shelf()), context())
    assert strategies(slate) == {"trending"}
    scores = [item.score for item in slate.items]
    assert scores == sorted(scores, reverse=True)


def test_a_shop_without_a_model_shows_the_newest_first() -> None:
    slate = build_slate(align(None, shelf()), context(count=3))
    assert (slate.strategy, [item.row for item in slate.items]) == ("newest", [39, 38, 37])


def test_an_empty_shelf_gives_an_empty_slate() -> None:
    nothing = Shelf(np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0, np.int32), np.empty(0, np.int32))
    assert build_slate(align(MODEL, nothing), context(session=(IDS[0],))) == RankedSlate("", ())
    assert build_slate(align(None, nothing), context()) == RankedSlate("", ())


def test_sold_out_favourites_leave_their_places_to_the_next_best_of_the_same_rung() -> None:
    visit = context(session=(IDS[0],), count=3)
    first = build_slate(align(MODEL, shelf()), visit)
    stock = [Availability.IN_STOCK] * N
    for item in first.items:
        stock[item.row] = Availability.SOLD_OUT
    second = build_slate(align(MODEL, shelf(stock)), visit)
    assert second.strategy == "session"
    assert not set(shown(first)) & set(shown(second))


def test_back_soon_products_take_at_most_a_quarter_while_others_can_be_bought() -> None:
    stock = [Availability.SOLD_OUT if row % 4 == 0 else Availability.IN_STOCK for row in range(N)]
    slate = build_slate(align(MODEL, shelf(stock, back_soon=True)), context(session=(IDS[0],), count=8))
    assert [item.back_soon for item in slate.items] == [False] * 6 + [True] * 2


def test_back_soon_products_fill_the_places_that_nothing_else_can() -> None:
    stock = [Availability.IN_STOCK] + [Availability.SOLD_OUT] * (N - 1)
    slate = build_slate(align(MODEL, shelf(stock, back_soon=True)), context(count=8))
    assert [item.back_soon for item in slate.items] == [False] + [True] * 7


def test_a_product_that_the_model_does_not_know_can_be_shown_and_seen() -> None:
    ids = np.append(CATALOGUE.product_ids, 10_000)
    newer = Shelf(ids, np.full(N + 1, 3, np.int8), np.append(CATALOGUE.category, 0), np.append([N], NEWEST))
    assert 10_000 in shown(build_slate(align(MODEL, newer), context(count=N + 1)))
    assert build_slate(align(MODEL, newer), context(session=(10_000,))).strategy == "category"


def test_a_product_that_left_the_shelf_is_not_shown() -> None:
    fewer = Shelf(CATALOGUE.product_ids[1:], np.full(N - 1, 3, np.int8), CATALOGUE.category[1:], NEWEST[1:])
    slate = build_slate(align(MODEL, fewer), context(session=(IDS[4],), count=N))
    assert set(shown(slate)) | {IDS[4]} == set(IDS[1:]) | {IDS[4]}


def test_the_reason_states_how_many_orders_hold_both() -> None:
    bought = purchases(N)
    slate = build_slate(align(MODEL, shelf()), context(session=(IDS[0],)))
    told = [item for item in slate.items if item.reason.kind == "bought_together"]
    assert told
    baskets = [set(bought.item[bought.basket == order].tolist()) for order in np.unique(bought.basket)]
    for item in told:
        assert item.reason.count == sum({0, item.row} <= basket for basket in baskets)


@pytest.mark.parametrize("count", [0, -1])
def test_nobody_who_wants_nothing_gets_something(count: int) -> None:
    assert build_slate(align(MODEL, shelf()), context(count=count)).items == ()


def without_neighbours(model: Model) -> Model:
    own = np.repeat(np.arange(N, dtype=np.int32)[:, None], model.neighbour_items.shape[1], axis=1)
    return replace(model, neighbour_items=own, neighbour_parts=np.zeros_like(model.neighbour_parts))
