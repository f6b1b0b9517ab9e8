"""Splits by time, never at random, and the test cases of a backtest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.confidence import MICROSECONDS_A_DAY
from recommender.interactions import GUEST, Orders, Purchases

LARGEST_SHARE = 0.2
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Cases:
    """Held-out orders, c of them: what is known when each is asked, and the products it asks for.

    prefixes: catalogue rows in the basket, in the order they were put in, each once; empty for a whole next order.
    wanted: int64 (c, t), catalogue rows that count as found, padded with -1; the first is never -1.
    lines: int64 (c,), one sold line of each order, by which its user is known. times: int64 (c,), of the order.
    repeat: bool (c,), whether the customer had bought before the cut. histories: catalogue rows bought before the cut,
    oldest first; empty for guests and first orders. ages: how many days before the order each of those was bought.
    values: float64 (c, t), price of each wanted product, 0 where it is not known. device, country: str (c,), "" where
    not known. All three are None where nothing is known at all.
    """

    prefixes: list[list[int]]
    wanted: NDArray[np.int64]
    lines: NDArray[np.int64]
    times: NDArray[np.int64]
    repeat: NDArray[np.bool_]
    histories: list[list[int]]
    ages: list[list[float]]
    values: NDArray[np.float64] | None = None
    device: NDArray[np.str_] | None = None
    country: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.wanted)

    def where(self, mask: NDArray[np.bool_]) -> Cases:
        """The cases for which `mask`, bool (c,), is true."""
        rows = np.flatnonzero(mask).tolist()
        return Cases(
            [self.prefixes[row] for row in rows],
            self.wanted[mask],
            self.lines[mask],
            self.times[mask],
            self.repeat[mask],
            [self.histories[row] for row in rows],
            [self.ages[row] for row in rows],
            None if self.values is None else self.values[mask],
            None if self.device is None else self.device[mask],
            None if self.country is None else self.country[mask],
        )

    @property
    def targets(self) -> NDArray[np.int64]:
        """int64 (c,), the product put in last; of a whole next order its first."""
        return self.wanted[:, 0]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside who bought what, so that figures can be split by it; no strategy sees it.

    prices: float64 (n,), of each product, NaN where not known. device, country: str (m,), of each sold line, "" where
    not known.
    """

    prices: NDArray[np.float64] | None = None
    device: NDArray[np.str_] | None = None
    country: NDArray[np.str_] | None = None


NO_FACTS = Facts()


def described(cases: Cases, facts: Facts) -> Cases:
    """The same cases with what is known of their products and orders."""
    values = None
    if facts.prices is not None:
        known = np.append(np.nan_to_num(facts.prices, nan=0.0), 0.0)
        values = known[cases.wanted]
    device = None if facts.device is None else facts.device[cases.lines]
    country = None if facts.country is None else facts.country[cases.lines]
    return replace(cases, values=values, device=device, country=country)


def last_days(time: NDArray[np.int64], days: float) -> int:
    """The cut, in microseconds since 1970, that holds out the last days: at most a fifth of the span of `time`."""
    if not len(time):
        return 0
    first, last = int(time.min()), int(time.max())
    return last + 1 - int(min(days * MICROSECONDS_A_DAY, (last - first) * LARGEST_SHARE))


