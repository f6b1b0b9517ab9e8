"""Trainers: a parquet file of interactions in, factors out. `implicit` on this machine, or ALS of pyspark on a cluster.

Both minimise the loss of Hu, Koren and Volinsky (2008), with confidence 1 + alpha x weight. They differ in two things.
Spark solves every row exactly where implicit takes a few steps of conjugate gradient; and Spark scales the penalty of
a row by how many interactions it has (Zhou et al., 2008), where implicit's is the same for every row.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from recommender.parameters import Parameters
from recommender.personal.als import Factors, fit_factors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class NoSpark(Exception):
    """pyspark or Java is not on this machine; the message says what to install."""


class Trainer(Protocol):
    """Learns factors from a parquet file as `write_interactions` makes it."""

    def fit(self, interactions: Path, parameters: Parameters) -> Factors:
        """Factors of all users and items of the file; zero where there is no interaction."""
        ...


def write_interactions(weights: sparse.csr_matrix, path: Path) -> None:
    """Write a user-item matrix of summed weights, CSR (n_users, n_items), as a parquet file, an interaction a row.

    Columns: user and item, int32 rows of the matrix; weight, float32. The shape stands in the file's metadata.
    """
    entries = weights.tocoo()
    columns = {
        "user": entries.row.astype(np.int32),
        "item": entries.col.astype(np.int32),
        "weight": entries.data.astype(np.float32),
    }
    shape = {"users": str(weights.shape[0]), "items": str(weights.shape[1])}
    pq.write_table(pa.table(columns).replace_schema_metadata(shape), path)


def read_shape(path: Path) -> tuple[int, int]:
    """How many users and items a file of interactions is about."""
    metadata = pq.read_schema(path).metadata
    return int(metadata[b"users"]), int(metadata[b"items"])


class ImplicitTrainer:
    """The `Trainer` that needs one machine."""

    def fit(self, interactions: Path, parameters: Parameters) -> Factors:
        """See `Trainer`."""
        table = pq.read_table(interactions)
        user, item, weight = (table[name].to_numpy() for name in ("user", "item", "weight"))
        confidences = sparse.csr_matrix((1 + parameters.alpha * weight, (user, item)), shape=read_shape(interactions))
        with threadpool_limits(limits=1, user_api="blas"):
            return fit_factors(confidences.astype(np.float32), parameters, parameters.iterations)


class SparkTrainer:
    """The `Trainer` on a cluster.

    master: its address, as Spark writes it: "spark://host:7077", "yarn", "local[2]". folder: where interactions and
    factors pass through: one that all machines of the cluster see under the same path. options: of the Spark session.
    """

    def __init__(self, master: str, folder: Path, options: dict[str, str] | None = None) -> None:
        self._master, self._folder, self._options = master, folder, options or {}

    def fit(self, interactions: Path, parameters: Parameters) -> Factors:
        """See `Trainer`. Raises NoSpark."""
        users, items = read_shape(interactions)
        session = self._session()
        try:
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                model = self._als(parameters, _penalty(interactions, parameters)).fit(
                    session.read.parquet(interactions.absolute().as_uri())
                )
                found = [
                    _collected(frame, Path(folder) / name, (rows, parameters.factors))
                    for name, frame, rows in (("user", model.userFactors, users), ("item", model.itemFactors, items))
                ]
        finally:
            session.stop()
        return Factors(*found)

    def fit_factors(
        self,
        confidences: sparse.csr_matrix,
        parameters: Parameters,
        iterations: int,
        start: Factors | None = None,
        each: Callable[[int], None] | None = None,
        gradient_steps: int = 3,
    ) -> Factors:
        """The same as `als.fit_factors`, from noise each time: Spark can't go on from factors.

        So it takes all of the parameters' iterations, however few are asked for; `each` hears of the last alone.
        """
        weights = confidences.copy()
        weights.data = (weights.data - 1) / np.float32(parameters.alpha)
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            path = Path(folder) / "interactions.parquet"
            write_interactions(weights, path)
            factors = self.fit(path, parameters)
        if each is not None:
            each(iterations)
        return factors

    def _als(self, parameters: Parameters, penalty: float) -> Any:
        from pyspark.ml.recommendation import ALS

        return ALS(
            rank=parameters.factors,
            maxIter=parameters.iterations,
            regParam=penalty,
            alpha=parameters.alpha,
            implicitPrefs=True,
            userCol="user",
            itemCol="item",
            ratingCol="weight",
            seed=parameters.seed,
        )

    def _session(self) -> SparkSession:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise NoSpark(
                "pyspark is not installed: pip install 'shelfwise-app[spark]', and Java 17 or newer"
            ) from error
        builder = SparkSession.builder.master(self._master).appName("shelfwise").config("spark.ui.enabled", "false")
        for name, value in self._options.items():
            builder = builder.config(name, value)
        session: SparkSession = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return session


def _penalty(interactions: Path, parameters: Parameters) -> float:
    """Spark's regParam: with it a user of as many interactions as the average one is penalised as by implicit."""
    entries = int(pq.read_metadata(interactions).num_rows)
    return parameters.regularization * read_shape(interactions)[0] / max(entries, 1)


def _collected(frame: DataFrame, path: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Factors of a Spark frame (id, features), which pass through a folder of parquet files, as one array."""
    frame.write.parquet(path.absolute().as_uri())
    table = pq.read_table(path)
    factors = np.zeros(shape, np.float32)
    features = table["features"].combine_chunks().flatten().to_numpy()
    factors[table["id"].to_numpy()] = features.reshape(-1, shape[1])
    return factors
