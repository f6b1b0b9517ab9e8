from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import cold, season
from benchmarks.cold import category_popularity, chances, head_words
from benchmarks.figures import Benchmark, Figure, NoData, Options
from recommender.interactions import Purchases

BOTH = pytest.mark.parametrize("benchmark", [cold.BENCHMARK, season.BENCHMARK], ids=lambda found: found.name)


def _file(folder: Path, days: int, lines: int) -> str:
    """Order lines in the shape of Online Retail: a new product every three days."""
    rng = np.random.default_rng(1)
    day = np.sort(rng.integers(0, max(days, 1), lines))
    item = [int(rng.integers(0, 5 + at // 3)) for at in day]
    table = pa.table(
        {
            "InvoiceNo": [str(536365 + line // 2) for line in range(lines)],
            "StockCode": [str(20000 + product) for product in item],
            "Description": [f"{'RED' if product % 2 else 'BLUE'} MUG {product % 7}" for product in item],
            "Quantity": pa.array([1] * lines, pa.int64()),
            "InvoiceDate": pa.array((np.datetime64("2011-01-01") + day).astype("datetime64[us]")),
            "UnitPrice": [1.5] * lines,
            "CustomerID": pa.array(
                [float(12346 + line % 9) if line % 4 else None for line in range(lines)], pa.float64()
            ),
            "Country": ["United Kingdom" if line % 5 else "France" for line in range(lines)],
        }
    )
    path = folder / "lines.parquet"
    pq.write_table(table, path)
    return str(path)


@BOTH
def test_another_shops_file_is_measured(benchmark: Benchmark, tmp_path: Path) -> None:
    found = list(benchmark.run(Options(data=_file(tmp_path, days=200, lines=800), scale=0.05)))
    figures = [each for each in found if isinstance(each, Figure)]
    assert figures
    assert all(np.isfinite(each.value) for each in figures)


@BOTH
@pytest.mark.parametrize("lines", [1, 6])
def test_a_file_with_too_little_in_it_is_told_so(benchmark: Benchmark, lines: int, tmp_path: Path) -> None:
    with pytest.raises(NoData):
        list(benchmark.run(Options(data=_file(tmp_path, days=1, lines=lines))))


@BOTH
def test_a_missing_file_is_named(benchmark: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(NoData, match="nowhere"):
        list(benchmark.run(Options(data=str(tmp_path / "nowhere.parquet"))))


def test_a_hit_among_equal_scores_is_a_chance() -> None:
    assert chances(np.zeros(40), 3) == [0.5, 0.125]
    assert chances(np.arange(40), 39) == [1.0, 1.0]
    assert chances(np.arange(40), 0) == [0.0, 0.0]


def test_a_category_counts_what_it_sold_before_and_nothing_later() -> None:
    sold = Purchases(
        np.arange(4), np.arange(4), np.array([0, 0, 1, 2], np.int32), np.ones(4, np.float32), np.array([1, 2, 3, 9])
    )
    category = np.array([0, 0, 1, -1, 0], np.int32)
    assert category_popularity(sold, category, begin=5).tolist() == [3, 3, 0, 0, 3]


def test_a_title_is_of_its_last_word_that_others_have() -> None:
    codes = head_words(["RED MUG", "BLUE MUG", "MUG 7", "TALL MUG.", "MUG ODD", "ODD"])
    assert len(set(codes[:5].tolist())) == 1
    assert codes[5] == -1
