"""Slates that do not say the same thing eight times: maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# With diversity 1 a product just like one above it is e^4 = 55 times less likely to be shown next.
LIKENESS_COSTS = 4.0
# So many times the places to fill are looked at.
POOL = 5


def alike(factors: NDArray[np.float32], category: NDArray[np.int32]) -> NDArray[np.float32]:
    """How alike c products are to each other, float32 (c, c), 0 to 1: the cosine of their factors, float32 (c, f).

    Where one of the two has no factors: 1 in the same category, int32 (c,), -1 for none, else 0.
    """
    lengths = np.sqrt(np.einsum("cf,cf->c", factors, factors))
    unit = factors / np.maximum(lengths, np.float32(1e-12))[:, None]
    cosines: NDArray[np.float32] = np.clip(unit @ unit.T, 0, 1)
    bare = lengths == 0
    if bare.any():
        mates = (category[:, None] == category) & (category >= 0)
        cosines = np.where(bare[:, None] | bare, mates, cosines).astype(np.float32)
    return cosines


def spread_out(
    scores: NDArray[np.float32], likeness: NDArray[np.float32], diversity: float, count: int
) -> NDArray[np.intp]:
    """Which of c products to show and in which order, int (min(count, c),): each the best after what is above it.

    scores: float32 (c,), in log-odds. A product loses diversity x LIKENESS_COSTS x how alike it is, float32 (c, c), to
    the most alike of those above it. With diversity 0 the best stand first, as they would have anyway.
    """
    penalty = np.float32(diversity * LIKENESS_COSTS)
    left = scores.astype(np.float32)
    chosen = np.empty(min(count, len(scores)), np.intp)
    nearest = np.zeros(len(scores), np.float32)
    for place in range(len(chosen)):
        best = int((left - penalty * nearest).argmax())
        chosen[place] = best
        left[best] = -np.inf
        np.maximum(nearest, likeness[best], out=nearest)
    return chosen
