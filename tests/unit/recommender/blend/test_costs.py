from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from recommender.backtests.splits import Cases, before, cases_within
from recommender.blend.business import BusinessWeights, Traits
from recommender.blend.costs import LEVELS, stated_costs
from recommender.interactions import orders_of, user_rows
from recommender.training import fit
from tests.unit.recommender.shops import DAY, SMALL, START, catalogue, purchases, silent

N = 120
CATALOGUE = catalogue(N)
SOLD = purchases(N, orders=900)
CUT = START + 170 * DAY
ORDERS, ORDER = orders_of(SOLD, N)
PAST = SOLD.where(before(ORDERS, ORDER, CUT))
MODEL = fit(PAST, CATALOGUE, SMALL, serving=None, serving_until=None, progress=silent).model
# Of no use to a shopper: every kind of product has high and low margins alike.
MARGIN = np.random.default_rng(3).permutation(N) / N
TRAITS = Traits(CATALOGUE.product_ids, {"margin": MARGIN, "novelty": -MODEL.popular.astype(np.float64)})


def held_out(at_most: int = 200) -> Cases:
    users, _ = user_rows(SOLD, ORDER, ORDERS.sizes, 100)
    span = (CUT, START + 200 * DAY)
    return cases_within(SOLD, ORDERS, ORDER, users, span, largest=100, at_most=at_most, seed=1)


CASES = held_out()
FOUND = stated_costs(MODEL, CATALOGUE, CASES, TRAITS, in_use=BusinessWeights(margin=1.5, boosts={100: 2.0}))


def test_every_weight_is_stated_at_every_level_and_at_the_merchants_own() -> None:
    levels = {name: [level["weight"] for level in each["levels"]] for name, each in FOUND["weights"].items()}
    assert levels["margin"] == sorted([*LEVELS, 1.5])
    assert levels["novelty"] == [*LEVELS]
    assert levels["diversity"] == [0.25, 0.5, 1.0]
    assert FOUND["cases"] == len(CASES)


def test_a_trait_that_is_known_of_no_product_is_said_to_be_unknown_and_not_measured() -> None:
    assert FOUND["weights"]["returns"] == {"known": 0.0, "levels": []}


def test_more_weight_buys_more_of_its_trait() -> None:
    for name in ("margin", "novelty"):
        levels = FOUND["weights"][name]["levels"]
        after = [level["after"] for level in levels]
        assert levels[0]["before"] < after[0] < after[-1]


def test_a_weight_that_drowns_what_shoppers_want_costs_clicks_beyond_doubt() -> None:
    against_a_kind = Traits(CATALOGUE.product_ids, {"margin": (np.arange(N) % 4 > 0).astype(np.float64)})
    of_that_kind = CASES.where(CASES.targets % 4 == 0)
    found = stated_costs(MODEL, CATALOGUE, of_that_kind, against_a_kind, levels=(5.0,))
    cost = found["weights"]["margin"]["levels"][-1]["cost"]
    assert 0 < cost["low"] <= cost["value"] <= cost["high"]


def test_diversity_buys_slates_that_are_less_alike() -> None:
    levels = FOUND["weights"]["diversity"]["levels"]
    assert levels[-1]["after"] < levels[0]["after"] < levels[0]["before"]


def test_all_weights_in_use_are_stated_together() -> None:
    cost = FOUND["in_use"]["cost"]
    assert cost["low"] <= cost["value"] <= cost["high"]
    assert FOUND["in_use"]["bought"]["margin"]["after"] > FOUND["in_use"]["bought"]["margin"]["before"]
    assert stated_costs(MODEL, CATALOGUE, CASES, TRAITS, levels=())["in_use"] is None


def test_the_statement_is_plain_data_and_the_same_again() -> None:
    again = stated_costs(MODEL, CATALOGUE, CASES, TRAITS, in_use=BusinessWeights(margin=1.5, boosts={100: 2.0}))
    assert json.dumps(again, allow_nan=False) == json.dumps(FOUND, allow_nan=False)


def test_progress_ends_at_the_whole() -> None:
    told: list[float] = []
    stated_costs(MODEL, CATALOGUE, CASES, TRAITS, levels=(1.0,), told=told.append)
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] == 1


def test_orders_beyond_what_can_be_asked_in_time_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.blend.costs.MOST_CASES", 30)
    assert stated_costs(MODEL, CATALOGUE, CASES, TRAITS, levels=(1.0,))["cases"] == 30


@pytest.mark.parametrize("wanted", [np.empty((0, 1), np.int64), np.full((1, 1), N - 1)])
def test_without_a_click_to_lose_no_cost_is_made_up(wanted: np.ndarray) -> None:
    few = replace(held_out(1), wanted=wanted, prefixes=[[N - 1]] * len(wanted), histories=[[]] * len(wanted))
    few = replace(few, ages=[[]] * len(wanted))
    found = stated_costs(MODEL, CATALOGUE, few, TRAITS, levels=(1.0,))
    assert found["weights"]["margin"]["levels"][0]["cost"] is None
