"""Ranking what leads on from a few products: their neighbours, and the ALS score of the folded-in session."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.model import Model
from recommender.personal.folding import fold_in
from recommender.serving.alignment import Aligned, Offer


class Ranked(NamedTuple):
    """The best candidates, best first. rows: int32 (c,), of the model. The lists have c plain values each.

    because: product id of the seed that spoke most for each, None where none did; counts: orders that hold both.
    """

    rows: NDArray[np.int32]
    scores: list[float]
    because: list[int | None]
    counts: list[int]


def rank_session(
    aligned: Aligned, offer: Offer, model: Model, seeds: list[int], barred: list[int], count: int
) -> Ranked:
    """The best `count` for a visit: neighbours of its products and what trends, by both and by the ALS score.

    seeds: model rows, the newest first. barred: model rows never to be given; must hold the seeds. What is not on
    offer is masked before the cut, so a sold-out candidate takes no place.
    """
    weights = seed_weights(model, len(seeds))
    items = np.concatenate((model.neighbour_items[seeds].ravel(), offer.popular))
    said = np.zeros(len(items), np.float32)
    said[: len(items) - len(offer.popular)] = (model.neighbour_scores[seeds] * weights[:, None]).ravel()
    rows, scores = _summed(items, said, offer.known, barred)
    if len(rows):
        scores = _blended(model, seeds, weights, rows, scores)
        scores += aligned.popularity[rows] * model.serving.trending_weight
    return _explained(model, seeds, items, said, rows, scores, count)


def rank_neighbours(offer: Offer, model: Model, seeds: list[int], barred: list[int], count: int) -> Ranked:
    """The best `count` neighbours of the seeds alone; see `rank_session`."""
    if len(seeds) == 1:
        return _neighbours_of_one(offer, model, seeds[0], barred, count)
    items = model.neighbour_items[seeds].ravel()
    said = (model.neighbour_scores[seeds] * seed_weights(model, len(seeds))[:, None]).ravel()
    rows, scores = _summed(items, said, offer.known, barred)
    return _explained(model, seeds, items, said, rows, scores, count)


def _neighbours_of_one(offer: Offer, model: Model, seed: int, barred: list[int], count: int) -> Ranked:
    """What most pages ask for, one product's neighbours: they stand in their order already."""
    items, scores = model.neighbour_items[seed], model.neighbour_scores[seed]
    shown = offer.known[items] & (scores > 0)
    for row in barred:
        shown &= items != row
    best = np.flatnonzero(shown)[:count]
    because: list[int | None] = [int(model.product_ids[seed])] * len(best)
    return Ranked(items[best], scores[best].tolist(), because, model.neighbour_counts[seed, best].tolist())


def _explained(
    model: Model,
    seeds: list[int],
    items: NDArray[np.int32],
    said: NDArray[np.float32],
    rows: NDArray[np.int32],
    scores: NDArray[np.float64],
    count: int,
) -> Ranked:
    """The best of the candidates, and which seed said most for each."""
    best = _best(scores, count)
    rows = rows[best]
    spoke = (rows[:, None] == items) * said
    place = spoke.argmax(axis=1)
    seed, at = np.divmod(place, model.neighbour_items.shape[1])
    rows_of_seeds = np.array(seeds)[seed]
    because: list[int | None] = model.product_ids[rows_of_seeds].tolist()
    counts: list[int] = model.neighbour_counts[rows_of_seeds, at].tolist()
    for index, loudest in enumerate(spoke.max(axis=1).tolist()):
        if loudest <= 0:
            because[index], counts[index] = None, 0
    return Ranked(rows, scores[best].tolist(), because, counts)


def seed_weights(model: Model, seeds: int) -> NDArray[np.float32]:
    """What each seed is worth, newest first: 1, then less by `seed_decay` a step; float32 (seeds,), read-only."""
    return _powers(model.serving.seed_decay, seeds)


@lru_cache(maxsize=256)
def _powers(base: float, count: int) -> NDArray[np.float32]:
    powers: NDArray[np.float32] = np.power(np.float32(base), np.arange(count, dtype=np.float32))
    powers.flags.writeable = False
    return powers


def session_factors(model: Model, seeds: list[int], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """A visitor's factors, float32 (factors,), folded in from the products of the session."""
    alpha = np.float32(model.serving.alpha)
    return fold_in(model.item_factors[seeds], model.fold_factors[seeds], weights * alpha)


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
    liked = model.item_factors.take(rows, axis=0) @ session_factors(model, seeds, weights)
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
