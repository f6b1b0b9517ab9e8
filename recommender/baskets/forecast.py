"""The next basket of every customer at once, for e-mails and for measuring: own history and everybody else's, learnt.

It reads all customers' baskets while it works and keeps none of them; what it learns holds for that run alone. What a
slate can use of it per request is in `next_basket`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.baskets.candidates import Views, pairs_of, values_at, values_of, views_of
from recommender.baskets.histories import Histories, cut_newest
from recommender.baskets.next_basket import ENOUGH, bought_features, habits_of, is_in, logistic
from recommender.baskets.repurchase import ItemHabits

CUSTOMERS = 2000
LEARN_FROM = 20_000
KEPT_OTHERS = 0.25
FLOORS = (1e-2, 1e-2, 1e-3)
LEARNT, PERSONAL = "learnt", "personal, then global"

Lists = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """items: int32 (u, size), catalogue rows, best first, -1 for an empty place; a row for each of `history.users`.

    strategy: what made them. recalls: strategy -> Recall@size on customers kept apart, of the history's own last
    baskets; empty where there were too few to choose by.
    """

    items: Lists
    strategy: str
    recalls: dict[str, float]


def forecast_baskets(
    history: Histories, *, size: int = 10, seed: int, threads: int = 2, progress: Callable[[str, float], None]
) -> Forecast:
    """The `size` products that each customer most likely buys next.

    Learnt from what the newest baskets held beyond those before them. Half of the customers judge what the other half
    taught; where that is no better than personal frequency and then what sells most, the latter stands.
    """
    progress("candidates", 0.0)
    past, target = cut_newest(history)
    asked = np.unique(target.user)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(asked)[:LEARN_FROM])
    shop = _Shop.of(past, threads)
    progress("learning", 0.3)
    taught = _examples(shop, chosen, target, rng)
    if taught.came.sum() < ENOUGH:
        return Forecast(personal_then_global(history, size), PERSONAL, {})
    judged = rng.random(len(history)) < 0.5
    half = _learnt(taught.where(~judged[taught.user]), seed)
    progress("judging", 0.5)
    judges = chosen[judged[chosen]]
    lists = {LEARNT: _ranked(shop, half, judges, size), PERSONAL: personal_then_global(past, size)[judges]}
    recalls = {name: float(recall(rows, judges, target).mean()) for name, rows in lists.items()}
    if recalls[LEARNT] <= recalls[PERSONAL]:
        return Forecast(personal_then_global(history, size), PERSONAL, recalls)
    weights = _learnt(taught, seed)
    progress("ranking", 0.7)
    items = _ranked(_Shop.of(history, threads), weights, np.arange(len(history)), size)
    return Forecast(items, LEARNT, recalls)


def recall(lists: Lists, users: NDArray[np.int64], target: Histories) -> NDArray[np.float64]:
    """Of each user's target basket, the share that is in the list. lists: (c, size), of `users`, int64 (c,)."""
    owners = np.repeat(users, lists.shape[1])
    hits = is_in(owners, np.maximum(lists.ravel(), 0), target) & (lists.ravel() >= 0)
    sizes = np.bincount(target.user, minlength=len(target))[users]
    found: NDArray[np.float64] = hits.reshape(lists.shape).sum(axis=1) / np.maximum(sizes, 1)
    return found


def global_top(history: Histories, size: int) -> Lists:
    """What most baskets held, the same for all."""
    sold = np.bincount(history.item, minlength=history.n_items)
    best = np.argsort(-sold, kind="stable")[:size]
    row = np.full(size, -1, np.int32)
    row[: len(best)] = np.where(sold[best] > 0, best, -1)
    return np.tile(row, (len(history), 1))


def personal_top(history: Histories, size: int) -> Lists:
    """What each customer bought most often; of equals, what most baskets held."""
    sold = np.bincount(history.item, minlength=history.n_items)
    keys, counts = np.unique(history.user * history.n_items + history.item, return_counts=True)
    user, item = keys // history.n_items, keys % history.n_items
    scores = counts + sold[item] / (sold.max(initial=0) + 1.0)
    return _top(user, item, scores, len(history), size)


def personal_then_global(history: Histories, size: int) -> Lists:
    """`personal_top`, its empty places filled from `global_top`."""
    lists, wide = personal_top(history, size), global_top(history, 2 * size)
    for row in np.flatnonzero((lists < 0).any(axis=1)):
        mine = lists[row][lists[row] >= 0]
        more = wide[row][~np.isin(wide[row], mine)]
        filled = np.concatenate([mine, more])[:size]
        lists[row, : len(filled)] = filled
    return lists


