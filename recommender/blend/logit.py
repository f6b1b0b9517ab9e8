"""The ranker's weights by conditional logit: which of the candidates that stood side by side was taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Choices:
    """Choices out of candidates, g of them with m candidates in all.

    features: float32 (m, features). bounds: int64 (g + 1,), where each choice's candidates begin.
    taken: bool (m,); a choice of which nothing was among the candidates teaches nothing.
    """

    features: NDArray[np.float32]
    bounds: NDArray[np.int64]
    taken: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.bounds) - 1


def fit_weights(choices: Choices, prior: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """The most likely weights, float32 (features,), in log-odds (McFadden, 1974; a softmax over each choice).

    prior: where they stay while little is known; strength: how many choices it is worth, of a feature that spreads by
    1. A feature that never differs keeps its prior.
    """
    from scipy.optimize import minimize

    kept = _telling(choices)
    if not len(kept):
        return prior.copy()
    features = kept.features.astype(np.float64)
    starts, sizes = kept.bounds[:-1], np.diff(kept.bounds)
    centred = features - np.repeat(np.add.reduceat(features, starts) / sizes[:, None], sizes, axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    live = spread > 0
    scaled = centred[:, live] / spread[live]
    begin = prior[live].astype(np.float64) * spread[live]
    taken = kept.taken
    counts = np.add.reduceat(taken, starts).astype(np.float64)
    said = scaled[taken].sum(axis=0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = scaled @ weights
        top = np.maximum.reduceat(scores, starts)
        odds = np.exp(scores - np.repeat(top, sizes))
        total = np.add.reduceat(odds, starts)
        value = float(counts @ (np.log(total) + top) - scores[taken].sum())
        pull = weights - begin
        gradient = (odds * np.repeat(counts / total, sizes)) @ scaled - said + strength * pull
        return value + strength / 2 * float(pull @ pull), gradient

    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 100})
    weights = prior.copy()
    weights[live] = (found.x / spread[live]).astype(np.float32)
    return weights


def _telling(choices: Choices) -> Choices:
    """The choices of which something was taken."""
    sizes = np.diff(choices.bounds)
    owner = np.repeat(np.arange(len(choices)), sizes)
    telling = np.bincount(owner[choices.taken], minlength=len(choices)) > 0
    rows = telling[owner]
    bounds = np.concatenate([[0], np.cumsum(sizes[telling])])
    return Choices(choices.features[rows], bounds, choices.taken[rows])
