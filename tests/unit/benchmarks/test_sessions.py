"""`shelfwise bench sessions` on files of any kind."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.click_files import read_clicks
from benchmarks.figures import Figure, NoData, Options
from benchmarks.plain_knn import plain_knn
from benchmarks.session_speed import made_sessions, prefixes
from benchmarks.sessions import ranks_of, run
from recommender.sessions.index import build_index


def written(folder: Path, name: str, **columns: object) -> Path:
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_ids_of_any_size_become_rows_and_unknown_ones_minus_one(tmp_path: Path) -> None:
    train = written(tmp_path, "train", session=[[10**12, 5], [5, -3]])
    test = written(tmp_path, "test", prefix=[[5, 77], [-3]], target=[10**12, 77])
    clicks = read_clicks(train, test, 1.0)
    assert clicks.n_items == 3
    assert clicks.items.tolist() == [2, 1, 1, 0]
    assert clicks.targets.tolist() == [2, -1]
    assert clicks.prefix(0).tolist() == [1]


def test_a_smaller_scale_keeps_the_newest_sessions(tmp_path: Path) -> None:
    train = written(tmp_path, "train", session=[[1, 2], [3, 4], [5, 6], [7, 8]])
    clicks = read_clicks(train, written(tmp_path, "test", prefix=[[7]], target=[8]), 0.5)
    assert clicks.bounds.tolist() == [0, 2, 4]
    assert clicks.targets.tolist() == [3]


def test_a_target_that_nobody_trained_on_is_a_miss(tmp_path: Path) -> None:
    train = written(tmp_path, "train", session=[[1, 2]])
    clicks = read_clicks(train, written(tmp_path, "test", prefix=[[1], [1]], target=[2, 9]), 1.0)
    assert ranks_of(clicks, lambda _session: np.array([0, 1])).tolist() == [2, 0]


SESSIONS: dict[str, object] = {"session": [[1, 2]]}
CASES: dict[str, object] = {"prefix": [[1]], "target": [2]}
NO_LISTS = pa.array([], pa.list_(pa.int32()))


@pytest.mark.parametrize(
    ("train", "test", "sentence"),
    [
        (SESSIONS, {"prefix": NO_LISTS, "target": pa.array([], pa.int32())}, "asks nothing"),
        ({"session": NO_LISTS}, CASES, "no click to learn from"),
        ({"session": [[], []]}, CASES, "lists of items|no click"),
        ({"session": [1, 2]}, CASES, "lists of items"),
        ({"session": [[1, None]]}, CASES, "empty place"),
        ({"clicks": [[1]]}, CASES, "can't be read|lists of items"),
        (SESSIONS, {"prefix": [["a"]], "target": ["b"]}, "different kinds"),
    ],
)
def test_files_that_can_not_be_used_get_a_sentence(
    tmp_path: Path, train: dict[str, object], test: dict[str, object], sentence: str
) -> None:
    paths = written(tmp_path, "train", **train), written(tmp_path, "test", **test)
    with pytest.raises(NoData, match=sentence):
        read_clicks(*paths, 1.0)


def test_a_missing_file_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="--train and --test"):
        read_clicks(tmp_path / "none.parquet", tmp_path / "none.parquet", 1.0)


def test_the_plain_method_follows_the_newest_item() -> None:
    past = build_index(np.array([0, 2, 4, 6]), np.array([0, 1, 2, 3, 2, 3], np.int32), 4).past
    assert plain_knn(np.array([0, 2], np.int32), past, 4).tolist()[:2] == [2, 3]
    assert plain_knn(np.zeros(0, np.int32), past, 4).tolist() == []


def test_a_run_on_own_files_reports_every_method_with_its_interval(tmp_path: Path) -> None:
    bounds, items = made_sessions(60, 20, 1)
    train = written(tmp_path, "mine", session=[items[a:z] for a, z in pairwise(bounds)])
    asked = prefixes(bounds, items, 2)
    test = written(tmp_path, "test", prefix=asked, target=[int(each[-1]) for each in asked])
    figures = [each for each in run(Options(train=str(train), test=str(test))) if isinstance(each, Figure)]
    assert {"mine HR@20", "mine MRR@20", "mine plain VSKNN HR@20"} <= {each.name for each in figures}
    assert all(each.low is not None and each.low <= each.value <= (each.high or 0) for each in figures)
