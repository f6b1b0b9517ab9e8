"""Both trainers read the same file and learn the same taste; the one on Spark is only tried where Spark is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_limits

from recommender.parameters import Parameters
from recommender.personal.als import fit_factors
from recommender.spark.trainer import ImplicitTrainer, SparkTrainer, read_shape, write_interactions

PARAMETERS = Parameters(factors=8, iterations=5, regularization=1.0, threads=1)


@pytest.fixture
def two_tastes() -> sparse.csr_matrix:
    """Weights of 60 users, each of one of two halves of 40 items; the last user and item have nothing."""
    draw = np.random.default_rng(1)
    dense = draw.random((60, 40)) < 0.3
    dense[:30, 20:] = dense[30:, :20] = dense[-1] = dense[:, -1] = False
    return sparse.csr_matrix(dense * draw.uniform(0.5, 2, dense.shape).astype(np.float32))


def test_interactions_are_read_back_as_they_were(two_tastes: sparse.csr_matrix, tmp_path: Path) -> None:
    path = tmp_path / "interactions.parquet"
    write_interactions(two_tastes, path)
    assert read_shape(path) == (60, 40)
    direct = two_tastes.copy()
    direct.data = 1 + PARAMETERS.alpha * direct.data
    with threadpool_limits(limits=1, user_api="blas"):
        expected = fit_factors(direct, PARAMETERS, PARAMETERS.iterations)
    assert np.array_equal(ImplicitTrainer().fit(path, PARAMETERS).item, expected.item)


@pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not here: pip install 'shelfwise-app[spark]'")
@pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java here, which Spark needs")
def test_spark_learns_the_same_taste(two_tastes: sparse.csr_matrix, tmp_path: Path) -> None:
    confidences = two_tastes.copy()
    confidences.data = 1 + PARAMETERS.alpha * confidences.data
    ended: list[int] = []
    parameters = replace(PARAMETERS, iterations=3)
    options = {"spark.sql.shuffle.partitions": "2", "spark.ui.showConsoleProgress": "false"}
    trainer = SparkTrainer("local[1]", tmp_path, options)
    found = trainer.fit_factors(confidences, parameters, 3, each=ended.append)
    scores = found.user @ found.item.T
    assert (found.user.shape, found.item.shape) == ((60, 8), (40, 8))
    assert scores[:30, :19].mean() > 0.3
    assert abs(scores[:30, 20:39].mean()) < 0.05
    assert not found.user[-1].any()
    assert not found.item[-1].any()
    assert ended == [3]
    assert not list(tmp_path.iterdir())
