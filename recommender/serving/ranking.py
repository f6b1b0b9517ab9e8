"""Ranking candidates: what leads on from a visit and from earlier purchases, in the order that the shop has taught."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.blend.diversity import POOL, alike, spread_out
from recommender.blend.features import FEATURES, VISITS
from recommender.blend.trees import FINALISTS, Trees, said, with_scores
from recommender.model import Model
from recommender.personal.folding import fold_in
from recommender.serving.alignment import Aligned, Offer
from recommender.sessions.next_item import Scored

_AT = {name: place for place, name in enumerate(FEATURES)}
_NEWEST, _FOLD_IN, _TRENDING, _POPULAR = _AT["newest"], _AT["fold_in"], _AT["trending"], _AT["popular"]
_SEASON, _BOUGHT, _BEFORE, _CATEGORY = _AT["season"], _AT["bought"], _AT["bought_before"], _AT["category"]
_VISITS = _AT[VISITS]
# So many candidates come from earlier visits.
VISITED = 50
_OF_THEMSELVES = (_TRENDING, _POPULAR)


class Known(NamedTuple):
    """What a slate is ranked by, in rows of the model.

    seeds: what the visit is about, newest first. bought: what the customer bought before, each once; times: float32,
    how often, each purchase halved by every half-life of age. barred: never to be given. visit: the running visit,
    oldest first; empty where earlier visits are not to be asked.
    """

    seeds: list[int]
    bought: list[int]
    times: NDArray[np.float32]
    barred: list[int]
    visit: list[int]


class Candidates(NamedTuple):
    """What may be shown, c rows of the model, each once, and what is known of each.

    features: float32 (features, c), see `blend.features`. told: the lists of neighbours that led here, int32 (s * k,),
    and float32 (parts, s * k), what each part says. visits: what earlier visits lead to.
    """

    rows: NDArray[np.int32]
    features: NDArray[np.float32]
    told: NDArray[np.int32]
    said: NDArray[np.float32]
    visits: Scored | None


class Ranked(NamedTuple):
    """The best candidates, best first. rows: int32 (c,), of the model. The lists have c plain values each.

    kinds: what spoke loudest for each: a visit's products (0), the customer's own purchases (1), its category (2), or
    that it sells (3). because: model row of the product that led here, -1 for none; counts: orders that hold both.
    """

    rows: NDArray[np.int32]
    scores: list[float]
    kinds: list[int]
    because: list[int]
    counts: list[int]


VISIT, BOUGHT, CATEGORY, SELLS = 0, 1, 2, 3


def candidates(aligned: Aligned, offer: Offer, model: Model, known: Known, *, widely: bool) -> Candidates:
    """The neighbours of the seeds, what the customer bought before and, `widely`, what trends, masked by stock.

    What is not on offer is masked before the cut, so a sold-out candidate takes no place.
    """
    seeds, serving = known.seeds, model.serving
    weights = seed_weights(model, len(seeds))
    lists = model.neighbour_items[seeds]
    told = lists.ravel()
    said = model.neighbour_parts[:, seeds]
    said = (said * weights[:, None]).reshape(len(said), -1)
    asked = known.visit if model.next_item is not None else []
    visits = model.next_item.candidates(asked, offer.known, VISITED) if asked and model.next_item is not None else None
    bought = np.array(known.bought, np.int32)
    flat = np.concatenate(
        (told, bought, visits.rows if visits is not None else _NONE, offer.popular if widely else _NONE)
    )
    first, kept = _each_once(flat, offer.known, known.barred)
    rows = flat[kept]
    features = np.zeros((len(FEATURES), len(rows)), np.float32)
    if not len(rows):
        return Candidates(rows, features, told, said, None)
    # One list alone, as on most product pages, holds each product once: there is nothing to sum.
    alone = len(seeds) == 1 and len(flat) == len(told)
    of_lists, length = first[: len(told)], lists.shape[1]
    for name, part in zip(serving.parts, said, strict=True):
        features[_AT[name]] = _best_is_one(part[kept] if alone else np.bincount(of_lists, part, len(flat) + 1)[kept])
    if seeds:
        newest = said[0] if alone else np.bincount(of_lists[:length], said[0, :length], len(flat) + 1)
        features[_NEWEST] = newest[kept]
        features[_FOLD_IN] = _best_is_one(model.item_factors[rows] @ session_factors(model, seeds, weights))
        features[_CATEGORY] = _categories(aligned, seeds, weights, rows)
    features[_TRENDING], features[_POPULAR] = aligned.trending_log[rows], aligned.popular_log[rows]
    features[_SEASON] = aligned.season_log[rows]
    if known.bought:
        times = np.bincount(first[len(told) : len(told) + len(known.bought)], known.times, len(flat) + 1)[kept]
        features[_BOUGHT], features[_BEFORE] = np.log1p(times), times > 0
    if visits is not None and len(visits.rows):
        features[_VISITS] = _odds(visits, first[len(told) + len(bought) :], len(flat) + 1)[kept]
    return Candidates(rows, features, told, said, visits)


def _odds(visits: Scored, first: NDArray[np.int32], size: int) -> NDArray[np.float64]:
    """Odds by what earlier visits went on to, the best 1, where each product stands first among all candidates."""
    odds = np.exp(visits.scores - visits.scores[0])
    summed: NDArray[np.float64] = np.bincount(first[: len(odds)], odds, size).astype(np.float64, copy=False)
    return summed


def ranked(
    aligned: Aligned,
    model: Model,
    known: Known,
    found: Candidates,
    ranker: NDArray[np.float32],
    count: int,
    trees: Trees | None = None,
) -> Ranked:
    """The best `count` candidates by a ranker's weights, float32 (features,), and what spoke loudest for each.

    What the merchant's weights add to a score is in it before the cut, and so is what diversity takes off. trees: put
    those that the weights put first in order, see `blend.forests`. None of these speaks for a product.
    """
    found, scores = _scored(aligned, found, ranker, count, trees)
    diversity = aligned.shelf.diversity
    best = _varied(aligned, model, found.rows, scores, count) if diversity else _best(scores, count)
    rows, features = found.rows[best], found.features[:, best]
    spoke, seed, at = _loudest_seeds(model, known, found, ranker, rows)
    weighted = ranker[:, None] * features
    loudness = np.stack(
        (
            np.maximum(spoke, weighted[_VISITS]),
            weighted[_BOUGHT] + weighted[_BEFORE],
            weighted[_CATEGORY],
            np.maximum(weighted[_TRENDING] + weighted[_POPULAR] + weighted[_SEASON], 1e-9),
        )
    )
    kinds = loudness.argmax(axis=0)
    because, counts = np.full(len(rows), -1), np.zeros(len(rows), np.int64)
    if known.seeds:
        leading = np.array(known.seeds)[seed]
        by_visit = kinds == VISIT
        because[by_visit] = leading[by_visit]
        counts[by_visit] = model.neighbour_counts[leading, at][by_visit]
        if found.visits is not None:
            _told_by_visits(found.visits, rows, by_visit & (weighted[_VISITS] > spoke), because, counts)
        because[kinds == CATEGORY] = known.seeds[0]
    because[kinds == BOUGHT] = rows[kinds == BOUGHT]
    return Ranked(rows, scores[best].tolist(), kinds.tolist(), because.tolist(), counts.tolist())


def _scored(
    aligned: Aligned, found: Candidates, ranker: NDArray[np.float32], count: int, trees: Trees | None
) -> tuple[Candidates, NDArray[np.float32]]:
    """Candidates and their scores; with trees the few that the weights and the merchant put first, and what trees say.

    Trees are told the score of the weights alone, as when they were taught.
    """
    learnt = ranker @ found.features
    scores = learnt if aligned.appeal is None else learnt + aligned.appeal[found.rows]
    if trees is None:
        return found, scores
    best = _best(scores, max(FINALISTS, count * POOL))
    features = found.features[:, best]
    more = said(trees, with_scores(features, learnt[best]))
    return found._replace(rows=found.rows[best], features=features), scores[best] + more


def _told_by_visits(
    visits: Scored,
    rows: NDArray[np.int32],
    chosen: NDArray[np.bool_],
    because: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Where earlier visits spoke loudest, the product of this one that they share; they are no orders, so no count."""
    leading = dict(zip(visits.rows.tolist(), visits.because.tolist(), strict=True))
    for place in np.flatnonzero(chosen).tolist():
        row = int(rows[place])
        if leading.get(row, -1) >= 0:
            because[place], counts[place] = leading[row], 0


