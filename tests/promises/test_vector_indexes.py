"""What every vector index promises. A new one adds a maker to `MAKERS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest
from numpy.typing import NDArray

from integration.storage.database import Database
from integration.storage.vectors.base import VectorStore
from integration.storage.vectors.pgvector import PgVectors
from integration.storage.vectors.qdrant import QdrantVectors, connect
from recommender.vectors import hnsw
from recommender.vectors.exact import ExactIndex
from recommender.vectors.hnsw import HnswIndex
from recommender.vectors.index import BadVectors, VectorIndex, recall

Make = Callable[..., VectorIndex]
MAKERS = ("exact", "hnsw", "pgvector", "qdrant")
N, D, COUNT = 400, 16, 20


def products_like(seed: int, n: int = N) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ids with gaps, and vectors in a few loose clusters."""
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((12, D))
    vectors = centres[draw.integers(0, len(centres), n)] + 0.4 * draw.standard_normal((n, D))
    return np.cumsum(draw.integers(1, 9, n)), vectors.astype(np.float32)


@pytest.fixture(scope="module")
def _store_database(_postgres_copies: Callable[[], tuple[str, Callable[[], None]]]) -> Iterator[Database]:
    url, remove = _postgres_copies()
    with closing(Database(url)) as database:
        yield database
    remove()


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes an index of this kind of a shop's vectors; made again, it holds the new ones alone."""
    if request.param == "exact":
        return lambda ids, vectors, **_: ExactIndex(ids, vectors)
    if request.param == "hnsw":
        monkeypatch.setattr(hnsw, "STEP_ROWS", 0)  # so that it walks among few products too
        return lambda ids, vectors, **_: HnswIndex(ids, vectors)
    store: VectorStore
    if request.param == "qdrant":
        client = connect(":memory:")
        request.addfinalizer(client.close)  # noqa: PT021  only this kind has something to close
        store = QdrantVectors(client, served=False)
    else:
        store = PgVectors(request.getfixturevalue("_store_database"))

    def filled(
        ids: NDArray[np.int64], vectors: NDArray[np.float32], shop: int = 1, version: str = "first"
    ) -> VectorIndex:
        store.fill(shop, version, ids, vectors)
        index = store.open(shop, version, ids)
        assert index is not None
        return index

    return filled


def found_ids(index: VectorIndex, question: NDArray[np.float32], count: int, allowed: object = None) -> list[int]:
    rows = index.search(question[None], count, allowed).rows[0]  # type: ignore[arg-type]
    return [int(each) for each in index.ids[rows[rows >= 0]]]


@pytest.mark.parametrize("kept", [1.0, 0.5, 0.05, 0.005])
def test_it_finds_what_an_exact_search_finds(make: Make, kept: float) -> None:
    ids, vectors = products_like(1)
    mask = np.random.default_rng(2).random(N) < kept
    found, truth = (
        make(ids, vectors).search(vectors[:15], COUNT, mask),
        ExactIndex(ids, vectors).search(vectors[:15], COUNT, mask),
    )
    assert recall(found, truth) >= 0.99
    assert np.allclose(np.sort(found.scores), np.sort(truth.scores), atol=1e-3)


def test_nothing_that_the_filter_forbids_is_found(make: Make) -> None:
    ids, vectors = products_like(3)
    mask = np.random.default_rng(4).random(N) < 0.3
    rows = make(ids, vectors).search(vectors[:20], COUNT, mask).rows
    assert mask[rows].all()


def test_a_filter_far_from_the_question_still_gives_the_nearest_allowed(make: Make) -> None:
    ids, vectors = products_like(5)
    nearness = vectors @ vectors[0]
    mask = nearness < np.median(nearness)
    found = make(ids, vectors).search(vectors[:1], COUNT, mask)
    assert recall(found, ExactIndex(ids, vectors).search(vectors[:1], COUNT, mask)) == 1


@pytest.mark.parametrize("allowed", [np.zeros(N, np.bool_), np.empty(0, np.int64)])
def test_an_empty_filter_gives_nothing(make: Make, allowed: NDArray[np.generic]) -> None:
    found = make(*products_like(6)).search(np.ones((2, D), np.float32), 5, allowed)
    assert (found.rows == -1).all()
    assert not found.scores.any()


