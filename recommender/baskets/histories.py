"""Every customer's baskets in their order, as checked arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.errors import BadPurchases

MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """The baskets of u customers, m lines; each product stands once in a basket. Lines go by user, item, age.

    users: (u,), the customers' ids, ascending. n_items: products of the catalogue.
    user: int64 (m,), row of `users`. item: int32 (m,). age: int32 (m,), baskets that came after; 0 in the newest.
    size: int32 (m,), products in the line's basket. days: float32 (m,), days from the line's basket to the moment that
    is asked about (the newest basket of all, unless a target was cut off), or None where no times are known.
    baskets: int32 (u,), how many baskets each customer has here.
    """

    users: NDArray[np.generic]
    n_items: int
    user: NDArray[np.int64]
    item: NDArray[np.int32]
    age: NDArray[np.int32]
    size: NDArray[np.int32]
    days: NDArray[np.float32] | None
    baskets: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.users)

    def where(self, mask: NDArray[np.bool_]) -> Histories:
        """The lines for which `mask`, bool (m,), is true, of the same users; `baskets` stays as it is."""
        days = None if self.days is None else self.days[mask]
        return Histories(
            self.users,
            self.n_items,
            self.user[mask],
            self.item[mask],
            self.age[mask],
            self.size[mask],
            days,
            self.baskets,
        )


def histories_of(
    user: NDArray[np.generic],
    basket: NDArray[np.integer],
    item: NDArray[np.integer],
    n_items: int,
    time: NDArray[np.int64] | None = None,
) -> Histories:
    """The histories in some lines (m,), in any order and with repeats.

    user: the customer's id, of any kind that sorts. basket: a number that is the customer's own, or the shop's; without
    `time` a customer's baskets go by it. time: int64 (m,), microseconds since 1970, the same for all lines of a basket.
    item: catalogue row, below `n_items`. Raises BadPurchases where lengths differ or an item is out of range.
    """
    if not len(user) == len(basket) == len(item) == (len(user) if time is None else len(time)):
        raise BadPurchases("broken rule: every column of the baskets has a value a line")
    if len(item) and not 0 <= int(item.min()) <= int(item.max()) < n_items:
        raise BadPurchases("broken rule: every item is a row of the catalogue")
    users, row = np.unique(user, return_inverse=True)
    clock = basket.astype(np.int64) if time is None else time
    by_basket = np.lexsort((basket, clock, row))
    row, ordered = row[by_basket].astype(np.int64), basket[by_basket]
    fresh = np.ones(len(row), np.bool_)
    fresh[1:] = (row[1:] != row[:-1]) | (ordered[1:] != ordered[:-1]) | (np.diff(clock[by_basket]) != 0)
    number = np.cumsum(fresh) - 1
    baskets = np.bincount(row[fresh], minlength=len(users)).astype(np.int32)
    age = np.cumsum(baskets)[row] - 1 - number
    order, size = _once_a_basket(row, item[by_basket], age, number)
    days = None
    if time is not None:
        passed = int(time.max(initial=np.iinfo(np.int64).min)) - clock[by_basket][order]
        days = (passed / MICROSECONDS_A_DAY).astype(np.float32)
    own = item[by_basket][order].astype(np.int32)
    return Histories(users, n_items, row[order], own, age[order].astype(np.int32), size, days, baskets)


def _once_a_basket(
    row: NDArray[np.int64], item: NDArray[np.integer], age: NDArray[np.int64], number: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Places of the lines by user, item, age, less repeats; and how many products each one's basket holds."""
    order = np.lexsort((age, item, row))
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(number[order]) != 0) | (np.diff(item[order]) != 0)
    order = order[first].astype(np.int64)
    return order, np.bincount(number[order])[number[order]].astype(np.int32)


def cut_newest(histories: Histories) -> tuple[Histories, Histories]:
    """What came before each customer's newest basket, and that basket alone.

    A customer with a single basket keeps it, and has no line in the second. The days of the past count to the
    customer's own newest basket.
    """
    cut = histories.baskets >= 2
    newest = (histories.age == 0) & cut[histories.user]
    past, target = histories.where(~newest), histories.where(newest)
    days = past.days
    if days is not None and target.days is not None:
        asked = np.zeros(len(histories), np.float32)
        asked[target.user] = target.days
        days = days - asked[past.user]
    age = past.age - cut[past.user].astype(np.int32)
    baskets = histories.baskets - cut.astype(np.int32)
    return Histories(past.users, past.n_items, past.user, past.item, age, past.size, days, baskets), target
