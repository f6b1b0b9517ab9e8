"""Implicit ALS solved exactly, with regularization by frequency: slower than `als` a pass, better where it is tuned.

Rendle, Krichene, Zhang, Koren: Revisiting the Performance of iALS on Item Recommendation Benchmarks (RecSys 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from recommender.personal.als import Factors

NOISE = 0.1
PUBLISHED_ALPHA = 1 / 0.3
# 0.007 of the paper, times 1 + 1 / alpha: it asks for a score of 1 at confidence alpha, here it is 1 + alpha.
PUBLISHED_REGULARIZATION = 0.007 * 1.3


@dataclass(frozen=True, slots=True)
class Confidence:
    """How far each purchase is believed, and how far taste is held back.

    alpha: confidence is 1 + alpha x weight. regularization: of an average row, an average column. scaling: exponent
    of a row's own regularization by its evidence (alpha x its weights + the columns); 0 gives all rows the same.
    The paper's unobserved weight is 1 / alpha.
    """

    factors: int
    alpha: float
    regularization: float
    scaling: float
    iterations: int

    def work(self, weights: sparse.csr_matrix) -> float:
        """Multiplications that a fit of these weights takes, roughly; a core does some 1e10 a second."""
        rows = sum(weights.shape)
        return float(self.iterations * (2 * weights.nnz * self.factors**2 + rows * self.factors**3 / 3))


def published(weights: sparse.csr_matrix, factors: int = 64, iterations: int = 6) -> Confidence:
    """The paper's settings for MovieLens 1M, carried over to these weights by their evidence: where tuning starts."""
    evidence = [_evidence(side, PUBLISHED_ALPHA).mean() for side in (weights, weights.T.tocsr()) if side.shape[0]]
    regularization = PUBLISHED_REGULARIZATION * float(np.sqrt(np.prod(evidence)))
    return Confidence(factors, PUBLISHED_ALPHA, regularization, 1.0, iterations)


def fit_exactly(
    weights: sparse.csr_matrix,
    confidence: Confidence,
    *,
    threads: int,
    seed: int,
    each: Callable[[int], None] | None = None,
) -> Factors:
    """Factors of weights, float32 CSR (n_users, n_items), each >= 0; rows and columns that are empty get zeros.

    Users come last, so that each of them is what folding their weights into the items gives.
    each: called with the number of the iteration that has just ended, from 1. The same input gives the same factors,
    whatever the number of threads.
    """
    n_users, n_items = weights.shape
    spread = NOISE / np.sqrt(confidence.factors)
    rng = np.random.default_rng(seed)
    items = rng.normal(0.0, spread, (n_items, confidence.factors)).astype(np.float32)
    users = np.zeros((n_users, confidence.factors), np.float32)
    columns = weights.T.tocsr()
    held_users, held_items = penalties(weights, confidence), penalties(columns, confidence)
    # BLAS threads of each of our own would only wait for one another.
    with ThreadPoolExecutor(threads) as pool, threadpool_limits(1, "blas"):
        for number in range(1, confidence.iterations + 1):
            users = _solved(weights, items, held_users, confidence.alpha, pool, threads)
            items = _solved(columns, users, held_items, confidence.alpha, pool, threads)
            if each is not None:
                each(number)
        users = _solved(weights, items, held_users, confidence.alpha, pool, threads)
    return Factors(users, items)


def penalties(weights: sparse.csr_matrix, confidence: Confidence) -> NDArray[np.float32]:
    """The regularization of each row of a CSR (n, m), float32 (n,); their mean evidence gets `regularization`."""
    evidence = _evidence(weights, confidence.alpha)
    if not len(evidence):
        return np.empty(0, np.float32)
    scaled: NDArray[np.float64] = (evidence / evidence.mean()) ** confidence.scaling
    return (confidence.regularization * scaled).astype(np.float32)


def _evidence(weights: sparse.csr_matrix, alpha: float) -> NDArray[np.float64]:
    """What stands behind each row, float64 (n,): the sum of its confidences, those of absent entries as well."""
    sums = np.asarray(weights.sum(axis=1), dtype=np.float64).ravel()
    evidence: NDArray[np.float64] = alpha * sums + max(weights.shape[1], 1)
    return evidence


def _solved(
    weights: sparse.csr_matrix,
    others: NDArray[np.float32],
    held: NDArray[np.float32],
    alpha: float,
    pool: ThreadPoolExecutor,
    threads: int,
) -> NDArray[np.float32]:
    """One half of an iteration: each row's factors, given the others'."""
    rows, width = weights.shape[0], others.shape[1]
    found = np.zeros((rows, width), np.float32)
    gram = others.T @ others
    indptr, columns, values = weights.indptr.tolist(), weights.indices, weights.data * np.float32(alpha)

    def span(first: int) -> None:
        for row in range(first, rows, threads):
            begin, end = indptr[row], indptr[row + 1]
            if begin == end:
                continue
            mine, extra = others[columns[begin:end]], values[begin:end]
            loud = mine * np.sqrt(extra)[:, None]
            system = loud.T @ loud
            system += gram
            system.flat[:: width + 1] += held[row]
            _, solution, failed = lapack.sposv(system.T, (1.0 + extra) @ mine, lower=1, overwrite_a=1)
            if not failed:
                found[row] = solution

    list(pool.map(span, range(threads)))
    return found
