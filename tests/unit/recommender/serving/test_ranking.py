from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.blend.boosting import add_scores
from recommender.blend.features import FEATURES, prior_weights
from recommender.blend.trees import Trees
from recommender.serving import ranking
from recommender.serving.alignment import align
from recommender.serving.availability import Availability
from recommender.serving.ranking import Known, candidates, ranked, seed_weights
from recommender.serving.shelf import Shelf
from recommender.training import fit
from tests.unit.recommender.shops import SMALL, catalogue, purchases, silent

N = 40
CATALOGUE = catalogue(N)
MODEL = fit(purchases(N), CATALOGUE, SMALL, serving=None, serving_until=None, progress=silent).model
NEWEST = np.arange(N, dtype=np.int32)
AT = {name: place for place, name in enumerate(FEATURES)}

rows = st.integers(0, N - 1)


@given(
    st.lists(rows, min_size=1, max_size=5, unique=True),
    st.dictionaries(rows, st.floats(0.125, 5, width=32), max_size=6),
    st.sets(rows, max_size=5),
    st.lists(st.sampled_from(Availability), min_size=N, max_size=N),
    st.booleans(),
)
def test_each_candidate_stands_once_is_on_offer_and_its_features_are_what_the_model_says(
    seeds: list[int], bought: dict[int, float], barred: set[int], stock: list[Availability], widely: bool
) -> None:
    aligned = align(MODEL, Shelf(CATALOGUE.product_ids, np.array(stock, np.int8), CATALOGUE.category, NEWEST))
    avoided = [*seeds, *barred]
    known = Known(seeds, [*bought], np.array([*bought.values()], np.float32), avoided, [])
    found = candidates(aligned, aligned.sellable, MODEL, known, widely=widely)
    assert len(set(found.rows.tolist())) == len(found.rows)
    weights = seed_weights(MODEL, len(seeds))
    together = np.zeros(N)
    for seed, weight in zip(seeds, weights.tolist(), strict=True):
        np.add.at(together, MODEL.neighbour_items[seed], weight * MODEL.neighbour_parts[0, seed])
    best = max((together[row] for row in found.rows.tolist()), default=0) or 1
    for row, features in zip(found.rows.tolist(), found.features.T, strict=True):
        assert stock[row] >= Availability.LOW
        assert row not in avoided
        assert np.isclose(features[AT["together"]], together[row] / best, atol=1e-5)
        assert np.isclose(features[AT["bought"]], np.log1p(bought.get(row, 0.0)), atol=1e-5)
        assert features[AT["bought_before"]] == (row in bought)
        alike = sum(w for s, w in zip(seeds, weights.tolist(), strict=True) if s % 4 == row % 4) / weights.sum()
        assert np.isclose(features[AT["category"]], alike, atol=1e-5)


@given(st.lists(rows, min_size=1, max_size=5, unique=True), st.integers(1, 30))
def test_the_best_come_first_and_fewer_are_the_first_of_more(seeds: list[int], count: int) -> None:
    aligned = align(MODEL, Shelf(CATALOGUE.product_ids, np.full(N, 3, np.int8), CATALOGUE.category, NEWEST))
    known = Known(seeds, [], np.empty(0, np.float32), seeds, [])
    found = candidates(aligned, aligned.sellable, MODEL, known, widely=True)
    best, more = (ranked(aligned, MODEL, known, found, prior_weights(), many) for many in (count, N))
    assert best.scores == sorted(best.scores, reverse=True)
    assert best.scores == more.scores[:count]


def _trees(seed: int, count: int = 20, depth: int = 3) -> Trees:
    rng = np.random.default_rng(seed)
    asked = rng.integers(0, len(FEATURES) + 1, (count, depth)).astype(np.int32)
    thresholds = rng.random((count, depth), np.float32)
    return Trees(asked, thresholds, rng.normal(0, 0.2, (count, 1 << depth)).astype(np.float32))


@given(st.lists(rows, min_size=1, max_size=5, unique=True), st.integers(0, 1000))
def test_trees_add_what_they_say_of_each_candidate_and_the_best_by_both_come_first(seeds: list[int], seed: int) -> None:
    aligned = align(MODEL, Shelf(CATALOGUE.product_ids, np.full(N, 3, np.int8), CATALOGUE.category, NEWEST))
    found = candidates(aligned, aligned.sellable, MODEL, _visit(seeds), widely=True)
    trees, weights = _trees(seed), prior_weights()
    best = ranked(aligned, MODEL, _visit(seeds), found, weights, 10, trees)
    scores = weights @ found.features
    columns = np.ascontiguousarray(np.concatenate((found.features, scores[None])))
    add_scores(columns, trees, scores)
    assert best.scores == pytest.approx(np.sort(scores)[::-1][:10], abs=1e-4)


def test_only_the_best_by_the_weights_are_put_in_order_by_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "FINALISTS", 5)
    monkeypatch.setattr(ranking, "POOL", 1)
    aligned = align(MODEL, Shelf(CATALOGUE.product_ids, np.full(N, 3, np.int8), CATALOGUE.category, NEWEST))
    known = _visit([1, 2])
    found = candidates(aligned, aligned.sellable, MODEL, known, widely=True)
    first = ranked(aligned, MODEL, known, found, prior_weights(), 5)
    for seed in range(20):
        best = ranked(aligned, MODEL, known, found, prior_weights(), 5, _trees(seed))
        assert set(best.rows.tolist()) == set(first.rows.tolist())


def test_what_spoke_for_a_product_is_told_by_the_weights_alone() -> None:
    aligned = align(MODEL, Shelf(CATALOGUE.product_ids, np.full(N, 3, np.int8), CATALOGUE.category, NEWEST))
    known = _visit([1, 2])
    found = candidates(aligned, aligned.sellable, MODEL, known, widely=True)
    plain, treed = (ranked(aligned, MODEL, known, found, prior_weights(), 30, trees) for trees in (None, _trees(3)))
    told = [
        dict(zip(each.rows.tolist(), zip(each.kinds, each.because, each.counts, strict=True), strict=True))
        for each in (plain, treed)
    ]
    shared = told[0].keys() & told[1].keys()
    assert len(shared) > 10
    assert all(told[0][row] == told[1][row] for row in shared)


def test_a_merchants_boost_counts_beside_the_trees() -> None:
    appeal = np.zeros(N, np.float32)
    appeal[7] = 30.0
    shelf = Shelf(CATALOGUE.product_ids, np.full(N, 3, np.int8), CATALOGUE.category, NEWEST)
    boosted = align(MODEL, replace(shelf, appeal=appeal))
    found = candidates(boosted, boosted.sellable, MODEL, _visit([3]), widely=True)
    assert 7 in found.rows
    assert ranked(boosted, MODEL, _visit([3]), found, prior_weights(), 5, _trees(1)).rows[0] == 7


def _visit(seeds: list[int]) -> Known:
    return Known(seeds, [], np.empty(0, np.float32), seeds, [])
