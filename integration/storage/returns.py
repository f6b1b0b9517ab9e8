"""Pieces that were given back, taken off the purchases that they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Returns:
    """Refund lines, r of them. owner: order or customer number; pieces: > 0; time: microseconds."""

    owner: NDArray[np.int64]
    item: NDArray[np.intp]
    pieces: NDArray[np.int64]
    time: NDArray[np.int64]


def take_back(
    quantity: NDArray[np.float32],
    owner: NDArray[np.int64],
    item: NDArray[np.int32],
    time: NDArray[np.int64],
    returns: Returns,
) -> NDArray[np.float32]:
    """The quantities (m,) that are kept after `returns`; those given are left as they are.

    Pieces come off the latest purchase of the same item by the same owner first, and never off one that was made
    after the owner's last return of that item. More given back than bought leaves 0.
    """
    if not (len(returns.owner) and len(owner)):
        return quantity
    items = int(max(item.max(), returns.item.max())) + 1
    pairs, which = np.unique(returns.owner * items + returns.item, return_inverse=True)
    pieces = np.bincount(which, weights=returns.pieces)
    latest = np.full(len(pairs), np.iinfo(np.int64).min)
    np.maximum.at(latest, which, returns.time)

    rows = np.flatnonzero(np.isin(owner, returns.owner))
    pair = owner[rows] * items + item[rows]
    at = np.minimum(np.searchsorted(pairs, pair), len(pairs) - 1)
    touched = (pairs[at] == pair) & (time[rows] <= latest[at])
    rows, at = rows[touched], at[touched]
    order = np.lexsort((-time[rows], at))
    rows, at = rows[order], at[order]

    bought = quantity[rows].astype(np.float64)
    before = _sum_before(bought, at)
    kept = quantity.copy()
    kept[rows] = bought - np.clip(pieces[at] - before, 0, bought)
    return kept


def _sum_before(values: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.float64]:
    """For each value, the sum of those before it in its own group; groups lie together."""
    before = np.cumsum(values) - values
    first = np.r_[True, group[1:] != group[:-1]] if len(group) else np.empty(0, dtype=bool)
    start = np.flatnonzero(first)
    return before - np.repeat(before[start], np.diff(np.r_[start, len(group)]))
