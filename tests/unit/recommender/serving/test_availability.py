"""The truth table of stock, line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.serving.availability import Availability, VariantStock, product_availability, variant_availability

THRESHOLD = 3
IN_STOCK, LOW, SOLD_OUT, HIDDEN = (
    Availability.IN_STOCK,
    Availability.LOW,
    Availability.SOLD_OUT,
    Availability.HIDDEN,
)

stocks = st.builds(
    VariantStock,
    tracked=st.booleans(),
    continue_selling=st.booleans(),
    levels=st.lists(st.integers(-50, 50), max_size=4).map(tuple),
)


@pytest.mark.parametrize(
    ("tracked", "continue_selling", "levels", "expected"),
    [
        (False, False, (), IN_STOCK),
        (False, False, (0,), IN_STOCK),
        (False, True, (-4,), IN_STOCK),
        (True, False, (4,), IN_STOCK),
        (True, True, (4,), IN_STOCK),
        (True, False, (2, 2), IN_STOCK),
        (True, False, (3,), LOW),
        (True, True, (1,), LOW),
        (True, False, (1, 0), LOW),
        (True, True, (0,), IN_STOCK),
        (True, True, (), IN_STOCK),
        (True, False, (0,), SOLD_OUT),
        (True, False, (), SOLD_OUT),
        (True, False, (0, 0), SOLD_OUT),
        (True, False, (-5,), SOLD_OUT),
        (True, False, (-5, 4), IN_STOCK),
    ],
)
def test_each_line_of_the_table_of_variants(
    tracked: bool, continue_selling: bool, levels: tuple[int, ...], expected: Availability
) -> None:
    stock = VariantStock(tracked, continue_selling, levels)
    assert variant_availability(stock, low_stock_threshold=THRESHOLD) is expected


@pytest.mark.parametrize(
    ("active", "published", "sold_in_market"),
    [(False, True, True), (True, False, True), (True, True, False), (False, False, False)],
)
def test_what_is_not_offered_is_hidden_however_much_there_is(
    active: bool, published: bool, sold_in_market: bool
) -> None:
    plenty = VariantStock(tracked=True, continue_selling=True, levels=(100,))
    found = product_availability(
        active=active,
        published=published,
        sold_in_market=sold_in_market,
        variants=[plenty],
        low_stock_threshold=THRESHOLD,
    )
    assert found is HIDDEN


def _offered(variants: list[VariantStock], threshold: int = THRESHOLD) -> Availability:
    return product_availability(
        active=True, published=True, sold_in_market=True, variants=variants, low_stock_threshold=threshold
    )


def test_a_product_without_variants_is_hidden() -> None:
    assert _offered([]) is HIDDEN


@given(st.lists(stocks, min_size=1, max_size=6), st.integers(0, 10))
def test_a_product_stands_as_well_as_its_best_variant(variants: list[VariantStock], threshold: int) -> None:
    each = [variant_availability(variant, low_stock_threshold=threshold) for variant in variants]
    assert _offered(variants, threshold) is max(each)


@given(stocks, st.integers(0, 10))
def test_taking_pieces_away_never_makes_a_variant_stand_better(stock: VariantStock, threshold: int) -> None:
    fewer = VariantStock(stock.tracked, False, tuple(level - 1 for level in stock.levels))
    before = variant_availability(VariantStock(stock.tracked, False, stock.levels), low_stock_threshold=threshold)
    assert variant_availability(fewer, low_stock_threshold=threshold) <= before


@given(st.lists(st.integers(-50, 0), max_size=4))
def test_a_tracked_variant_without_a_piece_anywhere_is_sold_out(levels: list[int]) -> None:
    stock = VariantStock(tracked=True, continue_selling=False, levels=tuple(levels))
    assert variant_availability(stock, low_stock_threshold=THRESHOLD) is SOLD_OUT
