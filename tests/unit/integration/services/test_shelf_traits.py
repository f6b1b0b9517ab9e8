from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from integration.services.market_shelf import MarketShelf
from integration.services.shelf_traits import margin_of, pieces_of, traits
from integration.storage.base import EPOCH
from integration.storage.shelf_rows import ShelfProduct, ShelfVariant
from recommender.blend.business import MARGIN, NEW_ARRIVALS, NOVELTY, RETURNS, STOCK_DEPTH
from recommender.serving.availability import VariantStock


def variant(
    price: str | None = "10",
    cost: str | None = None,
    levels: tuple[int, ...] = (5,),
    *,
    tracked: bool = True,
    goes_on: bool = False,
) -> ShelfVariant:
    amount, unit_cost = (None if each is None else Decimal(each) for each in (price, cost))
    return ShelfVariant("v", amount, None, "GBP", {}, unit_cost, VariantStock(tracked, goes_on, levels))


def product(*variants: ShelfVariant, number: int = 1, offered: bool = True, at: datetime = EPOCH) -> ShelfProduct:
    return ShelfProduct(number, f"p{number}", "", "", "", "", at, offered, None, variants)


@pytest.mark.parametrize(
    ("variants", "margin"),
    [
        ([variant("10", "4")], 0.6),
        ([variant("10", "4"), variant("10", "8"), variant("10", None)], 0.4),
        ([variant("10", "12")], -0.2),
        ([variant("10", None)], None),
        ([variant(None, "4")], None),
        ([variant("0", "4")], None),
        ([], None),
    ],
)
def test_a_margin_is_the_share_of_the_price_over_the_cost_where_both_are_known(
    variants: list[ShelfVariant], margin: float | None
) -> None:
    assert margin_of(product(*variants)) == pytest.approx(np.nan if margin is None else margin, nan_ok=True)


@pytest.mark.parametrize(
    ("variants", "pieces"),
    [
        ([variant(levels=(3, 4)), variant(levels=(5,))], 12),
        ([variant(levels=(3, -4))], 3),
        ([variant(levels=())], 0),
        ([variant(), variant(tracked=False)], None),
        ([variant(), variant(goes_on=True)], None),
        ([], None),
    ],
)
def test_pieces_are_what_can_be_sold_and_unknown_where_one_is_not_counted(
    variants: list[ShelfVariant], pieces: float | None
) -> None:
    assert pieces_of(product(*variants)) == pytest.approx(np.nan if pieces is None else pieces, nan_ok=True)


def test_nothing_is_said_of_what_cannot_be_shown_nor_of_what_is_not_known() -> None:
    shelf = MarketShelf(None, 0, back_soon=False)
    day = datetime(2026, 1, 1, tzinfo=UTC)
    hidden = product(variant("10", "1", (900,)), number=3, offered=False, at=day)
    shelf.update([product(variant("10", "5")), product(variant("10", None), number=2, at=day), hidden], None, None)
    known = traits(shelf.facts, None, {1: 4})
    assert known.values[MARGIN] == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)
    assert known.values[STOCK_DEPTH] == pytest.approx([5, 5, np.nan], nan_ok=True)
    assert np.isnan(known.values[NEW_ARRIVALS]).tolist() == [True, False, True]
    for name in (NOVELTY, RETURNS):
        assert np.isnan(known.values[name]).all()


def test_new_products_keep_the_others_facts_in_their_rows() -> None:
    shelf = MarketShelf(None, 0, back_soon=False)
    shelf.update([product(variant("10", "5"), number=5)], None, None)
    shelf.update([product(variant("10", "2", (7,)), number=2)], None, None)
    assert shelf.facts.product_ids.tolist() == [2, 5]
    assert shelf.facts.margin.tolist() == [0.8, 0.5]
    assert shelf.facts.pieces.tolist() == [7, 5]
