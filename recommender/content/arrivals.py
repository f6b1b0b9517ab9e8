"""Ranking products nobody bought yet for a visitor: a choice model learnt on the shop's own earlier launches.

Utility is linear in what a new product shares with the visitor's history and basket, trait by trait and by content,
and in how its traits sold before; weights are those of a conditional logit (McFadden, 1974) over the products of each
earlier launch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.confidence import MICROSECONDS_A_DAY
from recommender.content.launches import NEVER, Context, Launch, first_sales, launch
from recommender.interactions import Purchases

LAUNCH_DAYS = 28.0
LAUNCHES = 3
MOST_CASES = 600
RIVALS = 200
FEWEST_CASES = 20
PENALTY = 10.0
HISTORY_PRIOR, BASKET_PRIOR, SALES_PRIOR = 5.0, 1.0, 3.0
ALIKE = 4


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of n products from the first day.

    traits: int32 (n,) each, a code for category, vendor, price band, words' group, ..., -1 for none.
    vectors: float32 (n, d), rows of length 1 or 0, see `content_vectors`.
    """

    traits: Sequence[NDArray[np.int32]]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Sales:
    """What each value of a trait sold, float64 (values,) each, in all: `share` of the shop's sold lines.

    usual, launched: log of lines a product, of all products and of those in the first weeks after their launch. The
    last value stands for none: the shop's own average.
    """

    share: NDArray[np.float64]
    usual: NDArray[np.float64]
    launched: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A fitted ranker. weights, centre, scale: float64 (k,), of the features. cases: how many it was learnt from."""

    content: Content
    sales: Sequence[_Sales]
    weights: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    cases: int

    def scores(self, context: Context, candidates: NDArray[np.int32]) -> NDArray[np.float32]:
        """The utility of each candidate, float32 (c,); its exponential is in proportion to the chance of a purchase."""
        seen = features(self.content, self.sales, context, candidates)
        return np.asarray((seen - self.centre) / self.scale @ self.weights, np.float32)


def fit_arrivals(purchases: Purchases, content: Content, now: int, seed: int) -> Arrivals:
    """Learn from the launches of the last three spans of 28 days before `now`, microseconds since 1970.

    Later purchases are not looked at. Where fewer than 20 purchases of new products are found, every feature counts
    alike.
    """
    known = purchases.where(purchases.time <= now)
    n_items = len(content.vectors)
    first = first_sales(known, n_items)
    span = int(LAUNCH_DAYS * MICROSECONDS_A_DAY)
    oldest = int(known.time.min(initial=now))
    begins = [now - number * span for number in range(1, LAUNCHES + 1) if now - number * span > oldest]
    rng = np.random.default_rng(seed)
    seen = [_choices(known, content, launch(known, first, at, LAUNCH_DAYS, MOST_CASES, seed), rng) for at in begins]
    rows = np.concatenate(seen) if seen else np.zeros((0, RIVALS + 1, 4 * len(content.traits) + ALIKE))
    sales = sales_of(known, content, now)
    kinds = rows.shape[2]
    if len(rows) < FEWEST_CASES:
        return Arrivals(content, sales, np.full(kinds, 1 / kinds), np.zeros(kinds), np.ones(kinds), len(rows))
    centre, scale = rows.mean((0, 1)), rows.std((0, 1)) + 1e-9
    return Arrivals(content, sales, _logit((rows - centre) / scale), centre, scale, len(rows))


def sales_of(purchases: Purchases, content: Content, now: int) -> list[_Sales]:
    """What each trait's values sold up to `now`."""
    n = len(content.vectors)
    past = purchases.where(purchases.time <= now)
    first = first_sales(past, n)
    span = int(LAUNCH_DAYS * MICROSECONDS_A_DAY)
    begun = int(past.time.min(initial=now)) + span
    sold = np.bincount(past.item, minlength=n).astype(np.float64)
    new = (first > begun) & (first <= now - span)
    early = new[past.item] & (past.time - np.minimum(first[past.item], now) <= span)
    fresh = np.bincount(past.item[early], minlength=n).astype(np.float64)
    return [_sales(codes, sold, first < NEVER, fresh, new) for codes in content.traits]


