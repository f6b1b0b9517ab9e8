"""What relates products: who follows whom, who is bought with whom, who shares a trait."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recommender.graph.edges import bought_together, product_graph, transitions

NOTHING = np.zeros(0, np.int32)


def sessions(*clicks: list[int]) -> tuple[np.ndarray, np.ndarray]:
    bounds = np.cumsum([0, *map(len, clicks)]).astype(np.int64)
    return bounds, np.array([item for session in clicks for item in session], np.int32)


def test_a_step_counts_in_both_directions() -> None:
    steps = transitions(*sessions([0, 1, 2], [1, 0]), 3).toarray()
    assert steps.tolist() == [[0, 2, 0], [2, 0, 1], [0, 1, 0]]


def test_the_end_of_one_session_is_no_step_to_the_next() -> None:
    assert transitions(*sessions([0], [1], [], [2]), 3).nnz == 0


def test_a_click_on_the_same_product_again_is_no_step() -> None:
    assert transitions(*sessions([0, 0, 0]), 1).nnz == 0


def test_no_sessions_have_no_steps() -> None:
    assert transitions(np.zeros(1, np.int64), NOTHING, 3).shape == (3, 3)


def test_a_pair_counts_less_in_a_larger_order() -> None:
    orders = sparse.csr_matrix(np.array([[1, 1, 0, 0], [0, 1, 1, 1]], np.float32))
    pairs = bought_together(orders).toarray()
    assert pairs[0, 1] == 1
    assert pairs[1, 2] == pairs[2, 3] == 0.5
    assert not pairs.diagonal().any()


def test_an_order_of_a_days_till_tells_nothing() -> None:
    assert bought_together(sparse.csr_matrix(np.ones((1, 30), np.float32)), largest_basket=29).nnz == 0


def test_products_of_a_brand_meet_in_a_node_of_their_own() -> None:
    graph = product_graph([sparse.csr_matrix((3, 3), dtype=np.float32)], [np.array([7, 7, -1], np.int32)])
    assert graph.n_items == 3
    assert graph.adjacency.shape == (4, 4)
    assert graph.adjacency.toarray()[:3, 3].astype(bool).tolist() == [True, True, False]


def test_a_brand_of_one_product_is_no_node() -> None:
    graph = product_graph([sparse.csr_matrix((2, 2), dtype=np.float32)], [np.array([1, 2], np.int32)])
    assert graph.adjacency.shape == (2, 2)


def test_a_product_keeps_its_strongest_neighbours_and_those_that_keep_it() -> None:
    weights = np.zeros((5, 5), np.float32)
    weights[0, 1:] = weights[1:, 0] = [4, 3, 2, 1]
    weights[1, 2] = weights[2, 1] = 9
    kept = product_graph([sparse.csr_matrix(weights)], [], neighbours=1).adjacency.toarray() > 0
    assert kept[0].tolist() == [False, False, False, True, True]
    assert kept[1].tolist() == [False, False, True, False, False]


def test_a_relation_counts_the_same_whatever_its_unit() -> None:
    relation = transitions(*sessions([0, 1, 2, 3], [1, 3]), 4)
    small = product_graph([relation], []).adjacency
    large = product_graph([relation * 1000], []).adjacency
    assert np.allclose(small.toarray(), large.toarray(), atol=1e-6)


@given(st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=20), st.integers(1, 4))
def test_the_graph_is_symmetric_and_never_stretches(clicks: list[list[int]], neighbours: int) -> None:
    traits = [np.arange(10, dtype=np.int32) // 3]
    adjacency = product_graph([transitions(*sessions(*clicks), 10)], traits, neighbours).adjacency.toarray()
    assert np.allclose(adjacency, adjacency.T, rtol=1e-6)
    assert np.abs(np.linalg.eigvalsh(adjacency.astype(np.float64))).max() <= 1 + 1e-5
