from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.figures import Figure, NoData, Options
from benchmarks.pairs import read_pairs, read_split
from benchmarks.personal import run

TABLE = {"user": ["a", "a", "b"], "item": [7, 8, 7]}
TEXT = {"": "user,item\na,7\na,8\nb,7\n", "tab": "user\titem\na\t7\na\t8\nb\t7\n"}


def _write(folder: Path, name: str) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(pa.table(TABLE), path)
        return path
    data = TEXT["tab" if ".tsv" in name else ""].encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["p.parquet", "p.csv", "p.csv.gz", "p.tsv", "p.tsv.gz"])
def test_every_kind_of_file_gives_the_same_pairs(tmp_path: Path, name: str) -> None:
    found = read_pairs(_write(tmp_path, name))
    assert (found.users, found.items, found.time) == (["a", "a", "b"], ["7", "8", "7"], None)


def test_numbers_that_one_file_has_as_floats_are_the_same_ids(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"U": [1.0, 2.0], "I": [5.0, 6.0], "timestamp": [10, 20]}), path)
    found = read_pairs(path)
    assert (found.users, found.items) == (["1", "2"], ["5", "6"])
    assert found.time is not None
    assert found.time.tolist() == [10.0, 20.0]


def test_a_file_of_figures_without_a_head_is_user_item_rating_time(tmp_path: Path) -> None:
    path = tmp_path / "u.tsv"
    path.write_text("0\t32\t4\t978824330\n0\t34\t4\t978824331\n")
    found = read_pairs(path)
    assert (found.users, found.items) == (["0", "0"], ["32", "34"])
    assert found.time is not None


def test_lines_of_negatives_are_ranked_with_their_target(tmp_path: Path) -> None:
    train, test = _write(tmp_path, "p.csv"), tmp_path / "t.tsv"
    test.write_text("(a,9)\t10\t11\n(b,8)\t9\t8\n\n")
    split = read_split(train, test)
    assert split.asked.rivals is not None
    assert (split.asked.rivals >= 0).tolist() == [[True, True], [True, False]]
    assert split.unknown == 1


def test_lists_of_negatives_may_stand_in_a_parquet(tmp_path: Path) -> None:
    test = tmp_path / "t.parquet"
    pq.write_table(pa.table({"u": ["a", "b"], "i": ["9", "8"], "negatives": [["10", "11"], []]}), test)
    rivals = read_split(_write(tmp_path, "p.csv"), test).asked.rivals
    assert rivals is not None
    assert rivals[1].tolist() == [-1, -1]


def test_a_plain_file_of_questions_ranks_the_whole_catalogue_unless_negatives_lie_beside_it(tmp_path: Path) -> None:
    train, test = _write(tmp_path, "p.csv"), tmp_path / "t.rating.csv"
    test.write_text("u,i\nb,8\n")
    assert read_split(train, test).asked.rivals is None
    (tmp_path / "t.negative.tsv").write_text("(b,8)\t9\n")
    assert read_split(train, test).asked.rivals is not None


def test_the_newest_time_of_a_pair_that_repeats_counts(tmp_path: Path) -> None:
    train, test = tmp_path / "p.csv", tmp_path / "t.csv"
    train.write_text("u,i,t\na,1,5\na,2,6\na,1,9\n")
    test.write_text("u,i\na,3\n")
    age = read_split(train, test).age
    assert age is not None
    assert age.tolist() == [9.0, 6.0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.txt", "u,i\n1,2\n"),
        ("p.csv", "colour,size\nred,2\n"),
        ("p.csv", ""),
        ("p.csv", "u,i\n"),
        ("p.parquet", "no"),
    ],
)
def test_a_file_that_does_not_fit_is_told_what_was_expected(tmp_path: Path, name: str, text: str) -> None:
    bad = tmp_path / name
    bad.write_text(text)
    good = tmp_path / "good.csv"
    good.write_text("u,i\n1,2\n")
    for train, test in ((bad, good), (good, bad)):
        with pytest.raises(NoData, match="expected"):
            read_split(train, test)


def test_a_line_of_negatives_without_a_pair_is_shown(tmp_path: Path) -> None:
    test = tmp_path / "t.tsv"
    test.write_text("(a,9)\t10\n(b)\t9\n")
    with pytest.raises(NoData, match=r"\(b\)"):
        read_pairs(test)


@pytest.mark.parametrize("times", [False, True])
def test_the_bench_stands_tiny_files_and_users_it_never_met(tmp_path: Path, *, times: bool) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    rng = np.random.default_rng(1)
    rows = [f"u{user},p{item},{time}" for time, (user, item) in enumerate(rng.integers(0, 12, (60, 2)).tolist())]
    train.write_text("\n".join(["user,item,timestamp" if times else "user,item,colour", *rows, "u99,p1,0", "u1,p1,1"]))
    test.write_text("user,item\nu1,p3\nstranger,p2\nu2,never\nu99,p2\n")
    found = [each for each in run(Options(train=str(train), test=str(test))) if isinstance(each, Figure)]
    assert len(found) == 14
    assert all(0.0 <= each.value <= 1.0 for each in found)
    folded, fitted = (
        next(f for f in found if f.name == f"{name}, ndcg@10")
        for name in ("ALS, folded in from history alone", "ALS, tuned")
    )
    assert folded.value == pytest.approx(fitted.value)


@pytest.mark.parametrize(
    ("train", "test"), [("1,2", "1,2"), ("1,2", "7,9"), ("1,2\n1,2\n3,2", "3,4\n3,4"), ("é,a b", "é,x")]
)
def test_the_bench_stands_shops_with_nothing_to_choose_by(tmp_path: Path, train: str, test: str) -> None:
    for name, rows in (("train", train), ("test", test)):
        (tmp_path / f"{name}.csv").write_text(f"u,i\n{rows}\n")
    options = Options(train=str(tmp_path / "train.csv"), test=str(tmp_path / "test.csv"))
    found = [each for each in run(options) if isinstance(each, Figure)]
    assert "chosen: popularity, hr@10" in {each.name for each in found}
