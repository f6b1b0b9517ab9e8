"""Factors for products nobody bought yet, from their content: a ridge regression on the shop's own warm products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
FEWEST_WARM = 20
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
HALF_WARM = 5.0


def cold_factors(
    content: NDArray[np.float32], item_factors: NDArray[np.float32], orders: NDArray[np.float32], seed: int
) -> NDArray[np.float32]:
    """The factors with the rows of products nobody bought filled in from content, float32 (n, factors).

    content: (n, d), see `content_vectors`. item_factors: (n, factors). orders: (n,), how many hold each product; 0 is
    a cold one. Rows of warm products are untouched; with fewer than 20 of them, cold rows stay 0. The ridge penalty is
    chosen by holding out warm products in turn (Gantner et al., 2010, map content to factors the same way).
    """
    warm = orders > 0
    filled = item_factors.astype(np.float32, copy=True)
    filled[~warm] = 0
    if warm.sum() < FEWEST_WARM or warm.all():
        return filled
    weight = np.where(warm, orders / (orders + HALF_WARM), 0)
    filled[~warm] = map_content(content, item_factors, weight, seed)[~warm]
    return filled


def map_content(
    content: NDArray[np.float32], target: NDArray[np.floating], weight: NDArray[np.floating], seed: int
) -> NDArray[np.float32]:
    """What content tells of a target, float32 (n, k): a ridge regression on the rows that weigh more than 0.

    content: (n, d). target: (n, k). weight: (n,), not all 0. 0 where a product has no content.
    """
    taught = weight > 0
    known, weighing = content[taught].astype(np.float64), np.asarray(weight[taught], np.float64)
    centre = np.asarray(np.average(target[taught].astype(np.float64), axis=0, weights=weighing), np.float64)
    wanted = target[taught] - centre
    slopes = _ridge(known, wanted, weighing, _chosen(known, wanted, weighing, seed))
    told = np.abs(content).sum(axis=1) > 0
    found: NDArray[np.float32] = np.where(told[:, None], content @ slopes + centre, 0).astype(np.float32)
    return found


def _ridge(
    content: NDArray[np.float64], target: NDArray[np.float64], weight: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    """Slopes, float64 (d, factors), of a ridge regression of weighted rows."""
    weighed = content * weight[:, None]
    system = weighed.T @ content + penalty * np.eye(content.shape[1])
    return np.asarray(np.linalg.solve(system, weighed.T @ target), np.float64)


def _chosen(content: NDArray[np.float64], target: NDArray[np.float64], weight: NDArray[np.float64], seed: int) -> float:
    """The penalty whose predictions of held-out warm products are nearest."""
    fold = np.random.default_rng(seed).permutation(len(content)) % FOLDS
    errors = np.zeros(len(PENALTIES))
    for held in range(FOLDS):
        out = fold == held
        for number, penalty in enumerate(PENALTIES):
            slopes = _ridge(content[~out], target[~out], weight[~out], penalty)
            missed = ((content[out] @ slopes - target[out]) ** 2).sum(axis=1)
            errors[number] += float(weight[out] @ missed)
    return PENALTIES[int(errors.argmin())]