def test_ids_filter_as_a_mask_does_and_unknown_ones_are_nothing(make: Make) -> None:
    ids, vectors = products_like(7)
    index = make(ids, vectors)
    wanted = np.array([int(ids[-1]) + 5, int(ids[40]), int(ids[7]), int(ids[40]), -3])
    assert sorted(found_ids(index, vectors[7], 5, wanted)) == sorted([int(ids[7]), int(ids[40])])


def test_more_than_is_allowed_can_be_asked_for(make: Make) -> None:
    ids, vectors = products_like(8)
    mask = np.zeros(N, np.bool_)
    mask[[3, 9, 200]] = True
    found = make(ids, vectors).search(vectors[:1], 10, mask)
    assert sorted(found.rows[0, :3]) == [3, 9, 200]
    assert (found.rows[0, 3:] == -1).all()


def test_the_best_comes_first(make: Make) -> None:
    scores = make(*products_like(9)).search(products_like(9)[1][:20], COUNT).scores
    assert (np.diff(scores, axis=1) <= 0).all()
    assert np.allclose(scores[:, 0], 1, atol=1e-4)


def test_products_that_are_alike_stand_in_the_order_of_their_rows_every_time(make: Make) -> None:
    ids, vectors = products_like(10, 60)
    vectors[[50, 4, 21, 33]] = 2 * vectors[0]
    index = make(ids, vectors)
    assert index.search(vectors[:1], 5).rows[0].tolist() == [0, 4, 21, 33, 50]
    assert found_ids(index, vectors[1], 9) == found_ids(make(ids, vectors), vectors[1], 9)


def test_a_product_that_nobody_bought_is_near_to_none(make: Make) -> None:
    ids, vectors = products_like(11, 60)
    vectors[[2, 7]] = 0
    index = make(ids, vectors)
    assert not {2, 7} & set(index.search(vectors[:1], 60).rows[0].tolist())
    assert (index.search(vectors[2:3], 5).rows == -1).all()


def test_shops_without_a_single_told_product_find_nothing(make: Make) -> None:
    ids = np.arange(3)
    assert (make(ids, np.zeros((3, D), np.float32)).search(np.ones((1, D), np.float32), 2).rows == -1).all()


def test_a_deleted_product_is_gone_and_a_changed_one_has_moved(make: Make) -> None:
    ids, vectors = products_like(12)
    make(ids, vectors)
    changed = np.delete(vectors, 3, axis=0)
    changed[10] = -vectors[0]
    index = make(np.delete(ids, 3), changed, version="second")
    assert int(ids[3]) not in found_ids(index, vectors[3], 50)
    assert found_ids(index, -vectors[0], 1) == [int(ids[11])]


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_floats_of_other_sizes_are_taken(make: Make, kind: type[np.floating]) -> None:
    ids, vectors = products_like(13, 60)
    index = make(ids, vectors.astype(kind))
    assert index.search(vectors[:1].astype(kind), 1).rows.tolist() == [[0]]
    assert index.search(vectors[:1], 1).scores.dtype == np.float32


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(make: Make, value: float) -> None:
    ids, vectors = products_like(14, 60)
    broken = vectors.copy()
    broken[5, 3] = value
    with pytest.raises(BadVectors, match="row 5"):
        make(ids, broken)
    with pytest.raises(BadVectors, match="finite"):
        make(ids, vectors).search(broken[5:6], 3)


def test_what_breaks_a_rule_is_refused_with_its_name(make: Make) -> None:
    ids, vectors = products_like(15, 60)
    index = make(ids, vectors)
    for broken in ((ids[::-1], vectors), (np.repeat(ids[:1], 60), vectors), (ids[:5], vectors), (ids, ids)):
        with pytest.raises(BadVectors, match="broken rule"):
            make(*broken)
    with pytest.raises(BadVectors, match="dimensions"):
        index.search(vectors[:1, :3], 3)
    with pytest.raises(BadVectors, match="at least one"):
        index.search(vectors[:1], 0)
    with pytest.raises(BadVectors, match="mask"):
        index.search(vectors[:1], 3, np.ones(7, np.bool_))


def test_vectors_are_compared_by_direction_alone(make: Make) -> None:
    ids, vectors = products_like(16, 60)
    plain = make(ids, vectors).search(vectors[:5], 10)
    scaled = make(ids, vectors * np.arange(1, 61, dtype=np.float32)[:, None]).search(7 * vectors[:5], 10)
    assert np.array_equal(plain.rows, scaled.rows)
