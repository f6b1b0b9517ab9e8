"""What a season brings: a product rises when its words' season comes, before its own sales do.

What sold around this time of last year is set beside what sells now. Words, not products, carry the lift (a Poisson
regression with a Gaussian prior), so that a product without a last year rises with those it shares its words with. Once
a season is under way what sells now has it, and nothing is left to lift.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from recommender.confidence import MICROSECONDS_A_DAY, decay
from recommender.content.vectors import one_hot
from recommender.interactions import Orders
from recommender.trends.trending import trending_scores

YEAR_DAYS = 364
LAST_SEASON_DAYS = 120
WIDTH_DAYS = 45.0
NOW_HALF_LIFE_DAYS = 28.0
RISING_DAYS, BEFORE_DAYS = 14, 42
SEASON_PRIOR, RISING_PRIOR = 100.0, 30.0
FEWEST_LINES = 20.0
LARGEST_LOG = 3.0
SEASON_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
RISING_SHARES = (0.0, 0.1, 0.2)
HALF_LIVES_DAYS = (5.0, 7.0, 10.0, 14.0, 21.0, 28.0)
CUTS, CUT_DAYS = 3, 7
UNIFORM = 0.02


@dataclass(frozen=True, slots=True)
class Season:
    """How much of it to believe. season, rising: exponents of the two lifts, 0 is none of it."""

    half_life_days: float
    season: float
    rising: float


def season_words(texts: list[str], traits: list[NDArray[np.int32]] | None = None) -> sparse.csr_matrix:
    """Which product has which word or trait's value that three products or more have, float64 CSR (n, words)."""
    parts = [one_hot(codes) for codes in traits or []]
    counter = CountVectorizer(binary=True)
    try:
        parts.append(counter.fit_transform(texts))
    except ValueError:  # no text has a word
        parts.append(sparse.csr_matrix((len(texts), 0)))
    words = sparse.hstack(parts, format="csr", dtype=np.float64)
    shared = np.bincount(words.indices, minlength=words.shape[1]) >= 3
    return words[:, np.flatnonzero(shared)]


def season_lift(
    orders: Orders, now: int, words: sparse.csr_matrix, *, horizon_days: float = 28.0, chosen: Season | None = None
) -> NDArray[np.float32]:
    """By how much to multiply each product's decayed popularity for what its season brings; float32 (n,), > 0.

    words: (n, w), see `season_words`. now: microseconds since 1970; later orders are not looked at. chosen: see
    `choose_season`, which is asked where it is None. It is 1 where nothing is known: a shop too young to have anything
    to go by, a product without words.
    """
    known = orders.where(orders.time <= now)
    belief = chosen or choose_season(known, now, words, horizon_days)
    return np.exp(_log_lift(known, now, words, horizon_days, belief)).astype(np.float32)


def seasonal_scores(
    orders: Orders, now: int, words: sparse.csr_matrix, *, horizon_days: float = 28.0, chosen: Season | None = None
) -> NDArray[np.float32]:
    """Decayed popularity times `season_lift`: in proportion to what is to be sold in the days ahead, float32 (n,)."""
    known = orders.where(orders.time <= now)
    belief = chosen or choose_season(known, now, words, horizon_days)
    lift = np.exp(_log_lift(known, now, words, horizon_days, belief))
    return (trending_scores(known, now, belief.half_life_days) * lift).astype(np.float32)


def choose_half_life(orders: Orders, now: int, horizon_days: float = 28.0) -> float:
    """The half-life, in days, under which what was sold in the weeks before `now` was likeliest beforehand."""
    cuts = _cuts(orders, now, horizon_days)
    fits = np.zeros(len(HALF_LIVES_DAYS))
    for at, past, sold in cuts:
        weights = np.stack([decay(past.time, at, days) for days in HALF_LIVES_DAYS], axis=1)
        scores = np.asarray(past.matrix.T @ weights, np.float64)
        fits += [_likelihood(column, sold) for column in scores.T]
    return HALF_LIVES_DAYS[int(np.argmax(fits))] if cuts else 14.0


def choose_season(orders: Orders, now: int, words: sparse.csr_matrix, horizon_days: float = 28.0) -> Season:
    """The half-life and the exponents under which what was sold in the weeks before `now` was likeliest beforehand."""
    half_life = choose_half_life(orders, now, horizon_days)
    shares = list(product(SEASON_SHARES, RISING_SHARES))
    fits = np.zeros(len(shares))
    for at, past, sold in _cuts(orders, now, horizon_days):
        plain = trending_scores(past, at, half_life).astype(np.float64)
        season, rising = last_year(past, at, words, horizon_days), still_rising(past, at, words)
        fits += [_likelihood(plain * np.exp(a * season + b * rising), sold) for a, b in shares]
    return Season(half_life, *shares[int(fits.argmax())])


