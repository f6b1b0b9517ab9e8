"""Choosing confidence and regularization on a validation cut, by steps from where published settings stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.personal.holdout import Asked, Scorer, gains, positions
from recommender.personal.ials import Confidence, fit_exactly, published
from recommender.personal.linear import Closeness, item_weights

Setting = TypeVar("Setting", Confidence, Closeness)
# The best setting at its edge is followed further, so these only say where to look first.
ALS_STEPS: Mapping[str, Sequence[float]] = {
    "regularization": (0.5, 2.0),
    "alpha": (0.5, 2.0),
    "scaling": (0.5,),
}
FINAL_ITERATIONS = 10
WIDER = (128, 192, 256)
LINEAR_STEPS: Mapping[str, Sequence[float]] = {"regularization": (2.0, 0.5), "damping": (2.0, 0.5)}


@dataclass(frozen=True, slots=True)
class Tried(Generic[Setting]):
    """The setting that did best, and the validation NDCG@10 of every one that was tried."""

    best: Setting
    scores: Mapping[Setting, float] = field(default_factory=dict)


def climb(
    start: Setting, steps: Mapping[str, Sequence[float]], measure: Callable[[Setting], float], tries: int
) -> Tried[Setting]:
    """Multiply one field at a time, keep what does better, go on that way while it gains; at most `tries` measured.

    A field is left once neither direction gains; the walk ends when no field does.
    """
    scores = {start: measure(start)}
    best, moved = start, True
    while moved and len(scores) < tries:
        moved = False
        for name, factors in steps.items():
            for factor in factors:
                tried = best
                while len(scores) < tries:
                    tried = replace(best, **{name: getattr(best, name) * factor})
                    if tried in scores:
                        break
                    scores[tried] = measure(tried)
                    if scores[tried] <= scores[best]:
                        break
                    best, moved = tried, True
    return Tried(best, scores)


def tuned_als(
    past: sparse.csr_matrix, asked: Asked, *, tries: int, work: float, threads: int, seed: int
) -> Tried[Confidence]:
    """The confidence that does best on the cases, by fits of `past`, float32 CSR (n_users, n_items).

    Confidence and regularization are chosen with few factors, then more of them are tried while that gains and a fit
    takes no more than `work` multiplications.
    """

    def measure(setting: Confidence) -> float:
        factors = fit_exactly(past, setting, threads=threads, seed=seed)
        return validation(lambda users: factors.user[users] @ factors.item.T, asked, past)

    tried = climb(published(past), ALS_STEPS, measure, tries)
    best, scores = tried.best, dict(tried.scores)
    for factors in WIDER:
        wider = replace(best, factors=factors, iterations=FINAL_ITERATIONS)
        if wider.work(past) > work:
            break
        scores[wider] = measure(wider)
        if scores[wider] <= scores[best]:
            break
        best = wider
    return Tried(best, scores)


def sample(past: sparse.csr_matrix, asked: Asked, pairs: int, seed: int) -> tuple[sparse.csr_matrix, Asked]:
    """Some of the users, drawn, so that at most some `pairs` are left, and the cases about them."""
    if past.nnz <= pairs:
        return past, asked
    kept = np.random.default_rng(seed).random(past.shape[0]) < pairs / past.nnz
    place = np.cumsum(kept) - 1
    mine = kept[asked.users]
    rivals = None if asked.rivals is None else asked.rivals[mine]
    return past[kept], Asked(place[asked.users[mine]], asked.targets[mine], rivals)


def tuned_linear(past: sparse.csr_matrix, asked: Asked, start: Closeness, *, tries: int) -> Tried[Closeness]:
    """The closeness that does best on the cases, by fits of `past`, float32 CSR (n_users, n_items)."""

    def measure(setting: Closeness) -> float:
        rows, weights = item_weights(past, setting)
        bought = past[:, rows]

        def score(users: NDArray[np.int64]) -> NDArray[np.float32]:
            scores = np.zeros((len(users), past.shape[1]), np.float32)
            scores[:, rows] = bought[users] @ weights
            return scores

        return validation(score, asked, past)

    return climb(start, LINEAR_STEPS, measure, tries)


def validation(score: Scorer, asked: Asked, past: sparse.csr_matrix) -> float:
    """Mean NDCG@10 over the cases."""
    return float(gains(positions(score, asked, past)).mean()) if len(asked) else 0.0
