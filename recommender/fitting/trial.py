"""What a fit is taught by the end of its past, and how it is tested on weeks that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.backtests.backtest import RIVAL, SERVED, Backtest, backtested, best_single
from recommender.backtests.figures import Conditions
from recommender.backtests.lists import by_fold_in, by_history, by_neighbours, by_purchases, same_for_all, served
from recommender.backtests.splits import Cases, before, cases_within, described, last_days, next_orders_within
from recommender.backtests.verdict import ENOUGH_CASES, FEWEST_CASES, Verdict, judge
from recommender.blend.features import VISITS
from recommender.blend.teaching import taught
from recommender.fitting.assembly import listening, model_before
from recommender.fitting.data import FitData, cases_of
from recommender.fitting.optional import OPTIONAL
from recommender.fitting.visits import visit_cases
from recommender.model import Model, Record
from recommender.personal.als import Factors
from recommender.toplists import TopLists


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the test weeks begin, what is asked in them, and the serving model where it can be asked the same."""

    cut: int
    cases: Cases
    rival: Model | None
    before: Record | None


@dataclass(frozen=True, slots=True)
class Taught:
    """What was taught. data: with the lesson in it.

    best, best_of_next: the single strategies that were best at the last product of an order and at whole next orders;
    None where too little was asked.
    """

    data: FitData
    best: str | None
    best_of_next: str | None


def planned(data: FitData, serving: Model | None, serving_until: int | None) -> Plan:
    """Hold out what the serving model has not seen either; where that is too little, the last weeks."""
    most = data.parameters.cases
    if serving is not None and serving_until is not None:
        cases = cases_of(cases_within, data, (serving_until + 1, data.now + 1), most)
        if len(cases) >= ENOUGH_CASES and before(data.orders, data.order, serving_until + 1).any():
            return Plan(serving_until + 1, cases, serving, serving.tested)
    cut = last_days(data.purchases.time, data.parameters.held_out_days)
    earlier = serving.tested if serving is not None else None
    return Plan(cut, cases_of(cases_within, data, (cut, data.now + 1), most), None, earlier)


def teach(data: FitData, span: tuple[int, int], factors: Factors) -> Taught:
    """What the orders of a span, the end of the past itself, say of a model of what lies before it.

    The test weeks have no part in this. factors: of what lies before the span.
    """
    most = data.parameters.choices
    baskets, next_orders = cases_of(cases_within, data, span, most), cases_of(next_orders_within, data, span, most)
    if len(baskets) < FEWEST_CASES:
        return Taught(data, None, None)
    visits = visit_cases(data.visits, span, most, data.parameters.seed)
    if len(visits) >= FEWEST_CASES:
        data = listening(data, span[0])
    model, together = model_before(data, span[0], factors, [baskets, next_orders, visits])
    best = best_single(_singles(data, model, together, factors, baskets), baskets)
    # What is best alone stays without having to win.
    racing = [name for name in OPTIONAL if name in model.serving.parts and name != best]
    if model.next_item is not None:
        racing.append(VISITS)
    lesson = taught(model, data.catalogue, baskets, next_orders, visits, racing)
    kept = lesson.winning | ({best} & {*OPTIONAL})
    of_next = best_single(_singles(data, model, together, factors, next_orders), next_orders)
    data = replace(data, lesson=replace(lesson, winning=frozenset(kept)))
    return Taught(data if VISITS in kept else replace(data, next_item=None), best, of_next)


def tested(lesson: Taught, plan: Plan, factors: Factors) -> tuple[Backtest, Verdict]:
    """What the model of the past does on the cases, beside the plain strategies and the serving model."""
    data = lesson.data
    whole = cases_of(next_orders_within, data, (plan.cut, data.now + 1), data.parameters.cases)
    model, together = model_before(data, plan.cut, factors, [plan.cases, whole])
    orders = int((data.orders.time < plan.cut).sum())
    conditions = Conditions(model.popular.astype(np.float64), orders, plan.cut, data.now, data.parameters.seed)

    def trial(cases: Cases, best: str | None, next_orders: Backtest | None) -> Backtest:
        lists = _singles(data, model, together, factors, cases)
        lists[SERVED] = served(model, data.catalogue, cases)
        if plan.rival is not None:
            lists[RIVAL] = served(plan.rival, data.catalogue, cases)
        return backtested(lists, described(cases, data.facts), conditions, chosen=best, next_orders=next_orders)

    next_orders = trial(whole, lesson.best_of_next, None) if len(whole) >= FEWEST_CASES else None
    table = trial(plan.cases, lesson.best, next_orders)
    return table, judge(table.rows, plan.before, table.weights)


def _singles(
    data: FitData, model: Model, together: TopLists, factors: Factors, cases: Cases
) -> dict[str, NDArray[np.int64]]:
    """What each strategy alone would have shown."""
    histories = np.where(cases.repeat, data.users[cases.lines], -1)
    return {
        "popularity": same_for_all(model.popular, cases),
        "trending": same_for_all(model.trending * model.season, cases),
        "bought before": by_purchases(cases, data.parameters.history_half_life_days),
        "als": by_history(factors.user, histories, factors.item, cases),
        "co-purchase": by_neighbours(together, model, cases),
        **{
            name: by_neighbours(TopLists(model.neighbour_items, part), model, cases)
            for name, part in zip(model.serving.parts[1:], model.neighbour_parts[1:], strict=True)
        },
        "fold-in": by_fold_in(model, cases),
    }
