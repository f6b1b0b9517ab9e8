"""What each strategy would have shown in each case of a backtest, the served one by the functions that serve it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.backtests.metrics import LENGTH
from recommender.backtests.splits import Cases
from recommender.interactions import Catalogue
from recommender.model import Model
from recommender.personal.folding import fold_in
from recommender.serving.alignment import Aligned, best_first
from recommender.serving.availability import Availability
from recommender.serving.ranking import seed_weights
from recommender.serving.shelf import Shelf
from recommender.serving.slates import Context, align, build_slate
from recommender.toplists import TopLists, of_dense, of_sparse

CHUNK = 256

Lists = NDArray[np.int64]


def served(model: Model, catalogue: Catalogue, cases: Cases) -> Lists:
    """What shoppers would be shown, with everything in stock: on the cart's page for the basket so far.

    Of a whole next order, where there is no basket yet: on the home page for what was bought before.
    """
    return shown(in_stock(model, catalogue), catalogue, cases)


def shown(aligned: Aligned, catalogue: Catalogue, cases: Cases) -> Lists:
    """What shoppers would be shown from a model beside a shelf of the whole catalogue."""
    lists = np.full((len(cases), LENGTH), -1, np.int64)
    for row, context in enumerate(contexts(catalogue, cases)):
        slate = build_slate(aligned, context)
        lists[row, : len(slate.items)] = [item.row for item in slate.items]
    return lists


def in_stock(model: Model, catalogue: Catalogue) -> Aligned:
    """A model beside a shelf on which there is everything."""
    n = len(catalogue)
    availability = np.full(n, Availability.IN_STOCK, np.int8)
    newest = np.arange(n, dtype=np.int32)[::-1].copy()
    return align(model, Shelf(catalogue.product_ids, availability, catalogue.category, newest))


def contexts(catalogue: Catalogue, cases: Cases) -> Iterator[Context]:
    """What is known in each case: the basket so far and the customer's past; with an empty basket the home page's."""
    for prefix, history, ages in zip(cases.prefixes, cases.histories, cases.ages, strict=True):
        basket = tuple(catalogue.product_ids[prefix].tolist()) if prefix else ()
        past = tuple(zip(catalogue.product_ids[history].tolist(), ages, strict=True)) if history else ()
        yield Context("cart" if basket else "home", basket, (), basket, LENGTH, past)


def same_for_all(scores: NDArray[np.float32], cases: Cases) -> Lists:
    """The best of one ranking of all products, less what is in the basket."""
    longest = max(map(len, cases.prefixes), default=0)
    order = best_first(scores)[: LENGTH + longest].tolist()
    lists = np.full((len(cases), LENGTH), -1, np.int64)
    for row, prefix in enumerate(cases.prefixes):
        inside = set(prefix)
        best = [item for item in order if item not in inside][:LENGTH]
        lists[row, : len(best)] = best
    return lists


def by_history(
    user_factors: NDArray[np.float32], user_rows: NDArray[np.int64], item_factors: NDArray[np.float32], cases: Cases
) -> Lists:
    """ALS from what the customer bought before. user_rows: int64 (c,), -1 for one who never did: an empty list."""
    factors = np.where(user_rows[:, None] >= 0, user_factors[user_rows], np.float32(0))
    return _by_factors(factors, item_factors, cases)


def by_purchases(cases: Cases, half_life_days: float) -> Lists:
    """What the customer bought before, most often first, each purchase halved by every half-life."""
    lists = np.full((len(cases), LENGTH), -1, np.int64)
    for row, (prefix, history, ages) in enumerate(zip(cases.prefixes, cases.histories, cases.ages, strict=True)):
        times: dict[int, float] = {}
        for item, age in zip(reversed(history), reversed(ages), strict=True):
            times[item] = times.get(item, 0.0) + 0.5 ** (age / half_life_days)
        inside = set(prefix)
        best = [item for item in sorted(times, key=times.__getitem__, reverse=True) if item not in inside][:LENGTH]
        lists[row, : len(best)] = best
    return lists


def by_fold_in(model: Model, cases: Cases) -> Lists:
    """ALS alone, folded in from the basket so far."""
    factors = np.zeros((len(cases), model.item_factors.shape[1]), np.float32)
    for row, prefix in enumerate(cases.prefixes):
        seeds = prefix[::-1][: model.serving.seeds]
        weights = seed_weights(model, len(seeds)) * np.float32(model.serving.alpha)
        factors[row] = fold_in(model.item_factors[seeds], model.fold_factors[seeds], weights)
    return _by_factors(factors, model.item_factors, cases)


def by_neighbours(neighbours: TopLists, model: Model, cases: Cases) -> Lists:
    """One kind of neighbours alone, summed over the basket's newest products."""
    n = len(neighbours.items)
    seeds = [prefix[::-1][: model.serving.seeds] for prefix in cases.prefixes]
    weights = [seed_weights(model, len(rows)) for rows in seeds]
    bounds = np.cumsum([0, *map(len, seeds)])
    columns = [row for rows in seeds for row in rows]
    baskets = sparse.csr_matrix((np.concatenate([np.empty(0, np.float32), *weights]), columns, bounds), (len(cases), n))
    scores = (baskets @ neighbours.matrix()).tocsr()
    rows = np.repeat(np.arange(len(cases)), np.diff(scores.indptr))
    inside = np.fromiter((row * n + item for row, items in enumerate(cases.prefixes) for item in items), np.int64)
    scores.data[np.isin(rows * n + scores.indices, inside)] = 0.0
    lists, kept = of_sparse(scores.indptr, scores.indices, scores.data, LENGTH)
    return np.where(kept >= 0, lists.items, -1).astype(np.int64)


def _by_factors(factors: NDArray[np.float32], item_factors: NDArray[np.float32], cases: Cases) -> Lists:
    """The best 10 products by factors, less what is in the basket; an empty list where all scores are 0."""
    length = min(LENGTH, len(item_factors) - 1)
    lists = np.full((len(cases), LENGTH), -1, np.int64)
    for begin in range(0, len(cases), CHUNK):
        scores = factors[begin : begin + CHUNK] @ item_factors.T
        for row, prefix in enumerate(cases.prefixes[begin : begin + CHUNK]):
            scores[row, prefix] = -np.inf
        items, best = of_dense(scores, length)
        liked = np.isfinite(best) & (best != 0)
        lists[begin : begin + CHUNK, :length] = np.where(liked, items, -1)
    return lists
