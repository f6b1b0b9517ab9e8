"""personal: who likes what, by matrix factors and by a linear model, each tuned on training data alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from benchmarks.figures import Benchmark, Figure, Options, Stage
from benchmarks.pairs import Split, files_of, read_split
from recommender.backtests import metrics
from recommender.personal.choice import choose
from recommender.personal.folding import fold_in_held, turned
from recommender.personal.holdout import Asked, Scorer, gains, hold_out, positions
from recommender.personal.ials import Confidence, fit_exactly, penalties
from recommender.personal.linear import Closeness, item_weights
from recommender.personal.tuning import sample, tuned_als, tuned_linear

BASELINE = "implicit as it comes"
FOLDED = "ALS, folded in from history alone"
POPULARITY, LINEAR, ALS, BLEND = "popularity", "linear (EASE)", "ALS, tuned", "ALS and linear"
SHARES = (0.2, 0.4, 0.6, 0.8)
CASES = 6_000
TRIES = 10
THREADS = 2
# Bounds that keep larger files than MovieLens 1M within some minutes: pairs that ALS is tuned on, multiplications of
# one fit, products that the linear model is tuned on and fitted on.
PAIRS = 1_000_000
WORK = 2e12
TUNED_ON, LARGEST = 4_000, 8_000


def run(options: Options) -> Iterator[Figure | Stage]:
    """HR@10 and NDCG@10 of each model on the test, and which of them the validation cut chose."""
    split = read_split(*files_of(options))
    yield from _measured(split, options)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the validation cut chose: settings of either model, the blend's share of the linear one, who serves."""

    als: Confidence
    linear: Closeness
    share: float
    name: str


def _measured(split: Split, options: Options) -> Iterator[Figure | Stage]:
    rivals = None if split.asked.rivals is None else max(split.asked.rivals.shape[1], 1)
    past, validation = hold_out(split.user_items, options.seed, rivals=rivals, at_most=CASES, age=split.age)
    yield Stage("choosing how far ALS believes", 0.05)
    part, cases = sample(past, validation, PAIRS, options.seed)
    als = tuned_als(part, cases, tries=TRIES, work=WORK, threads=THREADS, seed=options.seed).best
    yield Stage("choosing how products speak", 0.4)
    linear = replace(tuned_linear(past, validation, Closeness(largest=TUNED_ON), tries=TRIES).best, largest=LARGEST)
    yield Stage("choosing the model", 0.7)
    chosen = _chosen(past, validation, als, linear, options.seed)
    yield Stage("fitting on all", 0.8)
    yield from _figures(split, chosen, options)


def _chosen(past: sparse.csr_matrix, validation: Asked, als: Confidence, linear: Closeness, seed: int) -> Chosen:
    """The blend's share, and which model serves, by the validation cases."""
    popularity = _popularity(past)
    factors, said = _als(past, als, seed), _linear(past, linear)
    blends = {share: _either(factors, said, share) for share in SHARES}
    found = {share: gains(positions(score, validation, past)) for share, score in blends.items()}
    share = max(found, key=lambda each: float(found[each].mean()) if len(validation) else 0.0)
    simple = {POPULARITY: popularity, LINEAR: said, ALS: factors}
    measured = {name: gains(positions(score, validation, past)) for name, score in simple.items()}
    return Chosen(als, linear, share, choose(measured | {BLEND: found[share]}))


def _figures(split: Split, chosen: Chosen, options: Options) -> Iterator[Figure]:
    known, asked, seed = split.user_items, split.asked, options.seed
    fitted = fit_exactly(known, chosen.als, threads=THREADS, seed=seed)
    als, linear = _by_factors(fitted.user, fitted.item), _linear(known, chosen.linear)
    models = {
        BASELINE: _bare(known, seed),
        POPULARITY: _popularity(known),
        ALS: als,
        FOLDED: _folded(known, fitted.item, chosen.als),
        LINEAR: linear,
        BLEND: _either(als, linear, chosen.share),
    }
    popularity = models[POPULARITY]
    ranks = {name: positions(_or_popular(score, popularity, known), asked, known) for name, score in models.items()}
    weights = metrics.resamples(len(asked), seed)
    wanted = {"hr@10": lambda at: (at < metrics.LENGTH).astype(np.float64), "ndcg@10": gains}
    for name, at in {**ranks, f"chosen: {chosen.name}": ranks[chosen.name]}.items():
        for measure, of in wanted.items():
            base = metrics.mean(of(ranks[BASELINE]), weights).value
            found = metrics.mean(of(at), weights)
            yield _figure(f"{name}, {measure}", found, base, _said(name, chosen, split), seed)


