"""From purchases to a model with a backtest and a verdict: one call, deterministic for a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.backtests.backtest import Backtest
from recommender.backtests.ladder import ladder, outlook
from recommender.backtests.splits import NO_FACTS, Facts, before, last_days
from recommender.backtests.verdict import FEWEST_CASES, Verdict, untested
from recommender.blend.teaching import Lesson, prior_rankers
from recommender.fitting.assembly import draft_of_all, listening, model_of_all, together_of
from recommender.fitting.data import Content, Factorise, FitData, content_of, factors_of
from recommender.fitting.optional import OPTIONAL
from recommender.fitting.trial import Plan, Taught, planned, teach, tested
from recommender.graph.vectors import LearntGraph
from recommender.interactions import Catalogue, Purchases, check, orders_of, user_rows
from recommender.model import Model
from recommender.parameters import Parameters
from recommender.personal.als import Factors, fit_factors
from recommender.sessions.visits import NO_VISITS, Visits

Progress = Callable[[str, float], None]
# Before anything was taught, all that can be had is tried.
BEGINNING = Lesson(prior_rankers(), frozenset(OPTIONAL))


@dataclass(frozen=True, slots=True)
class Fit:
    """model: fitted on everything. backtest: plain figures, see `Backtest.as_dict`. verdict: whether to publish it.

    trial: the backtest itself; None where there were too few orders for one.
    """

    model: Model
    backtest: dict[str, object]
    verdict: Verdict
    trial: Backtest | None = None


def fit(
    purchases: Purchases,
    catalogue: Catalogue,
    parameters: Parameters,
    *,
    serving: Model | None,
    serving_until: int | None,
    progress: Progress,
    facts: Facts = NO_FACTS,
    graph: LearntGraph | None = None,
    visits: Visits = NO_VISITS,
    country: NDArray[np.str_] | None = None,
    factorise: Factorise = fit_factors,
) -> Fit:
    """Fit what lies before the test weeks, test it on them, fit on to the end from there, and judge.

    serving: the model that serves now, if any; serving_until: the newest purchase it knows, microseconds since 1970.
    facts: what the backtest's figures are split and weighed by, which no strategy sees. graph: what the shop's product
    graph has taught, if it has one. visits: what shoppers looked at. country: str (m,), of each sold line, ""
    where not known.
    factorise: what makes factors; `spark.trainer` has one that does it on a cluster.
    progress: told the stage and the share of the work that is done, 0 to 1. Raises BadPurchases.
    """
    check(purchases, catalogue)
    progress("matrix", 0.0)
    with threadpool_limits(limits=1, user_api="blas"), _beside() as beside:
        content = beside.submit(content_of, catalogue, parameters)
        data = _prepared(purchases, catalogue, parameters, content, facts, graph, visits, factorise)
        return _fitted(replace(data, country=country), serving, serving_until, progress, beside)


@contextmanager
def _beside() -> Iterator[ThreadPoolExecutor]:
    """One thread for work beside ALS, task after task; what was not begun is dropped at the end.

    Nothing in it depends on how far ALS has come, so results are the same whichever is quicker.
    """
    pool = ThreadPoolExecutor(1, "beside")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _fitted(
    data: FitData,
    serving: Model | None,
    serving_until: int | None,
    progress: Progress,
    beside: ThreadPoolExecutor,
) -> Fit:
    parameters = data.parameters
    together = beside.submit(together_of, data, np.ones(len(data.orders.time), np.bool_))
    plan = planned(data, serving, serving_until)
    every = parameters.iterations
    if len(plan.cases) < FEWEST_CASES:
        factors = factors_of(data, None, every, None, _part(progress, "fit", 0.1, 0.9, every))
        progress("neighbours", 0.9)
        data = listening(data, None)
        return _untested(data, len(plan.cases), model_of_all(data, draft_of_all(data, together.result()), factors))
    past = before(data.orders, data.order, plan.cut)
    cut = last_days(data.purchases.time[past], parameters.held_out_days)
    first, second, third = _steps(every)
    earlier = before(data.orders, data.order, cut)
    factors = factors_of(data, earlier, first, None, _part(progress, "fit", 0.05, 0.35, first))
    lesson = beside.submit(teach, data, (cut, int(data.purchases.time[past].max(initial=0)) + 1), factors)
    factors = factors_of(data, past, second, factors, _part(progress, "fit", 0.35, 0.6, second))
    draft = beside.submit(lambda: draft_of_all(lesson.result().data, together.result()))
    backtest = beside.submit(_tested, lesson, plan, factors)
    factors = factors_of(data, None, third, factors, _part(progress, "refit", 0.6, 0.9, third))
    progress("backtest", 0.9)
    trial, verdict = backtest.result()
    progress("neighbours", 0.95)
    model = model_of_all(lesson.result().data, draft.result(), factors)
    return Fit(replace(model, tested=trial.tested()), trial.as_dict(), verdict, trial)


def _tested(lesson: Future[Taught], plan: Plan, factors: Factors) -> tuple[Backtest, Verdict]:
    return tested(lesson.result(), plan, factors)


def _untested(data: FitData, cases: int, model: Model) -> Fit:
    """A model of too few orders for a backtest, which begins its slates at the rung that has done best so far."""
    rungs = ladder(data.purchases, data.catalogue, data.parameters, data.content.result().alike)
    missing = outlook(data.orders, data.parameters.largest_basket, cases)
    told: dict[str, object] = {"cases": cases, "outlook": missing.as_dict(), "ladder": rungs.as_dict()}
    served = replace(model, serving=replace(model.serving, first_rung=rungs.first_rung))
    return Fit(served, told, untested(cases))


def _steps(iterations: int) -> tuple[int, int, int]:
    """The iterations before the weights are chosen, before the backtest, and after it; at least one each."""
    third = max(iterations * 3 // 10, 1)
    return third, third, max(iterations - 2 * third, 1)


def _prepared(
    purchases: Purchases,
    catalogue: Catalogue,
    parameters: Parameters,
    content: Future[Content],
    facts: Facts,
    graph: LearntGraph | None,
    visits: Visits,
    factorise: Factorise,
) -> FitData:
    orders, order = orders_of(purchases, len(catalogue))
    users, n_users = user_rows(purchases, order, orders.sizes, parameters.largest_basket)
    now = int(purchases.time.max()) if len(purchases) else 0
    known = (purchases, catalogue, orders, order, parameters, users, n_users, now)
    return FitData(*known, content, BEGINNING, facts, graph, visits, factorise)


def _part(progress: Progress, stage: str, begin: float, end: float, iterations: int) -> Callable[[int], None]:
    """Tells `progress` that a stage begins; a callback for an iteration's end that moves it from `begin` to `end`."""
    progress(stage, begin)
    return lambda ended: progress(stage, begin + (end - begin) * ended / iterations)
