"""The ranker's weights by conditional logit: which of the candidates that stood side by side was taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LENGTH = 10
# Standard errors, one-sided, of 95 %.
SURE = 1.645


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

    def where(self, mask: NDArray[np.bool_]) -> Choices:
        """The choices for which `mask`, bool (g,), is true."""
        sizes = np.diff(self.bounds)
        rows = np.repeat(mask, sizes)
        return Choices(
            self.features[rows], np.concatenate([[0], np.cumsum(sizes[mask])]).astype(np.int64), self.taken[rows]
        )

    def gains(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """What each choice gains by a ranker's weights, float64 (g,): 1 / log2(1 + rank) of the best that was taken.

        Past the tenth place, and where nothing was taken, it is 0.
        """
        return self.gains_by(self.features @ weights)

    def gains_by(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """The same by any scores, float32 (m,)."""
        owner = self._owner
        order = np.lexsort((-scores, owner))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order)) - self.bounds[owner]
        best = np.full(len(self), LENGTH, np.int64)
        np.minimum.at(best, owner[self.taken], rank[self.taken])
        return np.where(best < LENGTH, 1.0 / np.log2(best + 2.0), 0.0)

    def best(self, scores: NDArray[np.float32], count: int) -> tuple[Choices, NDArray[np.float32]]:
        """The same choices out of their best `count` candidates each, best first, and the scores of those."""
        owner = self._owner
        order = np.lexsort((-scores, owner))
        kept = order[np.arange(len(order)) - self.bounds[owner] < count]
        sizes = np.minimum(np.diff(self.bounds), count)
        bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return Choices(self.features[kept], bounds, self.taken[kept]), scores[kept]

    @property
    def _owner(self) -> NDArray[np.int64]:
        """The choice that each candidate belongs to, int64 (m,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.bounds))


def beyond_doubt(leads: NDArray[np.float64]) -> bool:
    """Whether the mean of what each choice gained is above 0 with 95 % confidence, one-sided."""
    return bool(len(leads) > 1 and leads.mean() > SURE * leads.std(ddof=1) / np.sqrt(len(leads)))


def fit_weights(choices: Choices, prior: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """The most likely weights, float32 (features,), in log-odds (McFadden, 1974; a softmax over each choice).

    prior: where they stay while little is known; strength: how many choices it is worth, of a feature that spreads by
    1. A feature that never differs keeps its prior.
    """
    from scipy.optimize import minimize

    kept = choices.where(np.add.reduceat(choices.taken, choices.bounds[:-1]) > 0) if len(choices) else choices
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
