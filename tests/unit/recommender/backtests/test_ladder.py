"""Shops with too few orders: what they are told, and which rung takes the lead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import artifacts
from recommender.backtests.ladder import Ladder, ladder, outlook
from recommender.backtests.lists import in_stock
from recommender.backtests.splits import days_that_hold
from recommender.interactions import Catalogue, Purchases, orders_of
from recommender.serving.slates import RUNGS, Context, build_slate
from recommender.toplists import TopLists, empty
from recommender.training import Fit, fit
from tests.unit.recommender.shops import DAY, SMALL, START, catalogue, lines, purchases, silent


def climbed(bought: Purchases, products: int = 40) -> Ladder:
    return ladder(bought, catalogue(products), SMALL, empty(np.arange(products), 5))


def singles(items: list[int], days_apart: float = 1.0) -> Purchases:
    """Guests' orders of one product each."""
    times = [START + int(number * days_apart * DAY) for number in range(len(items))]
    return lines(list(range(len(items))), [-1] * len(items), items, times)


def test_a_shop_is_told_how_many_orders_it_lacks_and_how_long_that_takes() -> None:
    bought = purchases(orders=26, days=52)
    found = outlook(orders_of(bought, 40)[0], SMALL.largest_basket, cases=5)
    assert (found.orders, found.testable, found.needed) == (26, 26, 100)
    assert found.days == pytest.approx((100 - 26) * 50 / 26, abs=1)


def test_orders_of_one_product_are_no_pace_towards_a_test() -> None:
    found = outlook(orders_of(singles([1] * 50), 40)[0], SMALL.largest_basket, cases=0)
    assert (found.orders, found.testable, found.days) == (50, 0, None)


def test_a_shop_of_a_single_day_has_no_pace_yet() -> None:
    bought = lines([1, 1], [-1, -1], [1, 2], [START, START])
    assert outlook(orders_of(bought, 40)[0], SMALL.largest_basket, cases=0).days is None


def test_a_slow_shop_is_tested_on_more_days() -> None:
    orders, _ = orders_of(purchases(orders=200, days=800), 40)
    assert days_that_hold(orders, 28, 20, 100) == pytest.approx(80, abs=4)
    assert days_that_hold(orders, 365, 20, 100) == 365
    assert days_that_hold(orders, 28, 1000, 100) == 28


def test_without_an_order_the_ladder_stays_as_it_is() -> None:
    found = climbed(singles([]))
    assert (found.first_rung, found.cases) == (RUNGS[0], 0)


def test_habits_of_baskets_keep_the_session_in_the_lead() -> None:
    assert climbed(purchases(orders=60, days=60)).first_rung == "session"


def test_a_shop_where_only_the_newest_sells_leads_with_the_newest() -> None:
    """What sold before never sells again, and a product is bought when it is the newest there is."""
    found = climbed(singles([number % 3 + 37 for number in range(5)] + [39, 38] * 20), 40)
    assert found.rungs["newest"].gain >= found.rungs["trending"].gain


def fads(orders: int = 80) -> Purchases:
    """Each order holds products that never come together again, and last the one that everybody buys at the time."""
    rng = np.random.default_rng(4)
    baskets, items, times = [], [], []
    for number in range(orders):
        first, partner = rng.integers(0, 30, 2).tolist()
        for item in dict.fromkeys((first, partner, 30 + number // 20)):
            baskets.append(number)
            items.append(item)
            times.append(START + number * DAY)
    return lines(baskets, [-1] * len(baskets), items, times)


def test_what_sells_now_leads_where_baskets_mislead() -> None:
    found = climbed(fads())
    assert found.first_rung == "trending"
    assert found.rungs["trending"].lead > found.rungs["trending"].error


def shown(
    result: Fit,
    products: Catalogue,
    *,
    session: tuple[int, ...] = (),
    viewing: tuple[int, ...] = (),
    cart: tuple[int, ...] = (),
) -> set[str]:
    """The rungs that a slate of ten is from."""
    slate = build_slate(in_stock(result.model, products), Context("page", session, viewing, cart, 10))
    return {item.strategy for item in slate.items}


def test_a_shop_with_too_few_orders_is_served_from_the_rung_that_does_best_there(tmp_path: Path) -> None:
    products = catalogue()
    result = fit(fads(), products, SMALL, serving=None, serving_until=None, progress=silent)
    assert "without a test" in result.verdict.reason
    assert result.backtest["ladder"]["first_rung"] == result.model.serving.first_rung == "trending"  # type: ignore[index]
    seen = (int(products.product_ids[3]),)
    assert shown(result, products, session=seen, cart=seen) == {"trending"}
    assert "item" in shown(result, products, viewing=seen), "a product's own page is about the product"
    artifacts.save(result.model, tmp_path / "model", {})
    assert artifacts.load(tmp_path / "model")[0].serving == result.model.serving


def test_a_shop_with_enough_orders_climbs_the_whole_ladder() -> None:
    result = fit(purchases(), catalogue(), SMALL, serving=None, serving_until=None, progress=silent)
    assert result.model.serving.first_rung == RUNGS[0]


def test_a_lead_over_a_handful_of_orders_is_no_lead() -> None:
    found = climbed(singles([39, 38, 39, 38]))
    assert found.first_rung == "session"


def test_a_rung_knows_nothing_of_the_orders_after() -> None:
    """Products that are never bought before the last order can't be found by what was bought."""
    bought = singles([1, 2, 3, 4, 5])
    assert {climbed(bought, 40).rungs[name].gain for name in RUNGS[:4]} == {0.0}


def test_words_lead_to_what_nobody_bought_yet() -> None:
    """Orders of two products of like words each, which come but once."""
    bought = lines(
        np.repeat(np.arange(15), 2).tolist(),
        [-1] * 30,
        list(range(30)),
        np.repeat(START + np.arange(15) * DAY, 2).tolist(),
    )
    partners = (np.arange(40) ^ 1).astype(np.int32)[:, None]
    alike = TopLists(partners, np.full((40, 1), 0.5, np.float32))
    found = ladder(bought, catalogue(40), SMALL, alike)
    assert found.rungs["item"].gain == found.rungs["session"].gain == 1
    assert climbed(bought).rungs["item"].gain < 1


def test_orders_decades_apart_are_no_trouble() -> None:
    assert climbed(singles([1, 1, 1, 2], days_apart=30_000)).cases == 3


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(-1, 3), st.integers(0, 7), st.integers(0, 90)),
        min_size=1,
        max_size=40,
    )
)
def test_any_handful_of_lines_has_a_first_rung(sold: list[tuple[int, int, int, int]]) -> None:
    baskets, users, items, days = (list(column) for column in zip(*sold, strict=True))
    found = climbed(lines(baskets, users, items, [START + day * DAY for day in days]), 8)
    assert found.first_rung in RUNGS
    assert all(0 <= rung.gain <= 1 for rung in found.rungs.values())
    assert found == climbed(lines(baskets, users, items, [START + day * DAY for day in days]), 8)