def _top(
    user: NDArray[np.int64], item: NDArray[np.integer], scores: NDArray[np.floating], users: int, size: int
) -> Lists:
    """The best `size` items of each of so many users; of equals the lower row."""
    order = np.lexsort((item, -scores, user))
    user, item = user[order], item[order]
    place = np.arange(len(user)) - np.searchsorted(user, np.arange(users))[user]
    lists = np.full((users, size), -1, np.int32)
    lists[user[place < size], place[place < size]] = item[place < size]
    return lists


@dataclass(frozen=True, slots=True, eq=False)
class _Shop:
    """A history with all that the features need of it. keys: ascending user x n + item, of which `own` are features."""

    history: Histories
    habits: ItemHabits
    views: Views
    bought: sparse.csr_matrix
    keys: NDArray[np.int64]
    own: NDArray[np.float32]
    customer: NDArray[np.float32]

    @classmethod
    def of(cls, history: Histories, threads: int) -> _Shop:
        habits = habits_of(history)
        mine = bought_features(history, habits)
        shape = (len(history), history.n_items)
        ones = np.ones(len(mine.user), np.float32)
        bought = sparse.csr_matrix((ones, (mine.user, mine.item)), shape)
        lines = np.maximum(np.bincount(history.user, minlength=len(history)), 1)
        again = 1 - np.diff(bought.indptr) / lines
        newest = np.bincount(history.user[history.age == 0], minlength=len(history))
        customer = np.stack([again, np.log1p(newest)], axis=1).astype(np.float32)
        views = views_of(history, habits, threads)
        return cls(history, habits, views, bought, mine.user * shape[1] + mine.item, mine.features, customer)

    def features(self, user: NDArray[np.int64], item: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 (k, f) of some pairs, which go by user, then item."""
        own = values_of(self.keys, self.own, user * self.history.n_items + item)
        is_own = values_of(self.keys, np.ones(len(self.keys), np.float32), user * self.history.n_items + item)
        scores = [
            np.log(values_at(scored, user, item) + np.float32(floor))
            for scored, floor in zip(self.views.scored, FLOORS, strict=True)
        ]
        item_columns = [self.habits.popularity[item], self.habits.repeat_rate[item]]
        crossed = [is_own, *(is_own * self.customer[user].T), is_own * scores[0]]
        return np.column_stack([own, *item_columns, *scores, *crossed]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Examples:
    """size: float64 (k,), products in the basket asked for."""

    user: NDArray[np.int64]
    features: NDArray[np.float32]
    came: NDArray[np.bool_]
    size: NDArray[np.float64]

    def where(self, mask: NDArray[np.bool_]) -> _Examples:
        return _Examples(self.user[mask], self.features[mask], self.came[mask], self.size[mask])


def _spans(shop: _Shop, users: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """The candidates of some customers, a few thousand customers at a time."""
    wanted = np.zeros(len(shop.history), np.bool_)
    wanted[users] = True
    for begin in range(0, len(shop.history), CUSTOMERS):
        user, item = pairs_of(shop.views, shop.bought, begin, begin + CUSTOMERS)
        kept = wanted[user]
        if kept.any():
            yield user[kept], item[kept]


def _examples(shop: _Shop, users: NDArray[np.int64], target: Histories, rng: np.random.Generator) -> _Examples:
    """All candidates that came, and a quarter of those that did not."""
    parts = [_Examples(users[:0], np.empty((0, 0), np.float32), np.empty(0, np.bool_), np.empty(0))]
    sizes = np.bincount(target.user, minlength=len(target)).astype(np.float64)
    for user, item in _spans(shop, users):
        came = is_in(user, item, target)
        kept = np.flatnonzero(came | (rng.random(len(user)) < KEPT_OTHERS))
        owners = user[kept]
        parts.append(_Examples(owners, shop.features(owners, item[kept]), came[kept], sizes[owners]))
    parts = parts[1:] or parts
    return _Examples(
        np.concatenate([part.user for part in parts]),
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.came for part in parts]),
        np.concatenate([part.size for part in parts]),
    )


def _learnt(taught: _Examples, seed: int) -> NDArray[np.float32]:
    """Weights of the features; without the intercept, which no order depends on.

    A product of a large basket is a smaller share of it, which is what recall counts, and so says less.
    """
    if taught.came.all() or not taught.came.any():
        return np.zeros(taught.features.shape[1], np.float32)
    return logistic(taught.features, taught.came, seed, 1 / np.sqrt(taught.size))[0]


def _ranked(shop: _Shop, weights: NDArray[np.float32], users: NDArray[np.int64], size: int) -> Lists:
    """The best of each of some customers' candidates."""
    lists = np.full((len(shop.history), size), -1, np.int32)
    for user, item in _spans(shop, users):
        first, last = int(user[0]), int(user[-1]) + 1
        lists[first:last] = _top(user - first, item, shop.features(user, item) @ weights, last - first, size)
    return lists[users]
