"""The product graph beside the strategies it must beat, and blended with them, on four published data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from benchmarks.graph_trials import Round, Scorer, Trial, trials
from recommender.graph.edges import bought_together, product_graph, transitions
from recommender.graph.train import TorchMissing, need_torch, train_vectors

# What the graph's list counts beside the rival's, of which one is chosen; 0 leaves the graph out.
WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
ALONE = (0.0, 1.0)
LISTED, DAMPED = 100, 10
BATCH = 256
LARGEST_HISTORY = 500
NORMAL_95 = 1.96
NOWHERE = 1_000_000_000
MEASURES = {20: ("hr@20", "mrr@20"), 10: ("recall@10", "ndcg@10")}


def run(options: Options) -> Iterator[Figure | Stage]:
    """Popularity, the rival, the graph, and both with the weight that the end of the training data chose."""
    try:
        need_torch()
    except TorchMissing as reason:
        raise NoData(str(reason)) from None
    makers = list(trials(options))
    for number, make in enumerate(makers):
        yield Stage("reading", number / len(makers))
        trial = make()
        yield Stage(f"{trial.name}: choosing the weight", number / len(makers))
        weight = _chosen(trial)
        yield Stage(f"{trial.name}: the test", (number + 0.5) / len(makers))
        yield from _tested(trial, weight, options.seed)


def _chosen(trial: Trial) -> float:
    """The graph's weight that does best on the end of the training data."""
    shares = [(1.0, weight) for weight in WEIGHTS]
    ranks = _ranks(trial.choose, _rival_and_graph(trial, trial.choose), shares)
    gained = [sum(float(values.mean()) for values in _measured(trial, trial.choose, each)) for each in ranks]
    return WEIGHTS[int(np.argmax(gained))]


def _tested(trial: Trial, weight: float, seed: int) -> Iterator[Figure]:
    part = trial.test
    ranks = _ranks(part, _rival_and_graph(trial, part), [(1.0, 0.0), ALONE, (1.0, weight)])
    sold = np.bincount(part.items[: part.bounds[-1]], minlength=trial.n_items).astype(np.float32)
    ranks += _ranks(part, [lambda cases: np.repeat(sold[None, :], len(cases), axis=0)] * 2, [(1.0, 0.0)])
    names = (trial.rival, "graph", f"both, the graph by {weight:g}", "popularity")
    rivals = [float(values.mean()) for values in _measured(trial, part, ranks[0])]
    for who, found in zip(names, ranks, strict=True):
        for measure, values, rival in zip(MEASURES[trial.length], _measured(trial, part, found), rivals, strict=True):
            value = float(values.mean())
            reach = NORMAL_95 * float(values.std()) / max(len(values), 1) ** 0.5
            yield Figure(
                name=f"{trial.name}: {who}, {measure}",
                value=value,
                unit="share",
                baseline=rival,
                ratio=value / rival if rival else None,
                data=trial.said,
                seed=seed,
                low=value - reach,
                high=value + reach,
                baseline_name=trial.rival,
            )


def _rival_and_graph(trial: Trial, part: Round) -> list[Scorer]:
    """Both, learnt from one round's histories."""
    n, items = trial.n_items, part.items[: part.bounds[-1]]
    relations = [transitions(part.bounds, items, n)] if trial.parameters.ordered else []
    if part.orders is not None:
        relations.append(bought_together(part.orders, LARGEST_HISTORY))
    learnt = train_vectors(np.arange(n), part.bounds, items, product_graph(relations, []), trial.parameters)
    sessions = learnt.session_vectors(part.prefixes)
    return [part.rival(), partial(_nearness, sessions, learnt.vectors)]


def _nearness(
    sessions: NDArray[np.float32], vectors: NDArray[np.float32], cases: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What the graph says of all products; a session that it knows nothing of says nothing."""
    nearness: NDArray[np.float32] = sessions[cases] @ vectors.T
    nearness[~sessions[cases].any(axis=1)] = -np.inf
    return nearness


def _ranks(part: Round, scorers: Sequence[Scorer], shares: Sequence[tuple[float, float]]) -> list[NDArray[np.int64]]:
    """Where each wanted product stands under each pair of shares, int64 (c, t), 0 for the first.

    The lists are joined by reciprocal rank (Cormack et al., 2009), so that scores of any kind go together.
    """
    ranks = [np.full(part.wanted.shape, NOWHERE) for _ in shares]
    asked = part.wanted if part.among is None else np.zeros_like(part.wanted)
    for first in range(0, len(part.wanted), BATCH):
        cases = np.arange(first, min(first + BATCH, len(part.wanted)))
        lists = [_reciprocal(_narrowed(part, cases, score(cases))) for score in scorers]
        for found, (of_rival, of_graph) in zip(ranks, shares, strict=True):
            found[cases] = _places(np.float32(of_rival) * lists[0] + np.float32(of_graph) * lists[1], asked[cases])
    return ranks


def _narrowed(part: Round, cases: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The scores of the products that are ranked, the wanted one first where they are few."""
    if part.among is None:
        return scores
    among = part.among[cases]
    kept = np.take_along_axis(scores, np.maximum(among, 0), axis=1)
    return np.where(among >= 0, kept, -np.inf)


def _reciprocal(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (10 + place) of the best 100 of each row, 0 of all others and of what has no score."""
    listed = min(LISTED, scores.shape[1])
    best = np.argpartition(-scores, listed - 1, axis=1)[:, :listed]
    best = np.sort(best, axis=1)
    best = np.take_along_axis(
        best, np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable"), axis=1
    )
    parts = np.where(np.isfinite(np.take_along_axis(scores, best, axis=1)), 1 / (DAMPED + np.arange(listed)), 0)
    reciprocal = np.zeros(scores.shape, np.float32)
    np.put_along_axis(reciprocal, best, parts.astype(np.float32), axis=1)
    return reciprocal


def _places(scores: NDArray[np.float32], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many stand before each wanted product, or beside it; NOWHERE for one that is not listed."""
    places = np.full(wanted.shape, NOWHERE)
    own = np.take_along_axis(scores, np.maximum(wanted, 0), axis=1)
    for column in range(wanted.shape[1]):
        listed = (wanted[:, column] >= 0) & (own[:, column] > 0)
        places[listed, column] = (scores[listed] >= own[listed, column, None]).sum(axis=1) - 1
    return places


def _measured(trial: Trial, part: Round, ranks: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each case's share of wanted products found in the list, and how high up: MRR of 20, NDCG of 10."""
    found = ranks < trial.length
    asked = np.maximum((part.wanted >= 0).sum(axis=1), 1)
    rate = found.sum(axis=1) / asked
    if trial.length == 20:
        return rate, np.where(found, 1 / (1.0 + ranks), 0.0).max(axis=1)
    gains = np.where(found, 1 / np.log2(2.0 + ranks), 0.0).sum(axis=1)
    ideal = np.cumsum(1 / np.log2(2.0 + np.arange(trial.length)))
    return rate, gains / ideal[np.minimum(asked, trial.length) - 1]


BENCHMARK = Benchmark(
    name="graph",
    summary="The product graph (PyTorch) beside the strategies it must beat, alone and joined, on four data sets",
    run=run,
    quick=False,
    minutes=25.0,
    quality=True,
)
