"""From purchases to a model with a backtest and a verdict: one call, deterministic for a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.backtests import metrics
from recommender.backtests.backtest import RIVAL, SERVED, Backtest, backtested
from recommender.backtests.figures import Conditions
from recommender.backtests.lists import by_fold_in, by_history, by_together, same_for_all, served
from recommender.backtests.splits import NO_FACTS, Cases, Facts, before, cases_within, described, last_days
from recommender.backtests.verdict import ENOUGH_CASES, FEWEST_CASES, Verdict, judge, untested
from recommender.baskets.together import Together, bought_together
from recommender.confidence import confidence, line_weights
from recommender.content.words import similar_by_text
from recommender.interactions import Catalogue, Orders, Purchases, check, orders_of, user_items, user_rows
from recommender.model import Model, Record, Serving
from recommender.neighbours import Neighbours, blended, completed
from recommender.parameters import Parameters
from recommender.personal.als import Factors, fit_factors
from recommender.personal.folding import fold_factors
from recommender.toplists import TopLists
from recommender.trends.trending import popularity, trending_scores

Progress = Callable[[str, float], None]

SIMILAR = 30
TRENDING_WEIGHTS = (0.1, 1.0, 10.0)
CHOOSING_CASES = 500
ROUGH_STEPS, EXACT_STEPS = 2, 3


@dataclass(frozen=True, slots=True)
class Fit:
    """model: fitted on everything. backtest: plain figures, see `Backtest.as_dict`. verdict: whether to publish it.

    trial: the backtest itself; None where there were too few orders for one.
    """

    model: Model
    backtest: dict[str, object]
    verdict: Verdict
    trial: Backtest | None = None


@dataclass(frozen=True, slots=True)
class _Data:
    """What every step works on. order, users: int64 (m,), of each sold line; now: its newest line's time.

    words: being found beside the first steps.
    """

    purchases: Purchases
    catalogue: Catalogue
    orders: Orders
    order: NDArray[np.int64]
    parameters: Parameters
    users: NDArray[np.int64]
    n_users: int
    words: Future[TopLists]
    now: int
    facts: Facts


def fit(
    purchases: Purchases,
    catalogue: Catalogue,
    parameters: Parameters,
    *,
    serving: Model | None,
    serving_until: int | None,
    progress: Progress,
    facts: Facts = NO_FACTS,
) -> Fit:
    """Fit what lies before the test weeks, test it on them, fit on to the end from there, and judge.

    serving: the model that serves now, if any; serving_until: the newest purchase it knows, microseconds since 1970.
    facts: what the backtest's figures are split and weighed by, which no strategy sees.
    progress: told the stage and the share of the work that is done, 0 to 1. Raises BadPurchases.
    """
    check(purchases, catalogue)
    progress("matrix", 0.0)
    with threadpool_limits(limits=1, user_api="blas"), _beside() as beside:
        words = beside.submit(similar_by_text, catalogue.texts, min(SIMILAR, parameters.neighbours), 1)
        data = _prepared(purchases, catalogue, parameters, words, facts)
        return _fitted(data, serving, serving_until, progress, beside)


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
    data: _Data,
    serving: Model | None,
    serving_until: int | None,
    progress: Progress,
    beside: ThreadPoolExecutor,
) -> Fit:
    parameters = data.parameters
    draft = beside.submit(_drafted, data)
    plan = _planned(data, serving, serving_until)
    every = parameters.iterations
    if len(plan.cases) < FEWEST_CASES:
        factors = _factors(data, None, every, None, _part(progress, "fit", 0.1, 0.9, every))
        progress("neighbours", 0.9)
        model = _finished(data, draft.result(), factors)
        return Fit(model, {"cases": len(plan.cases)}, untested(len(plan.cases)))
    past = before(data.orders, data.order, plan.cut)
    cut = last_days(data.purchases.time[past], parameters.held_out_days)
    first, second, third = _steps(every)
    earlier = before(data.orders, data.order, cut)
    factors = _factors(data, earlier, first, None, _part(progress, "fit", 0.05, 0.35, first))
    weight = beside.submit(_trending_weight, data, past, cut, factors)
    factors = _factors(data, past, second, factors, _part(progress, "fit", 0.35, 0.6, second))
    tested = beside.submit(_tested, data, plan, factors, weight)
    factors = _factors(data, None, third, factors, _part(progress, "refit", 0.6, 0.9, third))
    progress("backtest", 0.9)
    trial, verdict = tested.result()
    progress("neighbours", 0.95)
    model = _finished(_weighted(data, weight.result()), draft.result(), factors)
    return Fit(replace(model, tested=trial.tested()), trial.as_dict(), verdict, trial)


def _steps(iterations: int) -> tuple[int, int, int]:
    """The iterations before the weights are chosen, before the backtest, and after it; at least one each."""
    third = max(iterations * 3 // 10, 1)
    return third, third, max(iterations - 2 * third, 1)


def _trending_weight(data: _Data, past: NDArray[np.bool_], cut: int, factors: Factors) -> float:
    """The trending weight that the end of the past itself, from the cut on, likes best.

    A shop with many orders a product does best by its neighbours; one with few by what sells at all. The test weeks
    have no part in this. factors: of what lies before the cut.
    """
    last = int(data.purchases.time[past].max(initial=0)) + 1
    cases = _cases(data, cut, last, CHOOSING_CASES)
    if len(cases) < FEWEST_CASES:
        return data.parameters.trending_weight
    model, _ = _asked(data, data.orders.where(data.orders.time < cut), factors, cases)
    gains = []
    for weight in TRENDING_WEIGHTS:
        tried = replace(model, serving=replace(model.serving, trending_weight=weight))
        gains.append(float(metrics.gains(metrics.positions(served(tried, data.catalogue, cases), cases.targets)).sum()))
    return TRENDING_WEIGHTS[int(np.argmax(gains))]


def _weighted(data: _Data, trending_weight: float) -> _Data:
    return replace(data, parameters=replace(data.parameters, trending_weight=trending_weight))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the test weeks begin, what is asked in them, and the serving model where it can be asked the same."""

    cut: int
    cases: Cases
    rival: Model | None
    before: Record | None


