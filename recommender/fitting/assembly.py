"""Models put together from factors, lists of neighbours, trends and seasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.backtests.splits import Cases
from recommender.baskets.together import Together, bought_together, placed_nearby
from recommender.content.cold import cold_factors
from recommender.content.newcomers import with_newcomers
from recommender.content.search_words import search_words
from recommender.fitting.data import FitData
from recommender.fitting.optional import optional_lists
from recommender.fitting.origins import with_origins
from recommender.fitting.visits import counted_on, learnt
from recommender.interactions import Orders, codes
from recommender.model import Model, Serving
from recommender.neighbours import Neighbours, Sources, completed, joined
from recommender.personal.als import Factors
from recommender.personal.folding import fold_factors
from recommender.toplists import TopLists
from recommender.trends.season import season_lift
from recommender.trends.trending import popularity, trending_scores


def model_before(data: FitData, cut: int, factors: Factors, questions: Sequence[Cases]) -> tuple[Model, TopLists]:
    """The model of the orders before a cut and its co-purchase lists.

    It has neighbours for the products that some cases go by alone, which gives those cases the same slates for less.
    """
    orders = data.orders.where(data.orders.time < cut)
    told = [items for cases in questions for items in (*cases.prefixes, *_newest(cases, data.parameters.seeds))]
    asked = np.unique(np.fromiter((item for items in told for item in items), np.int64))
    together = together_of(data, data.orders.time < cut, asked)
    sources = sources_of(data, together, orders, cut, asked)
    neighbours = joined(sources, factors.item, data.parameters, asked)
    return _model(data, orders, neighbours, factors, cut), together.lists


def together_of(data: FitData, kept: NDArray[np.bool_], asked: NDArray[np.int64] | None = None) -> Together:
    """Co-purchase of the orders for which `kept`, bool (b,), is true. asked: see `bought_together`."""
    orders, lines = data.orders.where(kept), kept[data.order]
    now = int(orders.time.max(initial=0))
    order, _ = codes(data.order[lines])
    nearby = placed_nearby(data.purchases.where(lines), order, len(data.catalogue), now, data.parameters)
    return bought_together(orders, now, data.parameters, asked, nearby)


def _newest(cases: Cases, count: int) -> Iterator[list[int]]:
    """The products that each customer bought last, where there is no basket to go by."""
    for prefix, history in zip(cases.prefixes, cases.histories, strict=True):
        yield [] if prefix else list(dict.fromkeys(reversed(history)))[:count]


def sources_of(data: FitData, together: Together, orders: Orders, cut: int | None, asked: NDArray[np.int64]) -> Sources:
    """What lists of neighbours are made of, with those optional ones that are still in the race."""
    p, ids = data.parameters, data.catalogue.product_ids
    others = optional_lists(orders, cut, ids, p, data.graph, data.lesson.winning, asked)
    return Sources(together, data.content.result().alike, others)


def draft_of_all(data: FitData, together: Together) -> tuple[Sources, Neighbours]:
    """All neighbours by all orders, as far as they do without factors."""
    sources = sources_of(data, together, data.orders, None, np.arange(len(data.catalogue)))
    return sources, joined(sources, None, data.parameters)


def listening(data: FitData, cut: int | None) -> FitData:
    """The same data, with everything about visits chosen on those that ended before a cut, or on all."""
    visits = data.visits.before(data.visits.until if cut is None else cut)
    p = data.parameters
    return replace(data, next_item=learnt(visits, len(data.catalogue), p.seed, p.threads))


def model_of_all(data: FitData, draft: tuple[Sources, Neighbours], factors: Factors) -> Model:
    """The model of all orders."""
    sources, neighbours = draft
    neighbours = completed(neighbours, sources, factors.item, data.parameters)
    model = _model(data, data.orders, neighbours, factors, data.visits.until)
    model = replace(model, search=search_words(data.catalogue.texts, model.trending))
    return with_origins(model, data.purchases, data.country)


def _model(data: FitData, orders: Orders, neighbours: Neighbours, factors: Factors, cut: int) -> Model:
    p, content, now = data.parameters, data.content.result(), int(orders.time.max(initial=0))
    popular = popularity(orders)
    sold = trending_scores(orders, now, p.trending_half_life_days)
    trending = with_newcomers(
        sold,
        orders,
        data.catalogue.created,
        content.vectors,
        now,
        half_life_days=p.trending_half_life_days,
        seed=p.seed,
    )
    return Model(
        data.catalogue.product_ids,
        cold_factors(content.vectors, factors.item, popular, p.seed),
        fold_factors(factors.item, p.regularization),
        neighbours.items,
        neighbours.parts,
        neighbours.counts,
        trending,
        popular,
        season_lift(orders, now, content.seasonal),
        Serving(p.alpha, p.seed_decay, p.seeds, p.history_half_life_days, neighbours.names, data.lesson.rankers),
        counted_on(data.next_item, data.visits.before(cut), len(data.catalogue)),
        trees=data.lesson.trees,
    )
