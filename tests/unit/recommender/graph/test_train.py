"""Learning the vectors: deterministic, able to be stopped, and better than chance on a shop with habits."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from recommender.graph.edges import ProductGraph, product_graph, transitions
from recommender.graph.train import GraphParameters, TorchMissing, hit_rate, train_vectors
from recommender.graph.vectors import ProductVectors
from recommender.graph.windows import Cases, cases_of

PRODUCTS, GROUP = 120, 6
SMALL = GraphParameters(factors=16, rounds=3, fewest_steps=90, asked=256, negatives=32)

with_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: `make setup-graph`"
)


def habits(sessions: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Sessions that stay within a group of six products each."""
    chance = np.random.default_rng(seed)
    clicks = [
        group * GROUP + chance.integers(0, GROUP, chance.integers(1, 6))
        for group in chance.integers(0, PRODUCTS // GROUP, sessions)
    ]
    return np.cumsum([0, *map(len, clicks)]), np.concatenate([*clicks, []]).astype(np.int32)


def graph_of(bounds: np.ndarray, items: np.ndarray, products: int = PRODUCTS) -> ProductGraph:
    return product_graph([transitions(bounds, items, products)], [np.arange(products, dtype=np.int32) // GROUP])


def learnt(sessions: int = 600, parameters: GraphParameters = SMALL) -> ProductVectors:
    bounds, items = habits(sessions)
    return train_vectors(np.arange(PRODUCTS), bounds, items, graph_of(bounds, items), parameters)


def test_without_pytorch_learning_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TorchMissing, match=r"make setup-graph.*shelfwise-app\[graph\]"):
        learnt()


def test_the_hit_rate_counts_what_is_among_the_first_twenty() -> None:
    line = np.stack([np.cos(np.linspace(0, 1, 30)), np.sin(np.linspace(0, 1, 30))], axis=1).astype(np.float32)
    vectors = ProductVectors(np.arange(30), line, np.ones(1, np.float32), 1.0)
    cases = Cases(np.zeros((3, 1), np.int32), np.array([1, 19, 20], np.int32))
    assert hit_rate(vectors, cases) == pytest.approx(2 / 3)


@with_torch
def test_learnt_vectors_tell_what_comes_next() -> None:
    bounds, items = habits(200, seed=4)
    cases = cases_of(bounds, items, 20, 1000)
    found = learnt()
    scores = found.session_vectors(cases.prefixes) @ found.vectors.T
    nearest = np.argsort(-scores, axis=1)[:, :GROUP]
    assert (nearest == cases.wanted[:, None]).any(axis=1).mean() > 0.9


@with_torch
@pytest.mark.parametrize("ordered", [True, False], ids=["sessions", "bags"])
def test_the_same_sessions_and_seed_give_the_same_vectors(ordered: bool) -> None:
    parameters = replace(SMALL, ordered=ordered)
    first, again = learnt(parameters=parameters), learnt(parameters=parameters)
    other = learnt(parameters=replace(parameters, seed=5))
    assert np.array_equal(first.vectors, again.vectors)
    assert np.array_equal(first.position_weights, again.position_weights)
    assert not np.array_equal(first.vectors, other.vectors)


@with_torch
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_vectors_are_of_length_one_however_far_the_graph_is_walked(layers: int) -> None:
    vectors = learnt(300, replace(SMALL, layers=layers)).vectors
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@with_torch
def test_a_new_product_is_placed_by_its_brand_and_one_that_nothing_is_known_of_is_nowhere() -> None:
    bounds, items = habits(600)
    items = np.where(items == 0, 1, items).astype(np.int32)
    traits = np.append(np.arange(PRODUCTS, dtype=np.int32) // GROUP, np.int32(-1))
    graph = product_graph([transitions(bounds, items, PRODUCTS + 1)], [traits])
    found = train_vectors(np.arange(PRODUCTS + 1), bounds, items, graph, SMALL)
    near = np.argsort(-(found.vectors @ found.vectors[0]))
    assert set(near[:GROUP].tolist()) == set(range(GROUP))
    assert not found.vectors[PRODUCTS].any()


@with_torch
def test_learning_can_be_stopped_between_steps() -> None:
    bounds, items = habits(300)
    seen: list[float] = []

    def stop(_stage: str, share: float) -> None:
        seen.append(share)
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_vectors(np.arange(PRODUCTS), bounds, items, graph_of(bounds, items), SMALL, stop)
    assert seen == sorted(seen)
    assert seen[-1] < 0.5


@with_torch
@pytest.mark.parametrize(
    "clicks",
    [[], [[0]], [[0], [1]], [[0, 0, 0]], [[0, 1]]],
    ids=["none", "one click", "single clicks", "one product", "one pair"],
)
def test_tiny_shops_are_learnt_without_a_crash(clicks: list[list[int]]) -> None:
    bounds = np.cumsum([0, *map(len, clicks)]).astype(np.int64)
    items = np.array([item for each in clicks for item in each], np.int32)
    found = train_vectors(np.arange(2), bounds, items, graph_of(bounds, items, 2), replace(SMALL, fewest_steps=5))
    assert np.isfinite(found.vectors).all()
    assert np.isfinite(found.scores(np.array([0, 1]))).all()
