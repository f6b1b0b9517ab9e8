"""Boosted symmetric trees under a listwise loss: each list holds one wanted row, and its softmax is to name it.

Newton steps on the softmax loss of ListNet (Cao et al. 2007) with the oblivious trees of CatBoost (Prokhorenkova et al.
2018): every node of a level asks the same question, so that a row's leaf is a number made of a few comparisons.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.blend.trees import Trees
from recommender.sessions.compiled import compiled

BINS = 32
SAMPLE = 200_000
DEPTH = 6
PATIENCE = 40
DAMPING = 5.0


class Growth(NamedTuple):
    """depth: of a tree. rate: of the step that a leaf takes. share: of the lists that each tree is fitted to."""

    depth: int = DEPTH
    rate: float = 0.1
    share: float = 0.4


OF_MANY = Growth()


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """columns: float32 (features, rows). base: float32 (rows,), scores to begin with. starts: int64 (lists + 1,).

    wanted: int64 (lists,), the row that each list should name; -1 where it has none.
    """

    columns: NDArray[np.float32]
    base: NDArray[np.float32]
    starts: NDArray[np.int64]
    wanted: NDArray[np.int64]


def no_trees(depth: int = DEPTH) -> Trees:
    """A forest that adds nothing."""
    return Trees(
        np.zeros((0, depth), np.int32), np.zeros((0, depth), np.float32), np.zeros((0, 1 << depth), np.float32)
    )


def boost(
    lists: Lists,
    watched: Lists,
    most: int,
    threads: int,
    progress: Callable[[float], None],
    growth: Growth = OF_MANY,
) -> Trees:
    """Trees fitted to `lists`, as many as name the wanted rows of `watched` best; none if none helps.

    Every list has its wanted row. A tree is fitted to a part of the lists, in turns: pass them in a random order.
    """
    edges = _edges(lists.columns)
    bins = _binned(lists.columns, edges)
    scores, watched_scores = lists.base.copy(), watched.base.copy()
    forest = no_trees(growth.depth)
    best, least = 0, _loss(watched_scores, watched.starts, watched.wanted)
    with ThreadPoolExecutor(threads) as pool:
        for number in range(most):
            begin, end = _part(len(lists.wanted), number, growth.share)
            span = slice(int(lists.starts[begin]), int(lists.starts[end]))
            starts, wanted = lists.starts[begin : end + 1] - span.start, lists.wanted[begin:end] - span.start
            slopes, bends = _slopes(scores[span], starts, wanted)
            features, splits, leaves = _grown(bins[:, span], slopes, bends, growth, pool)
            thresholds = np.array([[edges[f, b] for f, b in zip(features, splits, strict=True)]], np.float32)
            tree = Trees(features[None], thresholds, leaves[None])
            forest = _planted(forest, tree)
            add_scores(lists.columns, tree, scores)
            add_scores(watched.columns, tree, watched_scores)
            loss = _loss(watched_scores, watched.starts, watched.wanted)
            if loss < least:
                best, least = number + 1, loss
            progress((number + 1) / most)
            if number - best > PATIENCE:
                break
    return Trees(forest.features[:best], forest.thresholds[:best], forest.leaves[:best])


def _planted(forest: Trees, tree: Trees) -> Trees:
    return Trees(
        np.concatenate([forest.features, tree.features]),
        np.concatenate([forest.thresholds, tree.thresholds]),
        np.concatenate([forest.leaves, tree.leaves]),
    )


def _part(lists: int, number: int, share: float) -> tuple[int, int]:
    size = max(1, int(lists * share))
    parts = max(1, lists // size)
    begin = (number % parts) * size
    return begin, lists if number % parts == parts - 1 else begin + size


def _edges(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (features, BINS - 1): thresholds of every feature, at its quantiles, then infinite."""
    edges = np.full((len(columns), BINS - 1), np.inf, np.float32)
    for feature, column in enumerate(columns):
        sample = np.sort(column[:: max(1, len(column) // SAMPLE)])
        values = np.unique(sample)
        if len(values) > BINS:
            values = np.unique(sample[np.linspace(0, len(sample) - 1, BINS).astype(np.int64)])
        edges[feature, : len(values) - 1] = values[:-1]
    return edges


def _binned(columns: NDArray[np.float32], edges: NDArray[np.float32]) -> NDArray[np.uint8]:
    """uint8 (features, rows): how many thresholds of its feature a value exceeds."""
    bins = np.empty(columns.shape, np.uint8)
    for feature, own in enumerate(edges):
        bins[feature] = np.searchsorted(own, columns[feature], side="left")
    return bins


def _grown(
    columns: NDArray[np.uint8],
    slopes: NDArray[np.float32],
    bends: NDArray[np.float32],
    growth: Growth,
    pool: ThreadPoolExecutor,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]]:
    """One tree: its features, the bins it splits them at, and its leaves."""
    leaf = np.zeros(columns.shape[1], np.uint8)
    features, bins = np.zeros(growth.depth, np.int32), np.zeros(growth.depth, np.int64)
    for level in range(growth.depth):
        splits = list(pool.map(lambda column: _best_split(column, leaf, slopes, bends, 1 << level), columns))  # noqa: B023
        features[level] = int(np.argmax([gain for gain, _ in splits]))
        bins[level] = splits[features[level]][1]
        leaf = 2 * leaf + (columns[features[level]] > bins[level])
    steps = np.bincount(leaf, slopes, 1 << growth.depth) / (np.bincount(leaf, bends, 1 << growth.depth) + DAMPING)
    return features, bins, (-growth.rate * steps).astype(np.float32)


@compiled
def _slopes(
    scores: NDArray[np.float32], starts: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """First and second derivative of the softmax loss by every score."""
    slopes, bends = np.empty_like(scores), np.empty_like(scores)
    for i in range(len(wanted)):
        own = np.exp(scores[starts[i] : starts[i + 1]] - scores[starts[i] : starts[i + 1]].max())
        own /= own.sum()
        slopes[starts[i] : starts[i + 1]] = own
        bends[starts[i] : starts[i + 1]] = own * (np.float32(1.0) - own) + np.float32(1e-6)
        slopes[wanted[i]] -= np.float32(1.0)
    return slopes, bends


@compiled
def _loss(scores: NDArray[np.float32], starts: NDArray[np.int64], wanted: NDArray[np.int64]) -> float:
    loss = 0.0
    for i in range(len(wanted)):
        own = scores[starts[i] : starts[i + 1]]
        loss += np.log(np.exp(own - own.max()).sum()) + own.max() - scores[wanted[i]]
    return loss


@compiled
def _best_split(
    column: NDArray[np.uint8], leaf: NDArray[np.uint8], slopes: NDArray[np.float32], bends: NDArray[np.float32], n: int
) -> tuple[float, int]:
    """The gain of asking this feature in all n leaves, and the bin to ask it at."""
    sums = np.zeros(n * BINS * 2)
    for r in range(len(column)):
        at = (np.int64(leaf[r]) * BINS + np.int64(column[r])) * 2
        sums[at] += slopes[r]
        sums[at + 1] += bends[r]
    gains = np.zeros(BINS - 1)
    for own in sums.reshape(n, BINS, 2):
        slope, bend = own[:, 0].sum(), own[:, 1].sum()
        low_slope, low_bend = 0.0, 0.0
        for b in range(BINS - 1):
            low_slope += own[b, 0]
            low_bend += own[b, 1]
            gains[b] += low_slope**2 / (low_bend + DAMPING) - slope**2 / (bend + DAMPING)
            gains[b] += (slope - low_slope) ** 2 / (bend - low_bend + DAMPING)
    best = int(np.argmax(gains))
    return gains[best], best


@compiled
def add_scores(columns: NDArray[np.float32], trees: Trees, scores: NDArray[np.float32]) -> None:
    """Adds what the trees say of every row to its score. columns: (features, rows)."""
    leaf = np.empty(len(scores), np.int32)
    for t in range(len(trees.features)):
        leaf[:] = 0
        for level in range(trees.features.shape[1]):
            column, above = columns[trees.features[t, level]], trees.thresholds[t, level]
            for r in range(len(leaf)):
                leaf[r] = 2 * leaf[r] + np.int32(column[r] > above)
        leaves = trees.leaves[t]
        for r in range(len(leaf)):
            scores[r] += leaves[leaf[r]]
