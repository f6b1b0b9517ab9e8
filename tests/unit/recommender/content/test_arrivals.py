from __future__ import annotations

import numpy as np
import pytest

from recommender.content.arrivals import Content, fit_arrivals
from recommender.content.launches import Context, first_sales, launch
from recommender.interactions import Purchases

DAY = 86_400_000_000
START = 1_700_000_000_000_000
KINDS, PRODUCTS, USERS = 4, 120, 40


def _shop(days: int = 140, seed: int = 3) -> tuple[Purchases, Content]:
    """Each customer buys one kind; products come on sale one after another, and the kind is told by a trait."""
    rng = np.random.default_rng(seed)
    rows = []
    for order in range(1500):
        day = order * days / 1500
        user = int(rng.integers(0, USERS))
        on_sale = np.arange(user % KINDS, int(20 + (PRODUCTS - 20) * day / days), KINDS)
        rows += [(order, user, int(item), START + int(day * DAY)) for item in rng.choice(on_sale, 2, replace=False)]
    table = np.array(rows, np.int64).T
    sold = Purchases(table[0], table[1], table[2].astype(np.int32), np.ones(len(rows), np.float32), table[3])
    kind = (np.arange(PRODUCTS) % KINDS).astype(np.int32)
    return sold, Content([kind], np.eye(KINDS, dtype=np.float32)[kind])


def _context(history: list[int], basket: list[int]) -> Context:
    held = np.array(history, np.int32)
    return Context(held, np.ones(len(held), np.float32), np.array(basket, np.int32))


@pytest.mark.parametrize(("history", "basket"), [([0, 4, 8], []), ([], [0, 4]), ([0, 4, 8], [12])])
def test_new_products_of_the_kind_a_visitor_buys_come_first(history: list[int], basket: list[int]) -> None:
    sold, content = _shop()
    model = fit_arrivals(sold, content, START + 112 * DAY, seed=1)
    candidates = np.arange(100, 112, dtype=np.int32)
    scores = model.scores(_context(history, basket), candidates)
    assert set((candidates[np.argsort(-scores)[:3]] % KINDS).tolist()) == {0}


def test_what_was_sold_after_now_is_not_looked_at() -> None:
    sold, content = _shop()
    now = START + 100 * DAY
    candidates = np.arange(90, 110, dtype=np.int32)
    whole = fit_arrivals(sold, content, now, seed=1).scores(_context([1], [2]), candidates)
    past = fit_arrivals(sold.where(sold.time <= now), content, now, seed=1).scores(_context([1], [2]), candidates)
    np.testing.assert_array_equal(whole, past)


def test_a_shop_that_never_launched_anything_still_ranks_by_likeness() -> None:
    sold, content = _shop()
    young = sold.where(sold.time <= START + DAY)
    model = fit_arrivals(young, content, START + DAY, seed=1)
    scores = model.scores(_context([0], [4]), np.array([100, 101], np.int32))
    assert scores[0] > scores[1]


def test_no_sales_and_no_context_are_no_error() -> None:
    sold, content = _shop()
    model = fit_arrivals(sold.where(sold.time < 0), content, START, seed=1)
    assert np.isfinite(model.scores(_context([], []), np.arange(5, dtype=np.int32))).all()


def test_a_case_knows_the_past_and_the_rest_of_its_basket_and_nothing_new() -> None:
    sold, _ = _shop()
    begin = START + 112 * DAY
    first = first_sales(sold, PRODUCTS)
    cases = launch(sold, first, begin, 28, most=50, seed=1)
    assert len(cases.contexts) == 50
    new = set(cases.candidates.tolist())
    assert all(first[item] > begin for item in new)
    for context in cases.contexts:
        assert not new & set(context.history.tolist())
        assert not new & set(context.basket.tolist())