def days_that_hold(orders: Orders, days: int, fewest: int, largest: int) -> int:
    """So many days at the end of a history, `days` or more, as hold `fewest` orders of 2 to `largest` products.

    Just `days` where the whole history holds fewer. What `last_days` makes of it may still be less.
    """
    testable = np.sort(orders.time[(orders.sizes >= 2) & (orders.sizes <= largest)])
    if len(testable) < fewest:
        return days
    span = int(orders.time.max()) + 1 - int(testable[-fewest])
    return max(days, -(-span // MICROSECONDS_A_DAY))


def before(orders: Orders, order: NDArray[np.int64], cut: int) -> NDArray[np.bool_]:
    """Which sold lines are of orders that lie wholly before the cut, bool (m,). order: of each line."""
    past: NDArray[np.bool_] = (orders.time < cut)[order]
    return past


def cases_within(
    purchases: Purchases,
    orders: Orders,
    order: NDArray[np.int64],
    users: NDArray[np.int64],
    span: tuple[int, int],
    *,
    largest: int,
    at_most: int,
    seed: int,
) -> Cases:
    """One case of each order in a span of time with 2 to `largest` products: the last is asked for by the others.

    At most `at_most` of them, drawn by the seed. order, users: int64 (m,), of each sold line, see `interactions`.
    span: first moment, and the first one after it.
    """
    sizes = orders.sizes
    rows = np.flatnonzero((orders.time >= span[0]) & (orders.time < span[1]) & (sizes >= 2) & (sizes <= largest))
    firsts, baskets = _baskets(purchases, order, _drawn(rows, at_most, seed), len(sizes))
    wanted = np.array([basket[-1:] for basket in baskets], np.int64).reshape(len(baskets), 1)
    prefixes = [basket[:-1] for basket in baskets]
    past, times = before(orders, order, span[0]), orders.time[order[firsts]]
    return _asked(purchases, past, users, prefixes, wanted, firsts, times)


def next_orders_within(
    purchases: Purchases,
    orders: Orders,
    order: NDArray[np.int64],
    users: NDArray[np.int64],
    span: tuple[int, int],
    *,
    largest: int,
    at_most: int,
    seed: int,
) -> Cases:
    """One case of each next order: all its products, up to `largest`, are asked for by the customer's past alone.

    A customer's next order is the first one in the span, so that what came before it lies before the cut; each guest's
    order is one too, with nothing known. Arguments as of `cases_within`.
    """
    sizes = orders.sizes
    inside = (orders.time >= span[0]) & (orders.time < span[1]) & (sizes >= 1)
    rows = _first_of_customers(purchases, orders, order, inside)
    firsts, baskets = _baskets(purchases, order, _drawn(rows[sizes[rows] <= largest], at_most, seed), len(sizes))
    wanted = np.full((len(baskets), max(map(len, baskets), default=1)), NOWHERE, np.int64)
    for row, basket in enumerate(baskets):
        wanted[row, : len(basket)] = basket
    past, times = before(orders, order, span[0]), orders.time[order[firsts]]
    return _asked(purchases, past, users, [[] for _ in baskets], wanted, firsts, times)


def _first_of_customers(
    purchases: Purchases, orders: Orders, order: NDArray[np.int64], inside: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Orders of `inside`, ascending, less those of a customer who has an earlier one among them."""
    lines = np.flatnonzero(inside[order])
    rows, first = np.unique(order[lines], return_index=True)
    customers = purchases.user[lines[first]]
    by_time = np.lexsort((rows, orders.time[rows]))
    _, earliest = np.unique(customers[by_time], return_index=True)
    kept = customers == GUEST
    kept[by_time[earliest]] = True
    selected: NDArray[np.int64] = rows[kept]
    return selected


def _drawn(rows: NDArray[np.int64], at_most: int, seed: int) -> NDArray[np.int64]:
    if len(rows) <= at_most:
        return rows
    drawn: NDArray[np.int64] = np.sort(np.random.default_rng(seed).choice(rows, at_most, replace=False))
    return drawn


def _baskets(
    purchases: Purchases, order: NDArray[np.int64], rows: NDArray[np.int64], n_orders: int
) -> tuple[NDArray[np.int64], list[list[int]]]:
    """The first sold line of some orders, int64, and their products in the order they were put in, each once."""
    chosen = np.zeros(n_orders, np.bool_)
    chosen[rows] = True
    lines = np.flatnonzero(chosen[order])
    lines = lines[np.lexsort((purchases.time[lines], order[lines]))]
    bounds = np.flatnonzero(np.diff(order[lines], prepend=-1))
    parts = np.split(purchases.item[lines], bounds[1:]) if len(bounds) else []
    return lines[bounds], [list(dict.fromkeys(part.tolist())) for part in parts]


def _asked(
    purchases: Purchases,
    past: NDArray[np.bool_],
    users: NDArray[np.int64],
    prefixes: list[list[int]],
    wanted: NDArray[np.int64],
    firsts: NDArray[np.int64],
    times: NDArray[np.int64],
) -> Cases:
    """Cases with what lies in the past of their customers. past: bool (m,), of each sold line."""
    n_users = int(users.max(initial=-1)) + 1
    rows = np.where(purchases.user[firsts] == GUEST, NOWHERE, users[firsts])
    asked = np.zeros(n_users + 1, np.bool_)
    asked[rows[rows >= 0]] = True
    lines = np.flatnonzero(past & asked[users])
    lines = lines[np.lexsort((purchases.time[lines], users[lines]))]
    bounds = np.searchsorted(users[lines], np.arange(n_users + 1))
    bought, bought_at = purchases.item[lines], purchases.time[lines]
    histories = [bought[bounds[row] : bounds[row + 1]].tolist() if row >= 0 else [] for row in rows.tolist()]
    days = [
        ((time - bought_at[bounds[row] : bounds[row + 1]]) / MICROSECONDS_A_DAY).tolist() if row >= 0 else []
        for row, time in zip(rows.tolist(), times.tolist(), strict=True)
    ]
    repeat = np.array([bool(history) for history in histories], np.bool_)
    return Cases(prefixes, wanted, firsts, times, repeat, histories, days)
