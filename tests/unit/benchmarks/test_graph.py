"""`bench graph`: lists are joined by rank, measured as papers do, and odd files get an answer or a sentence."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import graph, graph_trials
from benchmarks.figures import Figure, NoData, Options
from benchmarks.graph_trials import Round, Scorer, Trial
from recommender.graph.train import GraphParameters

with_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: `make setup-graph`"
)


def made(wanted: list[list[int]], scores: list[list[float]], length: int = 20) -> Trial:
    """A trial whose rival scores cases as given."""
    table = np.array(scores, np.float32)
    part = Round(
        bounds=np.zeros(1, np.int64),
        items=np.zeros(0, np.int32),
        orders=None,
        prefixes=np.zeros((len(wanted), 1), np.int32),
        wanted=np.array(wanted, np.int64),
        among=None,
        rival=lambda: lambda cases: table[cases],
    )
    return Trial("toy", "", "rival", table.shape[1], length, GraphParameters(), part, part)


def ranked(trial: Trial, shares: tuple[float, float], other: list[list[float]] | None = None) -> np.ndarray:
    rival = trial.test.rival()
    table = np.array(other, np.float32) if other else None
    return graph._ranks(trial.test, [rival, rival if table is None else lambda cases: table[cases]], [shares])[0]


def test_a_wanted_product_stands_where_its_score_puts_it() -> None:
    trial = made([[2], [0]], [[0.1, 0.3, 0.2], [0.1, 0.3, 0.2]])
    assert ranked(trial, (1, 0)).tolist() == [[1], [2]]


def test_what_has_no_score_or_is_not_known_is_not_found() -> None:
    trial = made([[0], [-1]], [[-np.inf, 1.0], [1.0, 0.0]])
    assert (ranked(trial, (1, 0)) == graph.NOWHERE).all()


def test_two_lists_that_agree_less_than_each_alone_meet_in_the_middle() -> None:
    trial = made([[1]], [[3.0, 2.0, 1.0]])
    assert ranked(trial, (1, 1), [[1.0, 2.0, 3.0]]).tolist() == [[2]]
    assert ranked(trial, (1, 1), [[1.0, 3.0, 2.0]]).tolist() == [[0]]


def test_only_the_given_rivals_are_ranked() -> None:
    trial = made([[3]], [[9.0, 1.0, 8.0, 2.0]])
    among = np.array([[3, 1, -1]])
    part = Round(**{name: getattr(trial.test, name) for name in Round.__slots__} | {"among": among})
    scorers = [part.rival()] * 2
    assert graph._ranks(part, scorers, [(1.0, 0.0)])[0].tolist() == [[0]]


def test_a_list_of_twenty_is_measured_by_hits_and_reciprocal_rank() -> None:
    trial = made([[0], [0]], [[1.0], [1.0]])
    rate, mrr = graph._measured(trial, trial.test, np.array([[3], [20]]))
    assert rate.tolist() == [1, 0]
    assert mrr.tolist() == [0.25, 0]


def test_a_basket_is_measured_by_the_share_that_is_found() -> None:
    trial = made([[0, 1], [1, -1]], [[1.0, 0.5], [1.0, 0.5]], length=10)
    rate, ndcg = graph._measured(trial, trial.test, np.array([[0, 10], [0, graph.NOWHERE]]))
    assert rate.tolist() == [0.5, 1]
    assert ndcg[0] == pytest.approx(1 / (1 + 1 / np.log2(3)))
    assert ndcg[1] == 1


def test_without_pytorch_the_benchmark_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NoData, match="make setup-graph"):
        list(graph.run(Options()))


@pytest.fixture
def baskets(tmp_path: Path) -> Callable[[int], Path]:
    """Writes a file of so many users, each with a habit of their own, and returns where it is."""

    def write(users: int) -> Path:
        chance = np.random.default_rng(1)
        rows = [
            {"user": user * 7, "basket_no": basket, "item": int(900 + user % 5 * 4 + item)}
            for user in range(users)
            for basket in range(1 if user % 9 == 0 else 4)
            for item in chance.integers(0, 4, 3)
        ]
        path = tmp_path / "baskets.parquet"
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path

    return write


def sessions(folder: Path, count: int, targets: list[int]) -> Options:
    chance = np.random.default_rng(2)
    lists = [(10 * chance.integers(0, 6) + chance.integers(0, 4, chance.integers(1, 6))).tolist() for _ in range(count)]
    train, test = folder / "train.parquet", folder / "test.parquet"
    pq.write_table(pa.table({"session": lists}), train)
    pq.write_table(pa.table({"prefix": [[10, 777], [], [20]][: len(targets)], "target": targets}), test)
    return Options(train=str(train), test=str(test))


def figures(options: Options) -> dict[str, float]:
    return {each.name: each.value for each in graph.run(options) if isinstance(each, Figure)}


@with_torch
@pytest.mark.parametrize(("users", "answered"), [(60, True), (9, False)])
def test_any_file_of_baskets_gets_figures_or_a_sentence(
    baskets: Callable[[int], Path], users: int, answered: bool
) -> None:
    options = Options(data=str(baskets(users)))
    if answered:
        found = figures(options)
        assert found["baskets: graph, recall@10"] > found["baskets: popularity, recall@10"] > 0
    else:
        with pytest.raises(NoData, match="too few"):
            figures(options)


@with_torch
def test_sessions_with_unknown_products_are_measured_and_too_few_of_them_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_bounds: Any, _items: Any, n_items: int, *_more: Any) -> Scorer:
        """A rival in no time: the real one compiles for half a minute."""
        return lambda cases: np.full((len(cases), n_items), -np.inf, np.float32)

    monkeypatch.setattr(graph_trials, "next_item_scorer", silent)
    found = figures(sessions(tmp_path, 300, [11, 21, 888]))
    assert found["train: graph, hr@20"] == pytest.approx(1 / 3)
    with pytest.raises(NoData, match="too few"):
        figures(sessions(tmp_path, 5, [11]))


@with_torch
def test_a_file_without_its_columns_is_refused_with_their_name(tmp_path: Path) -> None:
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table({"user": [1], "item": [2]}), path)
    with pytest.raises(NoData, match="basket_no"):
        figures(Options(data=str(path)))
