from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.backtests.lists import in_stock
from recommender.backtests.splits import Cases
from recommender.blend.features import FEATURES, PAGES, prior_weights
from recommender.blend.logit import Choices
from recommender.blend.teaching import _oldest_first
from recommender.blend.trees import Trees
from recommender.interactions import Catalogue
from recommender.personal.linear import LinearItems
from recommender.serving.slates import Context, build_slate
from recommender.training import Fit, fit
from tests.unit.recommender.shops import DAY, SMALL, START, catalogue, lines, purchases, silent

AT = {name: place for place, name in enumerate(FEATURES)}


def fitted(bought: object, products: Catalogue | None = None, **more: object) -> Fit:
    parameters = replace(SMALL, **more)  # type: ignore[arg-type]
    return fit(bought, products or catalogue(), parameters, serving=None, serving_until=None, progress=silent)  # type: ignore[arg-type]


def returning_customers(orders: int = 900) -> object:
    """Each of 60 customers has four products of their own, and buys two of them at random every time."""
    rng = np.random.default_rng(3)
    baskets, users, items, times = [], [], [], []
    own = [rng.choice(40, 4, replace=False) for _ in range(60)]
    for order in range(orders):
        user = int(rng.integers(0, 60))
        bought = rng.choice(own[user], 2, replace=False)
        baskets += [order] * 2
        users += [user] * 2
        items += bought.tolist()
        times += [START + order * DAY // 5] * 2
    return lines(baskets, users, items, times)


def test_a_shop_of_returning_customers_learns_to_offer_what_each_bought_before() -> None:
    result = fitted(returning_customers())
    weights = dict(zip(FEATURES, result.model.serving.rankers["known visit"], strict=True))
    assert weights["bought"] + weights["bought_before"] > 4
    rates = result.backtest["repeat_customers"]["hr@10"]  # type: ignore[index]
    assert rates["session"]["value"] > 0.9 > rates["co-purchase"]["value"]


def test_a_shop_where_nobody_comes_back_learns_that_earlier_purchases_say_nothing() -> None:
    seldom, often = (
        dict(zip(FEATURES, fitted(bought).model.serving.rankers["known visit"], strict=True))["bought"]
        for bought in (purchases(orders=900), returning_customers())
    )
    assert seldom < often


def test_a_shop_with_too_few_orders_serves_by_the_prior() -> None:
    model = fitted(purchases(orders=20)).model
    assert set(model.serving.rankers.values()) == {tuple(prior_weights().tolist())}


def test_what_was_taught_is_the_same_for_the_same_seed() -> None:
    first, second = (fitted(purchases()).model.serving for _ in range(2))
    assert first == second


@pytest.mark.parametrize("useful", [True, False])
def test_an_optional_list_stays_only_where_it_wins(useful: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products are bought in pairs that no other list knows of, as no word and no order before the test tells them."""
    rng = np.random.default_rng(5)
    partner = rng.permutation(40)
    order = np.repeat(np.arange(1500), 2)
    first = rng.integers(0, 40, 1500)
    second = np.where(rng.random(1500) < 0.5, partner[first], rng.integers(0, 40, 1500))
    second = np.where(second == first, (first + 1) % 40, second)
    items = np.stack([first, second], 1).ravel().tolist()
    bought = lines(order.tolist(), (-np.ones(3000, int)).tolist(), items, (START + order * DAY // 9).tolist())
    told = partner if useful else np.roll(partner, 7)

    def pairs(*_: object) -> LinearItems:
        own = np.arange(40, dtype=np.int32)[:, None].repeat(10, axis=1)
        own[:, 0] = told
        weights = np.zeros((40, 10), np.float32)
        weights[:, 0] = 1.0
        return LinearItems(own, weights)

    monkeypatch.setattr("recommender.fitting.optional.fit_linear", pairs)
    # Co-purchase that is so damped that it knows of popularity alone.
    plain = Catalogue(catalogue().product_ids, np.full(40, -1, np.int32), [""] * 40)
    model = fitted(bought, plain, together_shrinkage=1e6, factors=2).model
    assert ("linear" in model.serving.parts) == useful


def test_trees_that_win_are_in_the_model_of_their_page_and_move_its_slates(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def win(choices: Choices, weights: np.ndarray, _prior: np.ndarray, _strength: float) -> Trees | None:
        asked.append(choices)
        # What lies in the visit's own category goes last.
        category, leaves = np.full((1, 1), AT["category"], np.int32), np.array([[50.0, -50.0]], np.float32)
        return Trees(category, np.full((1, 1), 0.5, np.float32), leaves) if len(asked) == 1 else None

    monkeypatch.setattr("recommender.blend.teaching.winning_trees", win)
    products = catalogue()
    model = fitted(purchases(orders=900), products).model
    assert [*model.trees] == ["visit"]
    assert len(asked) == len(PAGES) - 1
    plain, treed = (in_stock(each, products) for each in (replace(model, trees={}), model))
    for row, viewed in enumerate(products.product_ids[:10].tolist()):
        home, page = (Context(place, (viewed,), view, (), 8) for place, view in (("home", ()), ("product", (viewed,))))
        assert all(item.row % 4 != row % 4 for item in build_slate(treed, home).items)
        assert any(item.row % 4 == row % 4 for item in build_slate(plain, home).items)
        assert build_slate(treed, page).items == build_slate(plain, page).items


def test_choices_are_asked_oldest_first_whether_of_orders_or_of_visits() -> None:
    """So that the newest of both say how many trees to keep."""

    def asked(times: list[int]) -> Cases:
        none: list[list[int]] = [[] for _ in times]
        numbers = np.array(times, np.int64)
        return Cases(
            [[time] for time in times], numbers[:, None], numbers, numbers, numbers < 0, none, [[] for _ in times]
        )

    found = [wanted[0] for _, wanted in _oldest_first(catalogue(), [asked([2, 9]), asked([1, 5, 12])])]
    assert found == [1, 2, 5, 9, 12]
