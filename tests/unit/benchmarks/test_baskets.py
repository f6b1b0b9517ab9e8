"""`shelfwise bench baskets` on files of any kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.baskets import measure, read_baskets, run
from benchmarks.figures import Figure, NoData, Options
from recommender.baskets.histories import cut_newest, histories_of


def written(folder: Path, **columns: list[object]) -> Path:
    path = folder / "baskets.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_numbers_that_came_as_texts_go_by_their_value(tmp_path: Path) -> None:
    path = written(tmp_path, user=["a", "a"], basket_no=["9", "10"], item=["old", "new"])
    history = read_baskets(path, Options())
    assert dict(zip(history.item.tolist(), history.age.tolist(), strict=True)) == {0: 0, 1: 1}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"user": [1, 2], "basket_no": [0, 0], "item": [5, 5]}, "no customer with two baskets"),
        ({"user": [], "basket_no": [], "item": []}, "no customer with two baskets"),
        ({"who": [1]}, "can't be read as baskets"),
    ],
)
def test_a_file_that_can_not_be_asked_gets_a_sentence(
    tmp_path: Path, columns: dict[str, list[object]], sentence: str
) -> None:
    path = written(tmp_path, **columns)
    with pytest.raises(NoData, match=sentence):
        list(run(Options(data=str(path))))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NoData, match=r"no .*gone\.parquet"):
        list(run(Options(data=str(tmp_path / "gone.parquet"))))


def test_figures_stand_beside_personal_then_global(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    user = rng.integers(0, 60, 900)
    path = written(
        tmp_path, user=user.tolist(), basket_no=rng.integers(0, 5, 900).tolist(), item=rng.integers(0, 30, 900).tolist()
    )
    figures = [each for each in run(Options(data=str(path))) if isinstance(each, Figure)]
    by_name = {each.name: each for each in figures}
    assert by_name["personal, then global recall@10"].ratio == 1.0
    assert by_name["next basket recall@10"].at_least == ".145"
    for each in figures:
        assert each.low is not None
        assert each.high is not None
        assert each.low <= each.value <= each.high


def test_recall_and_ndcg_are_those_of_the_reality_check() -> None:
    history = histories_of(np.array([1, 1, 1]), np.array([0, 1, 1]), np.array([0, 0, 2]), 4)
    past, target = cut_newest(history)
    lists = np.array([[3, 0, -1, -1, -1, -1, -1, -1, -1, -1]], np.int32)
    values = measure(lists, np.array([0]), past, target)
    assert values["recall@10"].tolist() == [0.5]
    assert values["ndcg@10"][0] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert values["recall@10 of repeat items"].tolist() == [1.0]
    assert values["recall@10 of new items"].tolist() == [0.0]