def last_year(orders: Orders, now: int, words: sparse.csr_matrix, horizon_days: float) -> NDArray[np.float64]:
    """Log of what each product's words sold around the days ahead a year ago, over what they sell now; (n,), >= 0."""
    ahead = now + int(horizon_days / 2 * MICROSECONDS_A_DAY)
    away = (ahead - orders.time) / MICROSECONDS_A_DAY - YEAR_DAYS
    old = orders.time < now - LAST_SEASON_DAYS * MICROSECONDS_A_DAY
    near = np.where(old, np.exp(-0.5 * (away / WIDTH_DAYS) ** 2), 0.0)
    then = np.asarray(orders.matrix.T @ near, np.float64)
    if then.sum() < FEWEST_LINES:
        return np.zeros(len(then))
    present = trending_scores(orders, now, NOW_HALF_LIFE_DAYS).astype(np.float64)
    middle = (near @ orders.time.astype(np.float64)) / near.sum()
    there = _first_sale(orders) < middle + horizon_days / 2 * MICROSECONDS_A_DAY
    return np.clip(_word_lift(then, np.where(there, present, 0.0), words, SEASON_PRIOR), 0.0, LARGEST_LOG)


def still_rising(orders: Orders, now: int, words: sparse.csr_matrix) -> NDArray[np.float64]:
    """Log of what each product's words sold in the last two weeks over the six weeks before; (n,)."""
    age = (now - orders.time) / MICROSECONDS_A_DAY
    recent = np.asarray(orders.matrix.T @ (age < RISING_DAYS).astype(np.float64), np.float64)
    late = (age >= RISING_DAYS) & (age < RISING_DAYS + BEFORE_DAYS)
    before = np.asarray(orders.matrix.T @ late.astype(np.float64), np.float64)
    return np.clip(_word_lift(recent, before, words, RISING_PRIOR), -LARGEST_LOG, LARGEST_LOG)


def _log_lift(
    orders: Orders, now: int, words: sparse.csr_matrix, horizon_days: float, belief: Season
) -> NDArray[np.float64]:
    logs = np.zeros(words.shape[0])
    if belief.season:
        logs += belief.season * last_year(orders, now, words, horizon_days)
    if belief.rising:
        logs += belief.rising * still_rising(orders, now, words)
    return logs


def _cuts(orders: Orders, now: int, horizon_days: float) -> list[tuple[int, Orders, NDArray[np.float64]]]:
    """Earlier moments, the orders before each and what was sold in the days after it, none of them after `now`."""
    found = []
    for number in range(CUTS):
        at = now - int((horizon_days + number * CUT_DAYS) * MICROSECONDS_A_DAY)
        end = at + int(horizon_days * MICROSECONDS_A_DAY)
        after = (orders.time > at) & (orders.time <= end)
        sold = np.asarray(orders.matrix.T @ after.astype(np.float64), np.float64)
        past = orders.where(orders.time <= at)
        if sold.any() and past.matrix.nnz:
            found.append((at, past, sold))
    return found


def _likelihood(scores: NDArray[np.float64], sold: NDArray[np.float64]) -> float:
    """Mean log chance of the lines sold where products sell in proportion to scores, with a little for each of them."""
    shares = scores + UNIFORM * max(float(scores.mean()), 1e-12)
    return float(sold @ np.log(shares / shares.sum()) / sold.sum())


def _first_sale(orders: Orders) -> NDArray[np.int64]:
    first = np.full(orders.matrix.shape[1], np.iinfo(np.int64).max)
    np.minimum.at(first, orders.matrix.indices, np.repeat(orders.time, orders.sizes))
    return first


def _word_lift(
    sold: NDArray[np.float64], expected: NDArray[np.float64], words: sparse.csr_matrix, prior: float
) -> NDArray[np.float64]:
    """Log lift of each product's words, (n,): a Poisson regression of what sold beside what was to be expected.

    A product of which nothing was to be expected tells nothing. prior: how many lines' worth a word's weight of 0 is.
    """
    from scipy.optimize import minimize

    known = expected > 0
    if not known.any() or not sold[known].sum() or not words.shape[1]:
        return np.zeros(len(sold))
    mine, y = words[known], sold[known]
    e = expected[known] * (y.sum() / expected[known].sum())

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logs = np.clip(mine @ weights, -8.0, 8.0)
        means = e * np.exp(logs)
        return float(means.sum() - y @ logs + prior / 2 * weights @ weights), mine.T @ (means - y) + prior * weights

    found = minimize(loss, np.zeros(words.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 30})
    return np.asarray(words @ found.x, np.float64)
