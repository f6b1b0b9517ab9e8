"""Which of the personal models serves a shop: the one that its own held-out purchases speak for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def choose(gains: Mapping[str, NDArray[np.float64]]) -> str:
    """The name of the model to serve, from each one's gains on the same validation cases, float64 (c,).

    Models are named from the simplest to the dearest: a dearer one takes over only where its mean lead over the one
    held so far is above one standard error of the paired difference, so that with few cases the simplest serves.
    Raises ValueError where there is no model.
    """
    if not gains:
        raise ValueError("there is no model to choose from")
    names = list(gains)
    held = names[0]
    for name in names[1:]:
        lead = gains[name] - gains[held]
        if len(lead) > 1 and lead.mean() > lead.std(ddof=1) / np.sqrt(len(lead)):
            held = name
    return held
