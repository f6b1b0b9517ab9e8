"""Symmetric trees as plain arrays, and what they say of a few candidates, in numpy alone: all that serving needs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# So many of the candidates that the weights alone put first are put in order by trees.
FINALISTS = 64


class Trees(NamedTuple):
    """features: int32 (trees, depth). thresholds: float32 (trees, depth). leaves: float32 (trees, 2 ** depth)."""

    features: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    leaves: NDArray[np.float32]


def said(trees: Trees, columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the trees add to each score, float32 (rows,). columns: float32 (features, rows), few of them.

    All nodes of a level ask one question, so a leaf's number is its answers read as bits.
    """
    count, depth = trees.features.shape
    leaf = np.zeros((count, columns.shape[1]), np.intp)
    for level in range(depth):
        leaf <<= 1
        leaf |= columns[trees.features[:, level]] > trees.thresholds[:, level, None]
    leaf += (np.arange(count) << depth)[:, None]
    added: NDArray[np.float32] = trees.leaves.ravel()[leaf].sum(axis=0)
    return added


def with_scores(features: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """What trees are asked about: the features of candidates, float32 (features, rows), and below them their scores."""
    return np.concatenate((features, scores[None]))


def sound(trees: Trees, columns: int) -> bool:
    """Whether the arrays belong together and ask for no more than so many columns."""
    count, depth = trees.features.shape
    alike = trees.thresholds.shape == (count, depth) and trees.leaves.shape == (count, 1 << depth)
    return alike and bool(((trees.features >= 0) & (trees.features < columns)).all())
