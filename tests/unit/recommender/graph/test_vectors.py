"""Product vectors as they are served and kept: nothing here needs PyTorch."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.errors import BadArtifact
from recommender.graph.vectors import LearntGraph, ProductVectors, from_bytes, to_bytes


def made(products: int = 6, seed: int = 1) -> ProductVectors:
    vectors = np.random.default_rng(seed).standard_normal((products, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return ProductVectors(np.arange(products) * 10, vectors, np.array([1, 0.5, 0.25], np.float32), 14.0)


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def test_a_product_alone_is_nearest_to_itself() -> None:
    scores = made().scores(rows(3))
    assert scores.argmax() == 3
    assert scores[3] == pytest.approx(14.0)


def test_the_newest_click_speaks_loudest() -> None:
    learnt = made()
    assert learnt.scores(rows(2, 4))[2] > learnt.scores(rows(4, 2))[2]


def test_older_clicks_than_there_are_weights_count_nothing() -> None:
    learnt = made()
    assert np.array_equal(learnt.scores(rows(0, 1, 2)), learnt.scores(rows(0, 1, 2, 3, 4)))


def test_a_session_of_nothing_says_nothing() -> None:
    assert not made().scores(rows()).any()


def test_a_product_without_a_vector_is_neither_near_nor_far() -> None:
    learnt = made()
    learnt.vectors[5] = 0
    assert learnt.scores(rows(1, 2))[5] == 0
    assert not learnt.scores(rows(5)).any()


@given(st.lists(st.lists(st.integers(0, 5), max_size=5), min_size=1, max_size=5))
def test_many_sessions_at_once_are_read_as_each_alone(sessions: list[list[int]]) -> None:
    learnt = made()
    longest = max(map(len, sessions))
    table = np.full((len(sessions), max(longest, 1)), -1)
    for row, session in enumerate(sessions):
        table[row, : len(session)] = session
    together = learnt.session_vectors(table)
    for row, session in enumerate(sessions):
        assert np.allclose(together[row], learnt.session_vector(np.array(session, np.int64)), atol=1e-5)


def test_another_catalogue_finds_its_products_by_id() -> None:
    learnt = made()
    other = learnt.aligned(np.array([5, 10, 30, 99]))
    assert np.array_equal(other.vectors[[1, 2]], learnt.vectors[[1, 3]])
    assert not other.vectors[[0, 3]].any()
    assert other.scores(rows(1)).argmax() == 1


def test_nothing_learnt_aligns_with_anything() -> None:
    empty = ProductVectors(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.ones(1, np.float32), 1.0)
    assert not empty.aligned(np.array([1, 2])).vectors.any()


def test_what_is_written_is_read_again() -> None:
    back = from_bytes(to_bytes(LearntGraph(made(), made(4, seed=2), 123)))
    assert back.cut == 123
    for before, after in ((made(), back.now), (made(4, seed=2), back.past)):
        assert np.array_equal(before.product_ids, after.product_ids)
        assert np.array_equal(before.vectors, after.vectors)
        assert np.array_equal(before.position_weights, after.position_weights)
        assert before.scale == after.scale


def whole() -> bytes:
    return to_bytes(LearntGraph(made(), made(), 0))


def changed(**parts: object) -> bytes:
    with np.load(io.BytesIO(whole())) as held:
        arrays = {name: held[name] for name in held.files}
    arrays.update({name: np.asarray(part) for name, part in parts.items() if part is not None})
    kept = {name: array for name, array in arrays.items() if parts.get(name, array) is not None}
    buffer = io.BytesIO()
    np.savez(buffer, **kept)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no vectors at all",
        whole()[:-200],
        changed(format=99),
        changed(now_scale=None),
        changed(now_vectors=np.zeros((2, 4), np.float32)),
        changed(past_vectors=np.zeros((6, 4), np.float64)),
        changed(now_product_ids=np.array([{"a": 1}], object)),
    ],
    ids=["empty", "rubbish", "cut off", "another format", "no scale", "fewer rows", "another kind", "pickled"],
)
def test_damaged_vectors_are_refused(content: bytes) -> None:
    with pytest.raises(BadArtifact):
        from_bytes(content)


def test_serving_vectors_loads_numpy_and_no_pytorch() -> None:
    code = (
        "import sys, recommender.graph.vectors;"
        "print([name for name in ('torch', 'scipy', 'sklearn', 'implicit', 'numba') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_neither_a_web_process_nor_a_worker_loads_pytorch_before_it_learns() -> None:
    code = (
        "import sys, integration.app, integration.jobs.graph, recommender.serving.slates, recommender.graph.train;"
        "print('torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
