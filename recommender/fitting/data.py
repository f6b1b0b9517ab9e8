"""What every step of a fit works on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.backtests.splits import Cases, Facts
from recommender.blend.teaching import Lesson
from recommender.confidence import confidence, line_weights
from recommender.content.vectors import content_vectors, content_words, price_bands
from recommender.content.words import similar_by_text
from recommender.graph.vectors import LearntGraph
from recommender.interactions import Catalogue, Orders, Purchases, user_items
from recommender.parameters import Parameters
from recommender.personal.als import Factors
from recommender.sessions.next_item import NextItem
from recommender.sessions.visits import Visits
from recommender.toplists import TopLists
from recommender.trends.season import season_words

Factorise = Callable[..., Factors]

SIMILAR = 30
ROUGH_STEPS, EXACT_STEPS = 2, 3


@dataclass(frozen=True, slots=True)
class Content:
    """Products by their words. alike: those with words in common. vectors: float32 (n, d). seasonal: CSR (n, words)."""

    alike: TopLists
    vectors: NDArray[np.float32]
    seasonal: sparse.csr_matrix


def content_of(catalogue: Catalogue, parameters: Parameters) -> Content:
    """What the words and the traits of a catalogue tell."""
    p = parameters
    alike = similar_by_text(catalogue.texts, min(SIMILAR, p.neighbours), 1)
    traits = [catalogue.category]
    if catalogue.vendor is not None:
        traits.append(catalogue.vendor)
    if catalogue.price is not None:
        traits.append(price_bands(catalogue.price))
    vectors = content_vectors(content_words(catalogue.texts, traits), p.content_dimensions, p.seed)
    return Content(alike, vectors, season_words(list(catalogue.texts), [catalogue.category]))


@dataclass(frozen=True, slots=True)
class FitData:
    """order, users: int64 (m,), of each sold line; now: its newest line's time.

    content: being worked out beside the first steps. lesson: what has been taught so far. facts: what figures are split
    by, which no strategy sees. graph: what the shop's product graph has taught. visits: all that are known; next_item:
    how they are listened to, None where that is not known yet, or did not win. country: of each sold line, see
    `training.fit`. factorise: as `als.fit_factors`.
    """

    purchases: Purchases
    catalogue: Catalogue
    orders: Orders
    order: NDArray[np.int64]
    parameters: Parameters
    users: NDArray[np.int64]
    n_users: int
    now: int
    content: Future[Content]
    lesson: Lesson
    facts: Facts
    graph: LearntGraph | None
    visits: Visits
    factorise: Factorise
    next_item: NextItem | None = None
    country: NDArray[np.str_] | None = None


def cases_of(split: Callable[..., Cases], data: FitData, span: tuple[int, int], at_most: int) -> Cases:
    """Cases of the orders in a span of time, as `split` (one of splits.py) asks them."""
    p = data.parameters
    return split(
        data.purchases,
        data.orders,
        data.order,
        data.users,
        span,
        largest=p.largest_basket,
        at_most=at_most,
        seed=p.seed,
    )


def factors_of(
    data: FitData, past: NDArray[np.bool_] | None, iterations: int, start: Factors | None, each: Callable[[int], None]
) -> Factors:
    """ALS factors of the sold lines in `past`, or of all, after some iterations from `start`."""
    p, lines = data.parameters, data.purchases
    rows = data.users if past is None else np.where(past, data.users, -1)
    now = data.now if past is None else int(lines.time[past].max(initial=0))
    weights = line_weights(lines.quantity, lines.time, now, p.half_life_days)
    matrix = user_items(rows, lines.item, weights, (data.n_users, len(data.catalogue)))
    # The first steps, from noise, are soon made good by the next ones.
    steps = ROUGH_STEPS if start is None and past is not None else EXACT_STEPS
    return data.factorise(confidence(matrix, p.alpha), p, iterations, start, each, steps)
