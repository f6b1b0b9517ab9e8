"""The graph is only walked where that is quicker and as good; anything else is answered exactly."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.vectors import hnsw
from recommender.vectors.exact import ExactIndex
from recommender.vectors.hnsw import HnswIndex
from recommender.vectors.index import recall
from recommender.vectors.tuning import smallest_width

N, D = 12_000, 16


@pytest.fixture(scope="module")
def clustered() -> NDArray[np.float32]:
    """Vectors in clusters, as factors of products are."""
    draw = np.random.default_rng(1)
    return (draw.standard_normal((200, D))[draw.integers(0, 200, N)] + 0.4 * draw.standard_normal((N, D))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def index(clustered: NDArray[np.float32]) -> HnswIndex:
    """The graph over them."""
    return HnswIndex(np.arange(N), clustered)


def test_the_same_vectors_give_the_same_answers(index: HnswIndex, clustered: NDArray[np.float32]) -> None:
    again = HnswIndex(np.arange(N), clustered)
    assert index.width is not None
    assert again.width == index.width
    assert np.array_equal(again.search(clustered[:50], 20).rows, index.search(clustered[:50], 20).rows)


@pytest.mark.parametrize("kept", [1.0, 0.9, 0.5, 0.05, 0.0005])
def test_recall_holds_under_every_filter(index: HnswIndex, clustered: NDArray[np.float32], kept: float) -> None:
    mask = np.random.default_rng(2).random(N) < kept
    truth = ExactIndex(index.ids, clustered).search(clustered[:200], 20, mask)
    assert recall(index.search(clustered[:200], 20, mask), truth) >= 0.99


def test_recall_holds_where_all_that_is_allowed_is_far_away(index: HnswIndex, clustered: NDArray[np.float32]) -> None:
    nearness = clustered @ clustered[0]
    mask = nearness < np.quantile(nearness, 0.8)
    truth = ExactIndex(index.ids, clustered).search(clustered[:1], 20, mask)
    assert recall(index.search(clustered[:1], 20, mask), truth) == 1


def test_vectors_without_any_order_are_searched_exactly() -> None:
    noise = np.random.default_rng(3).standard_normal((N, 64)).astype(np.float32)
    index = HnswIndex(np.arange(N), noise)
    assert index.width is None
    assert recall(index.search(noise[:50], 20), ExactIndex(index.ids, noise).search(noise[:50], 20)) == 1


def test_a_graph_that_fell_apart_is_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many products with one and the same vector leave no room for links to others."""
    monkeypatch.setattr(hnsw, "STEP_ROWS", 0)
    draw = np.random.default_rng(4)
    vectors = draw.standard_normal((3000, D)).astype(np.float32)
    vectors[:2500] = vectors[0]
    index = HnswIndex(np.arange(3000), vectors)
    asked = vectors[2400:2600]
    assert recall(index.search(asked, 20), ExactIndex(index.ids, vectors).search(asked, 20)) >= 0.99


def test_no_width_is_chosen_that_is_not_exact_enough() -> None:
    vectors = np.random.default_rng(5).standard_normal((50, 4)).astype(np.float32)
    exact = ExactIndex(np.arange(50), vectors)

    def search(asked: NDArray[np.float32], count: int, width: int | None) -> object:
        mask = np.arange(50) < (50 if width is None else width)
        return exact.search(asked, count, mask)

    assert smallest_width(exact.unit, (5, 20, 50), search) == 50  # type: ignore[arg-type]
    assert smallest_width(exact.unit, (5, 20), search) is None  # type: ignore[arg-type]
