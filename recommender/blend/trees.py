"""Symmetric trees as plain arrays, and what they say of a few candidates, in numpy alone: all that serving needs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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