def _figure(name: str, found: metrics.Estimate, base: float, data: str, seed: int) -> Figure:
    of_als = name.startswith(ALS)
    hits = name.endswith("hr@10")
    return Figure(
        name=name,
        value=found.value,
        unit="share",
        baseline=base,
        ratio=found.value / base if base else None,
        data=data,
        seed=seed,
        low=found.low,
        high=found.high,
        baseline_name=BASELINE,
        at_least=(">= .71" if hits else ">= .43") if of_als else "",
        aim=(">= .73" if hits else ">= .45") if of_als else "",
    )


def _said(name: str, chosen: Chosen, split: Split) -> str:
    als, linear = chosen.als, chosen.linear
    settings = {
        ALS: f"{als.factors} factors, alpha {als.alpha:.3g}, regularization {als.regularization:.3g}"
        f" by evidence to the power of {als.scaling:g}",
        LINEAR: f"regularization {linear.regularization:g}, damping {linear.damping:g}",
        BLEND: f"share of the linear model {chosen.share:g}",
    }
    return f"{split.said}; {settings[name]}" if name in settings else split.said


def _als(known: sparse.csr_matrix, setting: Confidence, seed: int) -> Scorer:
    factors = fit_exactly(known, setting, threads=THREADS, seed=seed)
    return _by_factors(factors.user, factors.item)


def _by_factors(users: NDArray[np.float32], items: NDArray[np.float32]) -> Scorer:
    return lambda rows: users[rows] @ items.T


def _folded(known: sparse.csr_matrix, item_factors: NDArray[np.float32], setting: Confidence) -> Scorer:
    """Each user's factors made when they are asked for, from what they bought and the items alone, as serving does."""
    items, spectrum = turned(item_factors)
    held = penalties(known, setting).tolist()

    def score(users: NDArray[np.int64]) -> NDArray[np.float32]:
        factors = np.zeros((len(users), len(spectrum)), np.float32)
        for place, user in enumerate(users.tolist()):
            own = slice(known.indptr[user], known.indptr[user + 1])
            weights = known.data[own] * np.float32(setting.alpha)
            factors[place] = fold_in_held(items[known.indices[own]], spectrum, weights, held[user])
        return factors @ items.T

    return score


def _bare(known: sparse.csr_matrix, seed: int) -> Scorer:
    """The library with its own settings: what a shop would get that did nothing."""
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpool_limits(1, "blas"):
        solver = AlternatingLeastSquares(num_threads=THREADS, random_state=seed)
        solver.fit(known, show_progress=False)
    return _by_factors(solver.user_factors, solver.item_factors)


def _linear(known: sparse.csr_matrix, setting: Closeness) -> Scorer:
    rows, weights = item_weights(known, setting)

    def score(users: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = np.zeros((len(users), known.shape[1]), np.float32)
        scores[:, rows] = known[users][:, rows] @ weights
        return scores

    return score


def _popularity(known: sparse.csr_matrix) -> Scorer:
    bought = np.asarray(known.sum(axis=0), dtype=np.float32).ravel()
    return lambda users: np.repeat(bought[None, :], len(users), axis=0)


def _either(als: Scorer, linear: Scorer, share: float) -> Scorer:
    return lambda users: (1 - share) * als(users) + share * linear(users)


def _or_popular(score: Scorer, popularity: Scorer, known: sparse.csr_matrix) -> Scorer:
    """What is popular for those of whom nothing is known, as a shop would show."""

    def either(users: NDArray[np.int64]) -> NDArray[np.float32]:
        scores, strange = score(users), np.diff(known.indptr)[users] == 0
        if strange.any():
            scores[strange] = popularity(users[strange])
        return scores

    return either


BENCHMARK = Benchmark(
    name="personal",
    summary="Personal models on MovieLens 1M in the NCF protocol, or on --train and --test, tuned on the train file",
    run=run,
    quick=False,
    minutes=6.0,
    quality=True,
)
