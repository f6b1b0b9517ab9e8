"""Visits that shoppers made, and what they teach of the next product of a running one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.backtests.splits import NOWHERE, Cases
from recommender.sessions.next_item import NextItem

# With fewer visits of two products or more, neighbours of a running one are chance.
FEWEST_VISITS = 500
MOST_VISITS = 300_000


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of two products or more, v of them, oldest first.

    bounds: int64 (v + 1,), where a visit begins in items, int32: catalogue rows in the order they were looked at.
    ended: int64 (v,), microseconds since 1970.
    """

    bounds: NDArray[np.int64]
    items: NDArray[np.int32]
    ended: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ended)

    @property
    def until(self) -> int:
        """The first moment after all of them."""
        return int(self.ended[-1]) + 1 if len(self) else 0

    def part(self, begin: int, end: int) -> Visits:
        """The visits from one number up to another."""
        first, last = int(self.bounds[begin]), int(self.bounds[end])
        return Visits(self.bounds[begin : end + 1] - first, self.items[first:last], self.ended[begin:end])

    def before(self, cut: int) -> Visits:
        """The visits that ended before a moment, at most MOST_VISITS of them."""
        end = int(np.searchsorted(self.ended, cut))
        return self.part(max(end - MOST_VISITS, 0), end)


NO_VISITS = Visits(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))


def visits_of(session: NDArray[np.int64], item: NDArray[np.int32], time: NDArray[np.int64]) -> Visits:
    """Visits from single views, (c,) each: the visit's number, the catalogue row, microseconds; in any order.

    The same product twice in a row is one view of it.
    """
    order = np.lexsort((time, session))
    session, item, time = session[order], item[order], time[order]
    again = np.zeros(len(item), np.bool_)
    again[1:] = (session[1:] == session[:-1]) & (item[1:] == item[:-1])
    session, item, time = session[~again], item[~again], time[~again]
    _, begins, sizes = np.unique(session, return_index=True, return_counts=True)
    begins, sizes = begins[sizes > 1], sizes[sizes > 1]
    ended = time[begins + sizes - 1]
    by_end = np.argsort(ended, kind="stable")
    begins, sizes = begins[by_end], sizes[by_end]
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    within = np.arange(bounds[-1]) - np.repeat(bounds[:-1], sizes)
    return Visits(bounds, item[np.repeat(begins, sizes) + within], ended[by_end])


def learnt(visits: Visits, n_items: int, seed: int, threads: int) -> NextItem | None:
    """A model of the next product with everything chosen on the newest of these visits; None where they are too few."""
    from recommender.sessions.fitting import fit_next_item

    if len(visits) < FEWEST_VISITS:
        return None
    return fit_next_item(visits.bounds, visits.items, n_items, seed=seed, progress=_unheard, threads=threads)


def counted_on(model: NextItem | None, visits: Visits, n_items: int) -> NextItem | None:
    """The same choices, with everything that is counted counted on newer visits."""
    from recommender.sessions.fitting import counted

    return None if model is None else counted(visits.bounds, visits.items, n_items, model.knobs, model.trees)


def visit_cases(visits: Visits, span: tuple[int, int], at_most: int, seed: int) -> Cases:
    """One case of each visit that ended in a span: the last product that it had not seen before, by all before it.

    At most `at_most` of them, drawn by the seed.
    """
    numbers = np.flatnonzero((visits.ended >= span[0]) & (visits.ended < span[1]))
    rng = np.random.default_rng(seed)
    if len(numbers) > at_most:
        numbers = np.sort(rng.choice(numbers, at_most, replace=False))
    prefixes, wanted, times = [], [], []
    for number in numbers.tolist():
        seen = visits.items[visits.bounds[number] : visits.bounds[number + 1]].tolist()
        firsts = list(dict.fromkeys(seen))
        if len(firsts) > 1:
            prefixes.append(firsts[:-1])
            wanted.append(firsts[-1])
            times.append(int(visits.ended[number]))
    c = len(wanted)
    return Cases(
        prefixes,
        np.array(wanted, np.int64).reshape(c, 1),
        np.full(c, NOWHERE, np.int64),
        np.array(times, np.int64),
        np.zeros(c, np.bool_),
        [[] for _ in range(c)],
        [[] for _ in range(c)],
    )


def _unheard(_stage: str, _share: float) -> None:
    """Progress that nobody listens to."""
