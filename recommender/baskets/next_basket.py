"""What a known customer is about to buy again, from their own past baskets, given at request time.

Serving needs numpy alone. A fitted `NextBasket` holds habits of products and a handful of weights, never a customer's
purchases: those come in with the request, so that an erased customer is forgotten at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.baskets.histories import Histories, cut_newest
from recommender.baskets.repurchase import FEATURES, Bought, ItemHabits, Lines, features_of

ENOUGH = 50
SHRINKAGE = 20.0
RECENT = 0.6
ALIKE = 1e-3
FARTHEST = 30.0
PRIOR = {"share": 1.0, "half": 0.3}


@dataclass(frozen=True, slots=True, eq=False)
class NextBasket:
    """Chances that a customer buys a product again in the next basket: 1 / (1 + exp(-(features @ weights + bias))).

    habits: of the n products. weights: float32 (len(FEATURES),). bias: the intercept. learnt_from: customers whose
    newest basket was asked for; 0 where there were too few to learn from and `weights` are the ones to start with.
    """

    habits: ItemHabits
    weights: NDArray[np.float32]
    bias: float
    learnt_from: int


@dataclass(frozen=True, slots=True, eq=False)
class Personal:
    """One customer's products, k of them, best first. items: int32 (k,). chances: float32 (k,), 0 to 1.

    features: float32 (k, len(FEATURES)), see `repurchase.FEATURES`.
    """

    items: NDArray[np.int32]
    chances: NDArray[np.float32]
    features: NDArray[np.float32]


def fit_next_basket(history: Histories, *, seed: int, progress: Callable[[str, float], None]) -> NextBasket:
    """Learn from every customer with two baskets or more what of the past came back in the newest one.

    A logistic regression over the features of UP-CF's kind (Faggioli 2020) and TIFU's (Hu 2020): personal frequency,
    its decay by baskets, recency, regularity, and how often the product is bought again by anybody.
    """
    progress("habits", 0.0)
    past, target = cut_newest(history)
    asked = bought_features(past.where(np.isin(past.user, target.user)), habits_of(past))
    came = is_in(asked.user, asked.item, target)
    progress("weights", 0.5)
    habits = habits_of(history)
    if came.sum() < ENOUGH or came.all():
        weights = np.array([PRIOR.get(name, 0.0) for name in FEATURES], np.float32)
        return NextBasket(habits, weights, -1.0, 0)
    weights, bias = logistic(asked.features, came, seed)
    return NextBasket(habits, weights, bias, len(np.unique(target.user)))


def personal_scores(
    model: NextBasket,
    items: NDArray[np.integer],
    baskets: NDArray[np.integer],
    days_ago: NDArray[np.floating] | None = None,
) -> Personal:
    """What one customer is likely to buy again, from their own lines (m,), oldest first.

    items: catalogue rows. baskets: which basket each line is of, ascending numbers of any kind (an order's id, if ids
    grow with time). days_ago: days from each line's basket to now, None where no times are known.
    """
    if not len(items):
        nothing = np.empty(0, np.float32)
        return Personal(np.empty(0, np.int32), nothing, np.empty((0, len(FEATURES)), np.float32))
    number = np.cumsum(np.diff(baskets, prepend=baskets[:1]) != 0)
    order = np.lexsort((-number, items))
    same = (np.diff(items[order]) == 0) & (np.diff(number[order]) == 0)
    order = order[np.append(True, ~same)]
    age = (number[-1] - number[order]).astype(np.int32)
    size = np.bincount(number[order])[number[order]].astype(np.int32)
    days = None if days_ago is None else days_ago[order].astype(np.float32)
    lines = Lines(np.zeros(len(order), np.int64), items[order].astype(np.int32), age, size, days)
    count = int(number[-1]) + 1
    mean_size = np.array([len(order) / count], np.float32)
    bought = features_of(lines, np.array([count], np.int32), mean_size, model.habits)
    chances = chances_of(model, bought)
    best = np.argsort(-chances, kind="stable")
    return Personal(bought.item[best], chances[best], bought.features[best])


def chances_of(model: NextBasket, bought: Bought) -> NDArray[np.float32]:
    """The chance of each pair, float32 (k,)."""
    odds = np.clip(bought.features @ model.weights + np.float32(model.bias), -FARTHEST, FARTHEST)
    chances: NDArray[np.float32] = 1 / (1 + np.exp(-odds))
    return chances


def bought_features(history: Histories, habits: ItemHabits) -> Bought:
    """The features of all customers' own products at once."""
    lines = Lines(history.user, history.item, history.age, history.size, history.days)
    sums = np.bincount(history.user, minlength=len(history))
    mean_size = (sums / np.maximum(history.baskets, 1)).astype(np.float32)
    return features_of(lines, history.baskets, mean_size, habits)


def is_in(user: NDArray[np.int64], item: NDArray[np.integer], target: Histories) -> NDArray[np.bool_]:
    """Whether each (customer, product) pair is in the target's baskets."""
    wanted = target.user * target.n_items + target.item
    found: NDArray[np.bool_] = np.isin(user * target.n_items + item, wanted)
    return found


def habits_of(history: Histories) -> ItemHabits:
    """How each product is bought again. Its repeat rate is shrunk by 20 chances of an average product's."""
    n = history.n_items
    fresh = np.ones(len(history.user), np.bool_)
    fresh[1:] = (np.diff(history.user) != 0) | (np.diff(history.item) != 0)
    starts = np.flatnonzero(fresh)
    ends = np.append(starts[1:], len(fresh))[: len(starts)] - 1
    again = np.bincount(history.item, minlength=n) - np.bincount(history.item[starts], minlength=n)
    chances = np.bincount(history.item[starts], weights=history.age[ends], minlength=n)
    mean = (again.sum() + 1) / (chances.sum() + SHRINKAGE)
    rate = np.log((again + SHRINKAGE * mean) / (chances + SHRINKAGE))
    recent = np.bincount(history.item, weights=RECENT**history.age, minlength=n)
    gaps = np.zeros(n)
    if history.days is not None:
        apart = np.where(ends > starts, history.days[ends] - history.days[starts], 0)
        gaps = np.bincount(history.item[starts], weights=apart, minlength=n) / np.maximum(again, 1)
    return ItemHabits(rate.astype(np.float32), np.log1p(recent).astype(np.float32), gaps.astype(np.float32))


def logistic(
    features: NDArray[np.float32], came: NDArray[np.bool_], seed: int, says: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float32], float]:
    """Weights and intercept of a logistic regression, for the features as they come. says: how much each example does.

    A feature that hardly differs within these examples is told nothing of, and gets next to no weight.
    """
    from sklearn.linear_model import LogisticRegression

    mean, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    scale = np.where(spread > ALIKE, spread, 1.0)
    scaled = ((features - mean) / scale).astype(np.float32)
    fitted = LogisticRegression(max_iter=200, random_state=seed).fit(scaled, came, says)
    weights = fitted.coef_[0] / scale
    return weights.astype(np.float32), float(fitted.intercept_[0] - mean @ weights)
