"""Ranking what leads on from a few products: their neighbours, and the ALS score of the folded-in session."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.folding import fold_in as fold_in_session
from recommender.model import Model


class Ranked(NamedTuple):
    """The best candidates, best first. rows: int32 (c,), of the model. The lists have c plain numbers each.

    because: product id of the seed that spoke most for each; counts: orders that hold both.
    """

    rows: NDArray[np.int32]
    scores: list[float]
    because: list[int]
    counts: list[int]


def rank_neighbours(
    model: Model, allowed: NDArray[np.bool_], seeds: list[int], barred: list[int], count: int, *, fold_in: bool
) -> Ranked:
    """The best `count` neighbours of the seeds, model rows with the newest first.

    allowed: bool (n,), what may be shown; it masks every candidate before the cut, so a sold-out one takes no place.
    barred: model rows never to be given; must hold the seeds. fold_in: whether the ALS score has its say.
    """
    items = model.neighbour_items[seeds]
    flat = items.ravel()
    weights = seed_weights(model, len(seeds))
    said = (model.neighbour_scores[seeds] * weights[:, None]).ravel()
    rows, scores = _summed(flat, said, allowed, barred)
    if fold_in and len(rows):
        scores = _blended(model, seeds, weights, rows, scores)
    best = _best(scores, count)
    rows = rows[best]
    # Who spoke most for each chosen product: (c, s * k), true where a seed's list holds it.
    spoke = ((rows[:, None] == flat) * said).argmax(axis=1)
    seed = np.asarray(seeds)[spoke // items.shape[1]]
    counts = model.neighbour_counts[seed, spoke % items.shape[1]]
    return Ranked(rows, scores[best].tolist(), model.product_ids[seed].tolist(), counts.tolist())


def seed_weights(model: Model, seeds: int) -> NDArray[np.float32]:
    """What each seed is worth, newest first: 1, then less by `seed_decay` a step; float32 (seeds,)."""
    weights: NDArray[np.float32] = np.power(np.float32(model.serving.seed_decay), np.arange(seeds, dtype=np.float32))
    return weights


def session_factors(model: Model, seeds: list[int], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """A visitor's factors, float32 (factors,), folded in from the products of the session."""
    alpha = np.float32(model.serving.alpha)
    return fold_in_session(model.item_factors[seeds], model.fold_factors[seeds], weights * alpha)


def _summed(
    flat: NDArray[np.int32], said: NDArray[np.float32], allowed: NDArray[np.bool_], barred: list[int]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Each allowed candidate once, with the sum of what was said for it.

    `slot` is scratch of the size of the catalogue that is never cleared: only what `flat` writes is read.
    """
    total = len(flat)
    positions = np.arange(total, dtype=np.int32)
    slot = np.empty(len(allowed), np.int32)
    slot[flat] = positions
    slot[barred] = total
    first = slot[flat]
    sums = np.bincount(first, said, total + 1).astype(np.float64, copy=False)
    kept = np.flatnonzero((first == positions) & allowed[flat])
    return flat[kept], sums[kept]


def _blended(
    model: Model, seeds: list[int], weights: NDArray[np.float32], rows: NDArray[np.int32], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Neighbours' and ALS scores, each scaled to a best of 1, in the model's shares."""
    share = model.serving.fold_in_weight
    liked = model.item_factors[rows] @ session_factors(model, seeds, weights)
    blended: NDArray[np.float64] = scores * ((1.0 - share) / max(float(scores.max()), 1e-30))
    blended += liked * (share / max(float(np.abs(liked).max()), 1e-30))
    return blended


def _best(scores: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Where the best `count` scores stand, best first."""
    negative = -scores
    if len(scores) <= count:
        return np.argsort(negative, kind="stable")
    best = np.argpartition(negative, count - 1)[:count]
    return best[np.argsort(negative[best], kind="stable")]
