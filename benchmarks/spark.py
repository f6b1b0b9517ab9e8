"""spark: ALS of a Spark cluster beside implicit, on the same parquet file of interactions: time, and who is found."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from benchmarks.pairs import Split, files_of, read_split
from recommender.backtests import metrics
from recommender.parameters import Parameters
from recommender.personal.als import Factors
from recommender.personal.holdout import gains, positions
from recommender.spark.trainer import ImplicitTrainer, SparkTrainer, Trainer, write_interactions

BASELINE = "implicit"
MEMORY = {"spark.driver.memory": "2g", "spark.ui.showConsoleProgress": "false"}


def run(options: Options) -> Iterator[Figure | Stage]:
    """Seconds, HR@10 and NDCG@10 of each trainer; the ratio is to implicit."""
    split = read_split(*_files(options))
    parameters = Parameters(seed=options.seed)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1, user_api="blas"):
        path = Path(folder) / "interactions.parquet"
        write_interactions(split.user_items, path)
        base: dict[str, float] = {}
        trainers = _trainers(Path(folder))
        for place, (name, trainer) in enumerate(trainers.items()):
            yield Stage(name, place / len(trainers))
            began = time.perf_counter()
            factors = trainer.fit(path, parameters)
            seconds = time.perf_counter() - began
            found = {"fit": (seconds, "s"), **_quality(factors, split)}
            base = base or {measure: value for measure, (value, _) in found.items()}
            for measure, (value, unit) in found.items():
                yield _figure(f"{name}, {measure}", value, unit, base[measure], split, options.seed)


def _files(options: Options) -> tuple[Path, Path]:
    if find_spec("pyspark") is None or shutil.which("java") is None:
        raise NoData("no Spark: pip install 'shelfwise-app[spark]' into this environment, and Java 17 or newer")
    return files_of(options)


def _trainers(folder: Path) -> dict[str, Trainer]:
    """Implicit; Spark in one process of two threads; and a cluster of two workers, each a process with one core."""
    return {
        BASELINE: ImplicitTrainer(),
        "Spark local[2]": SparkTrainer("local[2]", folder, MEMORY),
        "Spark local-cluster[2,1,1536]": SparkTrainer("local-cluster[2,1,1536]", folder, MEMORY),
    }


def _quality(factors: Factors, split: Split) -> dict[str, tuple[float, str]]:
    at = positions(lambda rows: factors.user[rows] @ factors.item.T, split.asked, split.user_items)
    hits = float(np.mean(at < metrics.LENGTH)) if len(at) else 0.0
    return {"hr@10": (hits, "share"), "ndcg@10": (float(np.mean(gains(at))) if len(at) else 0.0, "share")}


def _figure(name: str, value: float, unit: str, base: float, split: Split, seed: int) -> Figure:
    users, items = split.user_items.shape
    said = f"{split.user_items.nnz:,} pairs of {users:,} users and {items:,} items, {len(split.asked):,} questions"
    return Figure(name, value, unit, base, value / base if base else None, said, seed, baseline_name=BASELINE)


BENCHMARK = Benchmark(
    name="spark",
    summary="ALS on Spark beside implicit: seconds of the fit, HR@10 and NDCG@10 on the same interactions",
    run=run,
    quick=False,
    minutes=5.0,
    quality=True,
)
