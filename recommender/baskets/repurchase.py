"""What a customer's own past baskets say of the next one, in arrays that numpy alone can work out per request.

The same functions make the features of the whole shop's customers when a fit learns, and of one customer when a slate
is made, so that both see the same numbers. No customer's data is in the fitted model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEATURES = (
    "count",
    "share",
    "half",
    "tenth",
    "last",
    "since",
    "due",
    "small_baskets",
    "days_since",
    "days_due",
    "repeat_rate",
    "popularity",
    "baskets",
    "basket_size",
)
FASTER, SLOWER = 0.5, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Bought lines of one customer or many, sorted by user, item and age; see `Histories` for the columns."""

    user: NDArray[np.int64]
    item: NDArray[np.int32]
    age: NDArray[np.int32]
    size: NDArray[np.int32]
    days: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class ItemHabits:
    """How a shop's n products are bought again; nothing in it is a customer's.

    repeat_rate: float32 (n,), log of the share of later baskets of a product's buyers that hold it again, shrunk.
    popularity: float32 (n,), log of the recent baskets that hold it, plus 1.
    gap_days: float32 (n,), typical days between two purchases of one customer; 0 where unknown.
    """

    repeat_rate: NDArray[np.float32]
    popularity: NDArray[np.float32]
    gap_days: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Bought:
    """What each customer bought before, k pairs. features: float32 (k, len(FEATURES)); 0 for what is not known."""

    user: NDArray[np.int64]
    item: NDArray[np.int32]
    features: NDArray[np.float32]


def features_of(lines: Lines, baskets: NDArray[np.int32], mean_size: NDArray[np.float32], habits: ItemHabits) -> Bought:
    """The features of every (customer, product) pair in some lines.

    baskets: int32 (u,), baskets of each customer. mean_size: float32 (u,), products in an average one.
    """
    starts = _starts(lines)
    if not len(starts):
        return Bought(lines.user[:0], lines.item[:0], np.empty((0, len(FEATURES)), np.float32))
    ends = np.append(starts[1:], len(lines.user)) - 1
    user, item = lines.user[starts], lines.item[starts]
    count = (ends - starts + 1).astype(np.float32)
    last, first = lines.age[starts].astype(np.float32), lines.age[ends].astype(np.float32)
    own = baskets[user].astype(np.float32)
    gap = (first - last) / np.maximum(count - 1, 1)
    columns = (
        np.log(count),
        np.log(count / own),
        np.log(_summed(np.float32(FASTER) ** lines.age, starts) + 0.05),
        np.log(_summed(np.float32(SLOWER) ** lines.age, starts)),
        np.log1p(last),
        np.log(count / (first + 1)),
        np.where(count > 1, np.log((last + 1) / np.maximum(gap, 1)), 0),
        np.log(_summed(1 / lines.size, starts)),
        *_in_days(lines, starts, ends, count, habits.gap_days[item]),
        habits.repeat_rate[item],
        habits.popularity[item],
        np.log(own),
        np.log(mean_size[user]),
    )
    return Bought(user, item, np.stack(columns, axis=1).astype(np.float32))


def _starts(lines: Lines) -> NDArray[np.int64]:
    """Where each (customer, product) pair begins."""
    fresh = np.ones(len(lines.user), np.bool_)
    fresh[1:] = (lines.user[1:] != lines.user[:-1]) | (lines.item[1:] != lines.item[:-1])
    return np.flatnonzero(fresh)


def _summed(values: NDArray[np.floating], starts: NDArray[np.int64]) -> NDArray[np.floating]:
    sums: NDArray[np.floating] = np.add.reduceat(values, starts)
    return sums


def _in_days(
    lines: Lines,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    count: NDArray[np.float32],
    typical: NDArray[np.float32],
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Days since the last purchase, and how many of the usual gaps they are: the customer's own, else the product's."""
    if lines.days is None:
        return np.zeros(len(starts)), np.zeros(len(starts))
    since = np.maximum(lines.days[starts], 0)
    mine = (lines.days[ends] - lines.days[starts]) / np.maximum(count - 1, 1)
    gap = np.where(count > 1, mine, typical)
    due = np.where(gap > 0, np.log((since + 1) / np.maximum(gap, 1)), 0)
    return np.log1p(since), due
