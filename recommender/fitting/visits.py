"""What visits teach of the next product of a running one."""

from __future__ import annotations

import numpy as np

from recommender.backtests.splits import NOWHERE, Cases
from recommender.sessions.next_item import NextItem
from recommender.sessions.visits import Visits

# With fewer visits of two products or more, neighbours of a running one are chance.
FEWEST_VISITS = 500


def learnt(visits: Visits, n_items: int, seed: int, threads: int) -> NextItem | None:
    """A model of the next product with everything chosen on the newest of these visits; None where they are too few."""
    from recommender.sessions.fitting import fit_next_item

    if len(visits) < FEWEST_VISITS:
        return None
    return fit_next_item(visits.bounds, visits.items, n_items, seed=seed, progress=_unheard, threads=threads)


def counted_on(model: NextItem | None, visits: Visits, n_items: int) -> NextItem | None:
    """The same choices, with everything that is counted counted on newer visits."""
    if model is None:
        return None
    from recommender.sessions.fitting import counted  # compiled code: a second to load

    return counted(visits.bounds, visits.items, n_items, model.knobs, model.trees)


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
