from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.blend.business import (
    LARGEST_WEIGHT,
    MARGIN,
    TRAITS,
    BadWeights,
    BusinessWeights,
    Traits,
    appeal,
    kept_for_good,
    percentiles,
)

IDS = np.array([3, 7, 20, 21, 40], np.int64)
VALUES = np.array([0.1, 0.4, np.nan, 0.4, 0.9])

weights = st.builds(
    BusinessWeights,
    **{name: st.floats(0, LARGEST_WEIGHT) for name in TRAITS},
    diversity=st.floats(0, 1),
    boosts=st.dictionaries(st.integers(1, 10**12), st.floats(0.01, 10), max_size=4),
)
values = st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), max_size=30).map(lambda given: np.array(given, np.float64))


def test_no_weight_leaves_every_score_as_it_is() -> None:
    assert appeal(Traits(IDS, {MARGIN: VALUES}), BusinessWeights()) is None
    assert appeal(Traits(IDS, {MARGIN: VALUES}), BusinessWeights(diversity=1.0)) is None


def test_the_first_product_gains_the_weight_over_the_last_and_unknown_ones_stand_in_the_middle() -> None:
    added = appeal(Traits(IDS, {MARGIN: VALUES}), BusinessWeights(margin=2.0))
    assert added is not None
    assert added.dtype == np.float32
    assert added.tolist() == [-1.0, 0.0, 0.0, 0.0, 1.0]


def test_a_boost_multiplies_the_odds_of_its_product_alone() -> None:
    added = appeal(Traits(IDS, {}), BusinessWeights(boosts={20: 2.0, 40: 0.5, 999: 3.0}))
    assert added is not None
    assert np.exp(added) == pytest.approx([1, 1, 2, 1, 0.5])


def test_weights_add_up() -> None:
    traits = Traits(IDS, dict.fromkeys(TRAITS, VALUES))
    each = [appeal(traits, BusinessWeights.from_dict({name: 0.7})) for name in TRAITS]
    together = appeal(traits, BusinessWeights.from_dict(dict.fromkeys(TRAITS, 0.7)))
    assert together == pytest.approx(np.sum([one for one in each if one is not None], axis=0), abs=1e-6)


@given(values)
def test_percentiles_run_from_0_to_1_in_the_order_of_the_values(some: np.ndarray) -> None:
    places = percentiles(some)
    known = ~np.isnan(some)
    assert (places[~known] == 0.5).all()
    assert ((places >= 0) & (places <= 1)).all()
    if known.any():
        assert places[known].mean() == pytest.approx(0.5)
        order = np.argsort(some[known], kind="stable")
        assert (np.diff(places[known][order])[np.diff(some[known][order]) > 0] > 0).all()
        assert (np.diff(places[known][order])[np.diff(some[known][order]) == 0] == 0).all()


@given(values, st.floats(0.01, LARGEST_WEIGHT))
def test_more_of_a_trait_never_makes_a_product_less_likely(some: np.ndarray, weight: float) -> None:
    added = appeal(Traits(np.arange(len(some)), {MARGIN: some}), BusinessWeights(margin=weight))
    assert added is not None
    known = np.flatnonzero(~np.isnan(some))
    order = known[np.argsort(some[known], kind="stable")]
    assert (np.diff(added[order]) >= 0).all()
    assert np.ptp(added) <= weight + 1e-5 if len(added) else True


def test_one_return_of_two_says_less_than_a_hundred_of_two_hundred() -> None:
    kept = kept_for_good(np.array([0.0, 1.0, 100.0, 0.0, 0.0]), np.array([300.0, 1.0, 100.0, 0.0, 5.0]))
    assert kept[0] > kept[4] > kept[1] > kept[2]
    assert np.isnan(kept[3])


def test_a_shop_without_orders_knows_nothing_of_returns() -> None:
    assert np.isnan(kept_for_good(np.zeros(3), np.zeros(3))).all()
    assert len(kept_for_good(np.empty(0), np.empty(0))) == 0


@given(weights)
def test_weights_go_to_json_and_back(some: BusinessWeights) -> None:
    assert BusinessWeights.from_dict(json.loads(json.dumps(some.as_dict()))) == some
    assert bool(some) == (some != BusinessWeights())


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ({"margin": -1}, "margin must be from 0 to 5, not -1"),
        ({"margin": 5.1}, "margin must be from 0 to 5, not 5.1"),
        ({"returns": "much"}, "returns must be a number from 0 to 5, not 'much'"),
        ({"novelty": math.nan}, "novelty must be a number"),
        ({"stock_depth": True}, "stock_depth must be a number"),
        ({"diversity": 1.5}, "diversity must be from 0 to 1, not 1.5"),
        ({"boosts": {"3": 0}}, "the boost of product 3 must be above 0"),
        ({"boosts": {"3": 11}}, "the boost of product 3 must be from 0 to 10"),
        ({"boosts": {"tea": 2}}, "boosts must name product numbers"),
        ({"boosts": 2}, "boosts must name product numbers"),
        ({"profit": 1}, "there is no weight 'profit'; there are margin, stock_depth"),
    ],
)
def test_a_weight_that_cannot_be_is_named_with_what_it_may_be(plain: dict[str, object], said: str) -> None:
    with pytest.raises(BadWeights, match=said):
        BusinessWeights.from_dict(plain)
