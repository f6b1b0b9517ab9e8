"""Nothing of the test weeks reaches what is shown in them: through `training.fit`, as every shop is fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender.backtests.backtest import VALIDATION, Backtest
from recommender.backtests.splits import Facts
from recommender.interactions import Catalogue, Purchases
from recommender.training import fit
from tests.unit.recommender.shops import DAY, SMALL, START, catalogue, lines, purchases, silent

PRODUCTS = 60


def tried(bought: Purchases, products: Catalogue, facts: Facts | None = None) -> Backtest:
    known = facts or Facts()
    found = fit(bought, products, SMALL, serving=None, serving_until=None, progress=silent, facts=known).trial
    assert found is not None
    return found


def with_another_future(bought: Purchases, cut: int) -> Purchases:
    """The same history, but the product put last into each order from the cut on is another one."""
    items, last = bought.item.copy(), np.flatnonzero(np.diff(bought.basket, append=-1))
    for line in last[bought.time[last] >= cut]:
        inside = set(items[bought.basket == bought.basket[line]].tolist())
        items[line] = (
            next(row for row in range(int(items[line]) + 1, int(items[line]) + 9) if row % 40 not in inside) % 40
        )
    return replace(bought, item=items)


def test_what_is_shown_does_not_depend_on_what_is_bought_next() -> None:
    """Whatever a strategy could have peeked at, it would show something else when that is different."""
    bought = purchases()
    first = tried(bought, catalogue())
    second = tried(with_another_future(bought, first.conditions.cut), catalogue())
    assert (first.cases.targets != second.cases.targets).all()
    assert first.cases.prefixes == second.cases.prefixes
    for name, shown in first.lists.items():
        assert np.array_equal(shown, second.lists[name]), name
    if first.chosen_on == VALIDATION:
        assert first.best_single == second.best_single


def planted(rng: np.random.Generator) -> Purchases:
    """Two years in which products 4 to 59 are bought at random, and last weeks with signals of their own.

    In these, 0 and 1 are only ever bought together, customer 7 buys nothing but 2 and 3, and each of the four was
    never bought before.
    """
    baskets: list[int] = []
    users: list[int] = []
    items: list[int] = []
    times: list[int] = []
    for order in range(600):
        late = order >= 500
        chosen = [[0, 1], [2, 3]][order % 2] if late else rng.choice(np.arange(4, PRODUCTS), 2, replace=False).tolist()
        baskets += [order] * 2
        users += [7 if late and order % 2 else order % 40] * 2
        items += chosen
        times += [START + (560 * DAY + (order - 500) * DAY // 5 if late else order * DAY)] * 2
    return lines(baskets, users, items, times)


def test_pairs_products_and_habits_of_the_test_weeks_alone_are_found_by_no_strategy() -> None:
    bought = planted(np.random.default_rng(3))
    plain = Catalogue(catalogue(PRODUCTS).product_ids, np.full(PRODUCTS, -1, np.int32), [""] * PRODUCTS)
    trial = tried(bought, plain)
    future = np.array([0, 1, 2, 3])
    assert set(trial.cases.targets.tolist()) <= set(future.tolist())
    for name, row in trial.rows.items():
        assert row.hit_rate.value == 0, name
        assert not np.isin(trial.lists[name], future).any(), name


def test_prices_and_countries_weigh_figures_and_move_no_product() -> None:
    """A price that says which products sell in the test weeks, and a country that names what each order ends with."""
    bought = planted(np.random.default_rng(3))
    prices = np.where(np.arange(PRODUCTS) < 4, 1e6, 1.0)
    country = bought.item.astype(str)
    told = tried(bought, catalogue(PRODUCTS), Facts(prices, country, country))
    untold = tried(bought, catalogue(PRODUCTS))
    assert "revenue@10" in told.rows["popularity"].figures
    for name, shown in untold.lists.items():
        assert np.array_equal(shown, told.lists[name]), name


def test_figures_by_customer_know_only_the_past_of_each() -> None:
    trial = tried(planted(np.random.default_rng(3)), catalogue(PRODUCTS))
    histories = [item for history in trial.cases.histories for item in history]
    assert histories
    assert min(histories) >= 4