def _sales(
    codes: NDArray[np.int32],
    sold: NDArray[np.float64],
    known: NDArray[np.bool_],
    fresh: NDArray[np.float64],
    new: NDArray[np.bool_],
) -> _Sales:
    values = int(codes.max(initial=-1)) + 1
    has = codes >= 0
    lines = np.bincount(codes[has], sold[has], values) + 0.5
    share = np.append(lines / max(lines.sum(), 1.0), 1.0)
    usual, launched = (
        _a_product(
            np.bincount(codes[has], counted[has], values).astype(np.float64),
            np.bincount(codes[has & which], minlength=values),
        )
        for counted, which in ((sold, known), (fresh, new))
    )
    return _Sales(share, usual, launched)


def _a_product(lines: NDArray[np.float64], products: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log of lines a product, shrunk to the shop's average; that average is appended."""
    average = (lines.sum() + 1.0) / (products.sum() + 1.0)
    return np.append(np.log((lines + SALES_PRIOR * average) / (products + SALES_PRIOR)), np.log(average))


def features(
    content: Content, sales: Sequence[_Sales], context: Context, candidates: NDArray[np.int32]
) -> NDArray[np.float64]:
    """What speaks for each candidate, float64 (c, k): four for each trait, then four of content."""
    columns = []
    for codes, sold in zip(content.traits, sales, strict=True):
        values = codes[candidates]
        for items, weights, prior in (
            (context.history, context.weights, HISTORY_PRIOR),
            (context.basket, np.ones(len(context.basket), np.float32), BASKET_PRIOR),
        ):
            columns.append(_taste(codes[items], weights, sold.share, prior)[values])
        columns += [sold.usual[values], sold.launched[values]]
    wanted = content.vectors[candidates].T
    for items in (context.history, context.basket):
        alike = content.vectors[items] @ wanted if len(items) else np.zeros((1, len(candidates)), np.float32)
        columns += [alike.mean(axis=0), alike.max(axis=0)]
    return np.column_stack(columns).astype(np.float64)


def _taste(
    codes: NDArray[np.int32], weights: NDArray[np.float32], share: NDArray[np.float64], prior: float
) -> NDArray[np.float64]:
    """Log of a visitor's share of each value over the shop's, shrunk by `prior` lines; 0 for none, at the end."""
    has = codes >= 0
    held = np.bincount(codes[has], weights[has], len(share))
    ratio: NDArray[np.float64] = np.log((held + prior * share) / (held.sum() + prior) / share)
    ratio[-1] = 0.0
    return ratio


def _choices(purchases: Purchases, content: Content, launched: Launch, rng: np.random.Generator) -> NDArray[np.float64]:
    """Features of each case's choice, first, and of 200 rivals drawn from its launch, float64 (m, 201, k)."""
    sales = sales_of(purchases, content, launched.begin)
    kinds = 4 * len(content.traits) + ALIKE
    rows = np.zeros((len(launched.contexts) if len(launched.candidates) > 1 else 0, RIVALS + 1, kinds))
    for row, (context, target) in enumerate(zip(launched.contexts[: len(rows)], launched.targets, strict=False)):
        drawn = rng.integers(0, len(launched.candidates) - 1, RIVALS)
        rivals = launched.candidates[drawn + (drawn >= target)]
        rows[row] = features(content, sales, context, np.append(launched.candidates[target], rivals))
    return rows


def _logit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights, float64 (k,), under which the first of each row's rivals is chosen likeliest, with a ridge."""
    from scipy.optimize import minimize

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        utility = rows @ weights
        utility -= utility.max(axis=1, keepdims=True)
        chance = np.exp(utility)
        chance /= chance.sum(axis=1, keepdims=True)
        value = PENALTY * weights @ weights - np.log(chance[:, 0] + 1e-30).sum()
        return float(value), 2 * PENALTY * weights - rows[:, 0].sum(axis=0) + np.einsum("mc,mck->k", chance, rows)

    found: NDArray[np.float64] = minimize(loss, np.zeros(rows.shape[2]), jac=True, method="L-BFGS-B").x
    return found
