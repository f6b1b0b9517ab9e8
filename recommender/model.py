"""A fitted model: the arrays that slates are built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.blend.trees import Trees
from recommender.content.search_words import NO_WORDS, SearchWords
from recommender.sessions.next_item import NextItem


@dataclass(frozen=True, slots=True)
class Serving:
    """The few numbers that ranking needs besides the arrays; see `Parameters` for their meaning.

    parts: what the model's lists of neighbours are made of, names of `blend.features`, co-purchase first.
    rankers: by kind of page, the weights of all features in log-odds.
    origins: where and when visits come from, such as "country:GB" or "hour:14", each a row of `Model.origin_lifts`.
    first_rung: where the ladder begins on pages that are about no product; other than the first only where there are
    too few orders to teach a ranker by, see `backtests.ladder`.
    """

    alpha: float
    seed_decay: float
    seeds: int
    history_half_life_days: float
    parts: tuple[str, ...]
    rankers: Mapping[str, tuple[float, ...]]
    first_rung: str = "session"
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """Hit rate at 10 of the served strategy on held-out orders, with its 95 % interval, and how many cases."""

    hit_rate: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """All n products of the catalogue as it was at the fit; a row is a product. Read-only.

    product_ids: int64 (n,), ascending.
    item_factors, fold_factors: float32 (n, factors), Y and Z of `als`; Y of what nobody bought is told from its
    content, its Z is zero.
    neighbour_items: int32 (n, k), best first, padded with the row's own number.
    neighbour_parts: float32 (parts, n, k), what each part says of them, 0 where it says nothing.
    neighbour_counts: int32 (n, k), orders that hold both.
    trending: float32 (n,), decayed orders, and of products in their first weeks what is still expected of them;
    popular: float32 (n,), all orders; 0 where never bought.
    season: float32 (n,), how much more it sells in the weeks ahead, by last year; 1 where nothing is known.
    next_item: what earlier visits went on to; None where there are too few of them, or they did not win.
    origin_rows: int32 (p,), rows that are ranked by where a visit comes from; origin_lifts: float32 (origins, p), log
    of what each origin buys of them over what the shop buys. Empty where neither place nor hour tells anything.
    search: the words of products, for the page that a search leads to.
    trees: by kind of page, what puts the best by its ranker in their order, see `blend.forests`; of the pages they won.
    tested: how it did in the backtest before it was published; None where there were too few orders for one.
    """

    product_ids: NDArray[np.int64]
    item_factors: NDArray[np.float32]
    fold_factors: NDArray[np.float32]
    neighbour_items: NDArray[np.int32]
    neighbour_parts: NDArray[np.float32]
    neighbour_counts: NDArray[np.int32]
    trending: NDArray[np.float32]
    popular: NDArray[np.float32]
    season: NDArray[np.float32]
    serving: Serving
    next_item: NextItem | None = None
    tested: Record | None = None
    origin_rows: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    origin_lifts: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    search: SearchWords = NO_WORDS
    trees: Mapping[str, Trees] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.product_ids)