def _loudest_seeds(
    model: Model, known: Known, found: Candidates, ranker: NDArray[np.float32], rows: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.intp]]:
    """For each row how loud the lists speak, which seed's list speaks loudest, and where in it the row stands."""
    if not known.seeds:
        return np.zeros(len(rows), np.float32), np.zeros(len(rows), np.intp), np.zeros(len(rows), np.intp)
    weights = ranker[[_AT[name] for name in model.serving.parts]]
    length = model.neighbour_items.shape[1]
    loud = weights @ found.said
    loud[:length] += ranker[_NEWEST] * found.said[0, :length]
    spoke = (rows[:, None] == found.told) * loud
    place = spoke.argmax(axis=1)
    seed, at = np.divmod(place, length)
    return spoke[np.arange(len(rows)), place], seed, at


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


_NONE = np.empty(0, np.int32)


def _each_once(
    flat: NDArray[np.int32], allowed: NDArray[np.bool_], barred: list[int]
) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """For each entry where its product stands in `flat`, len(flat) for a barred one; and the places of those allowed.

    `slot` is scratch of the size of the catalogue that is never cleared: only what `flat` writes is read.
    """
    total = len(flat)
    positions = np.arange(total, dtype=np.int32)
    slot = np.empty(len(allowed), np.int32)
    slot[flat] = positions
    slot[barred] = total
    first = slot[flat]
    return first, np.flatnonzero((first == positions) & allowed[flat])


