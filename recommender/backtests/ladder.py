"""What a shop with too few orders for a backtest can be told, and which rung of the ladder does best there."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.backtests.metrics import LENGTH, NORMAL_95, Values
from recommender.backtests.splits import LARGEST_SHARE
from recommender.backtests.verdict import FEWEST_CASES
from recommender.confidence import MICROSECONDS_A_DAY
from recommender.interactions import Catalogue, Orders, Purchases
from recommender.parameters import Parameters
from recommender.serving.slates import RUNGS
from recommender.toplists import TopLists

LARGEST_PAIRED = 60
MOST_ASKED = 400
PRIOR_CASES = 20
MOST_HALF_LIVES = 500.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far a shop is from a backtest.

    orders: all; testable: those with two or more products. needed: testable ones that a backtest takes, as it holds
    back the newest fifth. days: until there are as many at the pace so far; None where there is no pace yet.
    """

    orders: int
    testable: int
    needed: int
    days: int | None

    def as_dict(self) -> dict[str, int | None]:
        """Plain numbers by name."""
        return {"orders": self.orders, "testable": self.testable, "needed": self.needed, "days": self.days}


def outlook(orders: Orders, largest: int, cases: int) -> Outlook:
    """What is missing for a backtest. largest: products of an order that still is a case; cases: how many there are."""
    testable = int(((orders.sizes >= 2) & (orders.sizes <= largest)).sum())
    needed = math.ceil(FEWEST_CASES / LARGEST_SHARE)
    span_days = int(np.ptp(orders.time)) / MICROSECONDS_A_DAY if len(orders.time) else 0.0
    missing = max(needed - testable, FEWEST_CASES - cases, 0)
    days = math.ceil(missing * span_days / testable) if testable and span_days >= 1 else None
    return Outlook(len(orders.time), testable, needed, days)


@dataclass(frozen=True, slots=True)
class Rung:
    """The ladder begun at one rung. gain: mean NDCG@10 over the cases. lead: of it over the whole ladder's, shrunk."""

    gain: float
    lead: float
    error: float

    def as_dict(self) -> dict[str, float]:
        """Plain numbers, rounded to what can be told apart."""
        return {"ndcg@10": round(self.gain, 6), "lead": round(self.lead, 6) + 0.0, "error": round(self.error, 6)}


@dataclass(frozen=True, slots=True)
class Ladder:
    """first_rung: where slates should begin. cases: orders that it was judged by. rungs: by name, see `RUNGS`."""

    first_rung: str
    cases: int
    rungs: dict[str, Rung]

    def as_dict(self) -> dict[str, object]:
        """Plain figures by name."""
        rungs = {name: rung.as_dict() for name, rung in self.rungs.items()}
        return {"first_rung": self.first_rung, "cases": self.cases, "rungs": rungs}


def ladder(purchases: Purchases, catalogue: Catalogue, parameters: Parameters, alike: TopLists) -> Ladder:
    """Which rung the ladder should begin at, by each order asked in turn, given the orders before it alone.

    Each order asks for its last product, given the others, or where it has one product, what its customer bought
    before; the newest 400 orders are asked (prequential evaluation, Dawid 1984). The ladder begun at a lower rung is
    compared with the whole one case by case; its lead is shrunk as if 20 more cases had shown none, and it takes over
    only where that is above 0 beyond doubt (95 %). alike: products alike each one by their words, of which session and
    item make use below co-purchase, as slates do.
    """
    walk = _Walk(catalogue, parameters, alike)
    orders = _in_order(purchases)
    asked = max(len(orders) - MOST_ASKED, 0)
    gains: list[list[float]] = []
    for number, (time, user, basket) in enumerate(orders):
        if number >= asked and number > 0:
            gains.append(walk.ask(user, basket))
        walk.learn(time, user, basket)
    table = np.array(gains, np.float64).reshape(len(gains), len(RUNGS))
    rungs = {name: _judged(table[:, column], table[:, 0]) for column, name in enumerate(RUNGS)}
    better = [name for name in RUNGS if rungs[name].lead > NORMAL_95 * rungs[name].error]
    first = max(better, key=lambda name: rungs[name].lead, default=RUNGS[0])
    return Ladder(first, len(table), rungs)


def _judged(mine: Values, whole: Values) -> Rung:
    cases = len(mine)
    if not cases:
        return Rung(0.0, 0.0, 0.0)
    lead = mine - whole
    shrunk = float(lead.sum()) / (cases + PRIOR_CASES)
    spread = math.sqrt(float(((lead - shrunk) ** 2).sum()) + PRIOR_CASES * shrunk**2) / (cases + PRIOR_CASES)
    return Rung(float(mine.mean()), shrunk, spread)


