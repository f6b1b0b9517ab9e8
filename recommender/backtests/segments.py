"""The cases of a backtest by kind: who bought, what they bought, and from where."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.backtests.figures import Conditions
from recommender.backtests.splits import Cases

MOST_NAMES, FEWEST_OF_A_NAME = 5, 20

Groups = dict[str, NDArray[np.bool_]]


def segments(cases: Cases, conditions: Conditions) -> dict[str, Groups]:
    """Kind -> name -> which cases, bool (c,); empty groups, and kinds of which nothing is known, are left out.

    buyers: returning (bought before the cut) or new (guests and first orders). products: head (all that is asked for
    is among the fewest best sellers that hold half of all sales) or tail. device, country: as the shop knows them, the
    five with the most cases, 20 or more.
    """
    best_sellers: NDArray[np.bool_] = np.append(conditions.head, True)[cases.wanted]
    head: NDArray[np.bool_] = np.logical_and.reduce(best_sellers, axis=1)
    found: dict[str, Groups] = {
        "buyers": {"returning": cases.repeat, "new": ~cases.repeat},
        "products": {"head": head, "tail": ~head},
    }
    if cases.device is not None:
        found["device"] = _named(cases.device)
    if cases.country is not None:
        found["country"] = _named(cases.country)
    filled = {kind: {name: group for name, group in groups.items() if group.any()} for kind, groups in found.items()}
    return {kind: groups for kind, groups in filled.items() if groups}


def _named(names: NDArray[np.str_]) -> Groups:
    """The groups of the same name, the largest few, largest first; those of equal size by name."""
    known, counts = np.unique(names[names != ""], return_counts=True)
    largest = np.lexsort((known, -counts))[:MOST_NAMES]
    return {str(known[row]): names == known[row] for row in largest if counts[row] >= FEWEST_OF_A_NAME}