def _best_is_one(scores: NDArray[Any]) -> NDArray[Any]:
    best = scores.max()
    return scores / best if best > 0 else scores


def _categories(
    aligned: Aligned, seeds: list[int], weights: NDArray[np.float32], rows: NDArray[np.int32]
) -> NDArray[np.float32]:
    """The share of the seeds that lie in each row's category."""
    shares: dict[int, float] = {}
    for code, weight in zip(aligned.category[seeds].tolist(), weights.tolist(), strict=True):
        shares[code] = shares.get(code, 0.0) + weight
    mine = aligned.category[rows]
    alike = np.zeros(len(rows), np.float32)
    for code, share in shares.items():
        if code >= 0:
            alike[mine == code] = share
    return alike / np.float32(weights.sum())


def _best(scores: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Where the best `count` scores stand, best first."""
    negative = -scores
    if len(scores) <= count:
        return np.argsort(negative, kind="stable")
    best = np.argpartition(negative, count - 1)[:count]
    return best[np.argsort(negative[best], kind="stable")]


def _varied(
    aligned: Aligned, model: Model, rows: NDArray[np.int32], scores: NDArray[np.float32], count: int
) -> NDArray[np.intp]:
    """Where the `count` stand that are best beside one another, in their order; only the best few times as many count.

    rows: int32 (c,), of the model.
    """
    pool = _best(scores, count * POOL)
    among = rows[pool]
    likeness = alike(model.item_factors[among], aligned.category[among])
    return pool[spread_out(scores[pool], likeness, aligned.shelf.diversity, count)]
