from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender import artifacts
from recommender.backtests.backtest import RIVAL
from recommender.errors import BadPurchases
from recommender.interactions import Catalogue, Purchases
from recommender.model import Model, Record
from recommender.training import Fit, fit
from tests.unit.recommender.shops import DAY, SMALL, START, catalogue, lines, purchases, silent


def fitted(
    bought: Purchases, products: Catalogue, serving: Model | None = None, serving_until: int | None = None
) -> Fit:
    return fit(bought, products, SMALL, serving=serving, serving_until=serving_until, progress=silent)


def hit_rate(result: Fit, strategy: str) -> float:
    table: Any = result.backtest["strategies"]
    return float(table[strategy]["hr@10"]["value"])


def digest(model: Model) -> str:
    return hashlib.sha256(b"".join(getattr(model, name).tobytes() for name in artifacts.ARRAYS)).hexdigest()


def joined(*parts: Purchases) -> Purchases:
    columns = ("basket", "user", "item", "quantity", "time")
    return Purchases(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = fitted(purchases(), catalogue()), fitted(purchases(), catalogue())
    assert digest(first.model) == digest(second.model)
    assert first.backtest == second.backtest
    assert first.verdict == second.verdict


def test_two_threads_give_what_one_gives() -> None:
    two = fit(purchases(), catalogue(), replace(SMALL, threads=2), serving=None, serving_until=None, progress=silent)
    assert digest(two.model) == digest(fitted(purchases(), catalogue()).model)


def test_another_seed_gives_another_model() -> None:
    other = fit(purchases(), catalogue(), replace(SMALL, seed=7), serving=None, serving_until=None, progress=silent)
    assert digest(other.model) != digest(fitted(purchases(), catalogue()).model)


def test_a_shop_with_habits_is_served_better_than_by_its_best_sellers() -> None:
    result = fitted(purchases(), catalogue())
    assert result.verdict.publish
    assert hit_rate(result, "session") > 2 * hit_rate(result, "popularity")


def test_a_signal_of_the_test_weeks_alone_is_not_found() -> None:
    """In the last weeks 0 and 1 are always bought together, which nobody ever did before."""
    products = catalogue(60, categories=1)
    rng = np.random.default_rng(3)
    baskets: list[int] = []
    users: list[int] = []
    items: list[int] = []
    times: list[int] = []
    for order in range(600):
        late = order >= 500
        chosen = [0, 1] if late else rng.choice(np.arange(2, 60), 2, replace=False).tolist()
        baskets += [order] * 2
        users += [order % 40] * 2
        items += chosen
        times += [START + order * DAY // 4 + (60 * DAY if late else 0)] * 2
    result = fitted(lines(baskets, users, items, times), products)
    assert result.backtest["cases"] == 100
    table: Any = result.backtest["strategies"]
    assert {name: row["hr@10"]["value"] for name, row in table.items()} == dict.fromkeys(table, 0.0)


def test_the_published_model_knows_the_test_weeks_too() -> None:
    bought = purchases(seed=5)
    late = lines([9_000] * 2 * 30, [77] * 60, [0, 1] * 30, [int(bought.time.max())] * 60)
    late = replace(late, basket=np.repeat(np.arange(9_000, 9_030), 2))
    model = fitted(joined(bought, late), catalogue()).model
    pair = model.neighbour_counts[0][model.neighbour_items[0] == 1]
    assert pair.tolist() == [30]


def test_a_model_no_better_than_the_one_that_serves_is_still_published() -> None:
    bought = purchases()
    until = START + 150 * DAY
    serving = fitted(bought.where(bought.time <= until), catalogue()).model
    result = fitted(bought, catalogue(), serving, until)
    assert RIVAL in result.backtest["strategies"]  # type: ignore[operator]
    assert result.verdict.publish
    assert "the model in use managed" in result.verdict.reason


def test_a_model_worse_than_the_one_that_serves_is_refused() -> None:
    """Before the cut everybody bought at random; the serving model, from elsewhere, knows what comes."""
    habits = purchases(orders=600, days=200, seed=2)
    serving = fitted(habits, catalogue()).model
    rng = np.random.default_rng(0)
    noise = replace(habits, item=rng.integers(0, 40, len(habits)).astype(np.int32))
    later = purchases(orders=300, days=60, seed=4)
    later = replace(later, time=later.time + 210 * DAY, basket=later.basket + 10_000)
    result = fitted(joined(noise, later), catalogue(), serving, int(noise.time.max()))
    assert not result.verdict.publish
    assert result.verdict.reason.startswith("Not published.")


def test_a_hit_rate_wholly_below_the_one_the_serving_model_had_is_refused() -> None:
    bought = purchases(200)
    serving = replace(fitted(bought, catalogue(200)).model, tested=Record(0.995, 0.99, 1.0, 500))
    result = fitted(bought, catalogue(200), serving, int(bought.time.max()))
    assert not result.verdict.publish
    assert "when it was tested" in result.verdict.reason


@pytest.mark.parametrize("orders", [0, 1, 8, 40])
def test_a_shop_with_too_few_orders_is_published_untested_and_says_so(orders: int) -> None:
    result = fitted(purchases(orders=orders), catalogue())
    assert result.verdict.publish
    assert "without a test" in result.verdict.reason
    assert result.model.tested is None
    assert len(result.model) == 40


def test_a_shop_with_one_product_is_fitted() -> None:
    bought = lines([1, 2, 3], [1, 2, -1], [0, 0, 0], [START, START + DAY, START + 2 * DAY])
    assert len(fitted(bought, catalogue(1)).model) == 1


def test_a_shop_without_products_is_fitted() -> None:
    assert len(fitted(purchases(orders=0), catalogue(0)).model) == 0


def test_a_shop_of_guests_alone_is_fitted() -> None:
    bought = purchases()
    result = fitted(replace(bought, user=np.full(len(bought), -1)), catalogue())
    assert result.model.item_factors.any()
    assert hit_rate(result, "session") > 2 * hit_rate(result, "popularity")


def test_a_product_nobody_bought_has_factors_and_neighbours_by_its_words() -> None:
    model = fitted(purchases(39), catalogue(40)).model
    unit = model.item_factors / np.linalg.norm(model.item_factors, axis=1, keepdims=True)
    near = unit[:39] @ unit[39]
    assert near[3::4].mean() > max(near[kind::4].mean() for kind in range(3)) + 0.3
    assert not model.fold_factors[39].any()
    assert model.trending[39] == 0
    neighbours = model.neighbour_items[39][model.neighbour_parts[:, 39].max(axis=0) > 0]
    assert len(neighbours)
    assert {int(row) % 4 for row in neighbours} | {int(row) % 7 for row in neighbours} >= {39 % 4}
    assert not model.neighbour_counts[39].any()


def test_progress_only_ever_goes_on() -> None:
    told: list[tuple[str, float]] = []
    fit(
        purchases(),
        catalogue(),
        SMALL,
        serving=None,
        serving_until=None,
        progress=lambda stage, fraction: told.append((stage, fraction)),
    )
    assert [fraction for _, fraction in told] == sorted(fraction for _, fraction in told)
    assert list(dict.fromkeys(stage for stage, _ in told)) == [
        "matrix",
        "fit",
        "refit",
        "backtest",
        "neighbours",
    ]


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (lambda bought: replace(bought, quantity=bought.quantity * 0), "quantities are above 0"),
        (lambda bought: replace(bought, item=bought.item + 1000), "every item is a row of the catalogue"),
        (lambda bought: replace(bought, user=bought.user[1:]), "every column of the purchases"),
    ],
)
def test_purchases_that_break_a_rule_are_refused_by_its_name(broken: Any, rule: str) -> None:
    with pytest.raises(BadPurchases, match=rule):
        fitted(broken(purchases()), catalogue())


def test_a_shop_whose_orders_hold_one_product_each_learns_from_what_customers_come_back_for() -> None:
    rng = np.random.default_rng(8)
    users = rng.integers(0, 60, 900).tolist()
    items = [int(rng.integers(0, 10) * 4 + user % 4) for user in users]
    bought = lines(list(range(900)), users, items, [START + order * DAY // 5 for order in range(900)])
    plain = Catalogue(catalogue().product_ids, catalogue().category, [""] * 40)
    model = fitted(bought, plain).model
    best = model.neighbour_items[:, :5]
    assert ((best % 4) == np.arange(40)[:, None] % 4).mean() > 0.95