def _prepared(
    purchases: Purchases, catalogue: Catalogue, parameters: Parameters, words: Future[TopLists], facts: Facts
) -> _Data:
    orders, order = orders_of(purchases, len(catalogue))
    users, n_users = user_rows(purchases, order, orders.sizes, parameters.largest_basket)
    now = int(purchases.time.max()) if len(purchases) else 0
    return _Data(purchases, catalogue, orders, order, parameters, users, n_users, words, now, facts)


def _planned(data: _Data, serving: Model | None, serving_until: int | None) -> _Plan:
    """Hold out what the serving model has not seen either; where that is too little, the last weeks."""
    if serving is not None and serving_until is not None:
        cases = _cases(data, serving_until + 1, data.now + 1, data.parameters.cases)
        if len(cases) >= ENOUGH_CASES and before(data.orders, data.order, serving_until + 1).any():
            return _Plan(serving_until + 1, cases, serving, serving.tested)
    cut = last_days(data.purchases.time, data.parameters.held_out_days)
    return _Plan(
        cut,
        _cases(data, cut, data.now + 1, data.parameters.cases),
        None,
        serving.tested if serving is not None else None,
    )


def _cases(data: _Data, cut: int, until: int, at_most: int) -> Cases:
    p, span = data.parameters, (cut, until)
    return cases_within(
        data.purchases,
        data.orders,
        data.order,
        data.users,
        span,
        largest=p.largest_basket,
        at_most=at_most,
        seed=p.seed,
    )