def _in_order(purchases: Purchases) -> list[tuple[int, int, list[int]]]:
    """Time, customer and products of each order, oldest first, products in the order they were put in, each once."""
    by_basket = np.lexsort((purchases.time, purchases.basket))
    bounds = np.flatnonzero(np.diff(purchases.basket[by_basket], prepend=np.iinfo(np.int64).min))
    orders = []
    for lines in np.split(by_basket, bounds[1:]) if len(bounds) else []:
        basket = list(dict.fromkeys(purchases.item[lines].tolist()))
        orders.append((int(purchases.time[lines].max()), int(purchases.user[lines[0]]), basket))
    return sorted(orders, key=lambda order: order[0])


class _Walk:
    """What was known at each moment of a shop's past."""

    def __init__(self, catalogue: Catalogue, parameters: Parameters, alike: TopLists) -> None:
        n = len(catalogue)
        self._alike = alike
        self._category = catalogue.category
        self._half_life = parameters.trending_half_life_days * MICROSECONDS_A_DAY
        self._seeds, self._decay = parameters.seeds, parameters.seed_decay
        self._trending = np.zeros(n)
        self._newest = list(range(n - 1, max(n - 1 - parameters.largest_basket - LENGTH, -1), -1))
        self._together: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._bought: dict[int, list[int]] = defaultdict(list)
        self._start: int | None = None

    def ask(self, user: int, basket: list[int]) -> list[float]:
        """The gain of the ladder begun at each rung, in the order of `RUNGS`."""
        prefix, target = basket[:-1], basket[-1]
        seen = (prefix or (self._bought.get(user, []) if user >= 0 else []))[::-1][: self._seeds]
        rungs = self._rungs(seen, set(prefix))
        return [_gain(rungs[first:], target) for first in range(len(RUNGS))]

    def learn(self, time: int, user: int, basket: list[int]) -> None:
        """Take an order into what is known."""
        self._trending[basket] += self._weight(time)
        if user >= 0:
            self._bought[user] += basket
        if len(basket) <= LARGEST_PAIRED:
            for item in basket:
                for other in basket:
                    if other != item:
                        self._together[item][other] += 1

    def _weight(self, time: int) -> float:
        """What an order weighs beside those before it; they are scaled down before it would get too large."""
        self._start = time if self._start is None else self._start
        ages = (time - self._start) / self._half_life
        if ages > MOST_HALF_LIVES:
            self._trending *= 2.0**-ages
            self._start, ages = time, 0.0
        return float(2.0**ages)

    def _rungs(self, seen: list[int], inside: set[int]) -> list[list[int]]:
        session: dict[int, float] = defaultdict(float)
        for step, item in enumerate(seen):
            for other, score in self._neighbours(item).items():
                session[other] += score * self._decay**step
        similar = self._neighbours(seen[0]) if seen else {}
        trending = self._best(np.flatnonzero(self._trending), inside)
        code = self._category[seen[0]] if seen else -1
        mates = self._best(np.flatnonzero(self._category == code), inside) if code >= 0 else []
        newest = [row for row in self._newest if row not in inside]
        return [_ranked(session, inside), _ranked(similar, inside), mates, trending, newest]

    def _neighbours(self, item: int) -> dict[int, float]:
        """How often others were bought with a product so far, plus how alike they are by words, 0 to 1."""
        scores = {other: float(count) for other, count in self._together[item].items()}
        words = zip(self._alike.items[item].tolist(), self._alike.scores[item].tolist(), strict=True)
        for other, score in words:
            if score > 0:
                scores[other] = scores.get(other, 0.0) + score
        return scores

    def _best(self, rows: NDArray[np.intp], inside: set[int]) -> list[int]:
        best = rows[np.argsort(-self._trending[rows], kind="stable")][: LENGTH + len(inside)].tolist()
        return [row for row in best if row not in inside]


def _ranked(scores: dict[int, float], inside: set[int]) -> list[int]:
    return sorted((row for row in scores if row not in inside), key=lambda row: (-scores[row], row))[:LENGTH]


def _gain(rungs: Sequence[list[int]], target: int) -> float:
    """NDCG@10 of one target in the ladder's list."""
    shown = list(dict.fromkeys(row for rung in rungs for row in rung))[:LENGTH]
    return 1.0 / math.log2(shown.index(target) + 2.0) if target in shown else 0.0