def _factors(
    data: _Data, past: NDArray[np.bool_] | None, iterations: int, start: Factors | None, each: Callable[[int], None]
) -> Factors:
    """ALS factors of the sold lines in `past`, or of all."""
    p, lines = data.parameters, data.purchases
    rows = data.users if past is None else np.where(past, data.users, -1)
    now = data.now if past is None else int(lines.time[past].max(initial=0))
    weights = line_weights(lines.quantity, lines.time, now, p.half_life_days)
    matrix = user_items(rows, lines.item, weights, (data.n_users, len(data.catalogue)))
    # The first steps, from noise, are soon made good by the next ones.
    steps = ROUGH_STEPS if start is None and past is not None else EXACT_STEPS
    return fit_factors(confidence(matrix, p.alpha), p, iterations, start, each, steps)


def _asked(data: _Data, orders: Orders, factors: Factors, cases: Cases) -> tuple[Model, TopLists]:
    """The model of some orders and its co-purchase lists, with neighbours for the products of some cases alone."""
    asked = np.unique(np.fromiter((item for prefix in cases.prefixes for item in prefix), np.int64))
    together = bought_together(orders, int(orders.time.max(initial=0)), data.parameters, asked)
    neighbours = blended(together, factors.item, data.words.result(), data.parameters, asked)
    return _model(data, orders, neighbours, factors), together.lists


def _drafted(data: _Data) -> tuple[Together, Neighbours]:
    """Co-purchase of all orders, and all neighbours as far as they do without factors."""
    together = bought_together(data.orders, data.now, data.parameters)
    return together, blended(together, None, data.words.result(), data.parameters)


def _finished(data: _Data, draft: tuple[Together, Neighbours], factors: Factors) -> Model:
    """The model of all orders."""
    together, neighbours = draft
    neighbours = completed(neighbours, together, factors.item, data.words.result(), data.parameters)
    return _model(data, data.orders, neighbours, factors)


def _model(data: _Data, orders: Orders, neighbours: Neighbours, factors: Factors) -> Model:
    p = data.parameters
    return Model(
        data.catalogue.product_ids,
        factors.item,
        fold_factors(factors.item, p.regularization),
        neighbours.items,
        neighbours.scores,
        neighbours.counts,
        trending_scores(orders, int(orders.time.max(initial=0)), p.trending_half_life_days),
        Serving(p.alpha, p.fold_in_weight, p.trending_weight, p.seed_decay, p.seeds),
    )


def _tested(data: _Data, plan: _Plan, factors: Factors, weight: Future[float]) -> tuple[Backtest, Verdict]:
    """What the model of the past does on the cases, beside the plain strategies and the serving model."""
    p, cases = data.parameters, plan.cases
    orders = data.orders.where(data.orders.time < plan.cut)
    model, together = _asked(_weighted(data, weight.result()), orders, factors, cases)
    histories = np.where(cases.repeat, data.users[cases.lines], -1)
    lists = {
        "popularity": same_for_all(popularity(orders), cases),
        "trending": same_for_all(model.trending, cases),
        "als": by_history(factors.user, histories, factors.item, cases),
        "co-purchase": by_together(together, model, cases),
        "fold-in": by_fold_in(model, cases),
        SERVED: served(model, data.catalogue, cases),
    }
    if plan.rival is not None:
        lists[RIVAL] = served(plan.rival, data.catalogue, cases)
    counts = popularity(orders).astype(np.float64)
    conditions = Conditions(counts, len(orders.time), plan.cut, data.now, p.seed)
    trial = backtested(lists, described(cases, data.facts), conditions)
    return trial, judge(trial.rows, plan.before, trial.weights)


def _part(progress: Progress, stage: str, begin: float, end: float, iterations: int) -> Callable[[int], None]:
    """Tells `progress` that a stage begins; a callback for an iteration's end that moves it from `begin` to `end`."""
    progress(stage, begin)
    return lambda ended: progress(stage, begin + (end - begin) * ended / iterations)
