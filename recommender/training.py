"""From purchases to a model with a backtest and a verdict: one call, deterministic for a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.backtests.backtest import RIVAL, SERVED, Backtest, backtested, best_single
from recommender.backtests.figures import Conditions
from recommender.backtests.ladder import ladder, outlook
from recommender.backtests.lists import by_fold_in, by_history, by_purchases, by_together, same_for_all, served
from recommender.backtests.splits import (
    NO_FACTS,
    Cases,
    Facts,
    before,
    cases_within,
    described,
    last_days,
    next_orders_within,
)
from recommender.backtests.verdict import ENOUGH_CASES, FEWEST_CASES, Verdict, judge, untested
from recommender.baskets.together import bought_together
from recommender.blend.teaching import Rankers, prior_rankers, taught
from recommender.confidence import confidence, line_weights
from recommender.content.words import similar_by_text
from recommender.interactions import Catalogue, Orders, Purchases, check, orders_of, user_items, user_rows
from recommender.model import Model, Record, Serving
from recommender.neighbours import Neighbours, Sources, completed, joined
from recommender.parameters import Parameters
from recommender.personal.als import Factors, fit_factors
from recommender.personal.folding import fold_factors
from recommender.toplists import TopLists
from recommender.trends.trending import popularity, trending_scores

Progress = Callable[[str, float], None]
Factorise = Callable[..., Factors]

SIMILAR = 30
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

    words: being found beside the first steps. rankers: what has been taught so far, see `blend`.
    factorise: as `als.fit_factors`.
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
    rankers: Rankers
    factorise: Factorise


def fit(
    purchases: Purchases,
    catalogue: Catalogue,
    parameters: Parameters,
    *,
    serving: Model | None,
    serving_until: int | None,
    progress: Progress,
    facts: Facts = NO_FACTS,
    factorise: Factorise = fit_factors,
) -> Fit:
    """Fit what lies before the test weeks, test it on them, fit on to the end from there, and judge.

    serving: the model that serves now, if any; serving_until: the newest purchase it knows, microseconds since 1970.
    facts: what the backtest's figures are split and weighed by, which no strategy sees.
    factorise: what makes factors; `spark.trainer` has one that does it on a cluster.
    progress: told the stage and the share of the work that is done, 0 to 1. Raises BadPurchases.
    """
    check(purchases, catalogue)
    progress("matrix", 0.0)
    with threadpool_limits(limits=1, user_api="blas"), _beside() as beside:
        words = beside.submit(similar_by_text, catalogue.texts, min(SIMILAR, parameters.neighbours), 1)
        data = _prepared(purchases, catalogue, parameters, words, facts, factorise)
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
        return _untested(data, len(plan.cases), _finished(data, draft.result(), factors))
    past = before(data.orders, data.order, plan.cut)
    cut = last_days(data.purchases.time[past], parameters.held_out_days)
    first, second, third = _steps(every)
    earlier = before(data.orders, data.order, cut)
    factors = _factors(data, earlier, first, None, _part(progress, "fit", 0.05, 0.35, first))
    teaching = beside.submit(_taught, data, past, cut, factors)
    factors = _factors(data, past, second, factors, _part(progress, "fit", 0.35, 0.6, second))
    tested = beside.submit(_tested, data, plan, factors, teaching)
    factors = _factors(data, None, third, factors, _part(progress, "refit", 0.6, 0.9, third))
    progress("backtest", 0.9)
    trial, verdict = tested.result()
    progress("neighbours", 0.95)
    model = _finished(teaching.result()[0], draft.result(), factors)
    return Fit(replace(model, tested=trial.tested()), trial.as_dict(), verdict, trial)


def _untested(data: _Data, cases: int, model: Model) -> Fit:
    """A model of too few orders for a backtest, which begins its slates at the rung that has done best so far."""
    rungs = ladder(data.purchases, data.catalogue, data.parameters, data.words.result())
    missing = outlook(data.orders, data.parameters.largest_basket, cases)
    told: dict[str, object] = {"cases": cases, "outlook": missing.as_dict(), "ladder": rungs.as_dict()}
    served = replace(model, serving=replace(model.serving, first_rung=rungs.first_rung))
    return Fit(served, told, untested(cases))


def _steps(iterations: int) -> tuple[int, int, int]:
    """The iterations before the weights are chosen, before the backtest, and after it; at least one each."""
    third = max(iterations * 3 // 10, 1)
    return third, third, max(iterations - 2 * third, 1)


def _taught(data: _Data, past: NDArray[np.bool_], cut: int, factors: Factors) -> tuple[_Data, str | None]:
    """The rankers that the end of the past itself, from the cut on, teaches; and which single strategy is best there.

    The test weeks have no part in this. factors: of what lies before the cut.
    """
    span, most = (cut, int(data.purchases.time[past].max(initial=0)) + 1), data.parameters.choices
    baskets, next_orders = _cases(cases_within, data, span, most), _cases(next_orders_within, data, span, most)
    if len(baskets) < FEWEST_CASES:
        return data, None
    orders = data.orders.where(data.orders.time < cut)
    model, together = _asked(data, orders, factors, [baskets, next_orders])
    best = best_single(_singles(data, orders, model, together, factors, baskets), baskets)
    return replace(data, rankers=taught(model, data.catalogue, baskets, next_orders)), best


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the test weeks begin, what is asked in them, and the serving model where it can be asked the same."""

    cut: int
    cases: Cases
    rival: Model | None
    before: Record | None


def _prepared(
    purchases: Purchases,
    catalogue: Catalogue,
    parameters: Parameters,
    words: Future[TopLists],
    facts: Facts,
    factorise: Factorise,
) -> _Data:
    orders, order = orders_of(purchases, len(catalogue))
    users, n_users = user_rows(purchases, order, orders.sizes, parameters.largest_basket)
    now = int(purchases.time.max()) if len(purchases) else 0
    rankers = prior_rankers()
    return _Data(purchases, catalogue, orders, order, parameters, users, n_users, words, now, facts, rankers, factorise)


def _planned(data: _Data, serving: Model | None, serving_until: int | None) -> _Plan:
    """Hold out what the serving model has not seen either; where that is too little, the last weeks."""
    if serving is not None and serving_until is not None:
        cases = _cases(cases_within, data, (serving_until + 1, data.now + 1), data.parameters.cases)
        if len(cases) >= ENOUGH_CASES and before(data.orders, data.order, serving_until + 1).any():
            return _Plan(serving_until + 1, cases, serving, serving.tested)
    cut = last_days(data.purchases.time, data.parameters.held_out_days)
    return _Plan(
        cut,
        _cases(cases_within, data, (cut, data.now + 1), data.parameters.cases),
        None,
        serving.tested if serving is not None else None,
    )


def _cases(split: Callable[..., Cases], data: _Data, span: tuple[int, int], at_most: int) -> Cases:
    """Cases of the orders in a span of time, as `split` (one of splits.py) asks them."""
    p = data.parameters
    return split(
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
    return data.factorise(confidence(matrix, p.alpha), p, iterations, start, each, steps)


def _asked(data: _Data, orders: Orders, factors: Factors, questions: Sequence[Cases]) -> tuple[Model, TopLists]:
    """The model of some orders and its co-purchase lists, with neighbours for the products of some cases alone."""
    told = [items for cases in questions for items in (*cases.prefixes, *_newest(cases, data.parameters.seeds))]
    asked = np.unique(np.fromiter((item for items in told for item in items), np.int64))
    together = bought_together(orders, int(orders.time.max(initial=0)), data.parameters, asked)
    neighbours = joined(Sources(together, data.words.result()), factors.item, data.parameters, asked)
    return _model(data, orders, neighbours, factors), together.lists


def _newest(cases: Cases, count: int) -> Iterator[list[int]]:
    """The products that each customer bought last, where there is no basket to go by."""
    for prefix, history in zip(cases.prefixes, cases.histories, strict=True):
        yield [] if prefix else list(dict.fromkeys(reversed(history)))[:count]


def _drafted(data: _Data) -> tuple[Sources, Neighbours]:
    """Co-purchase of all orders, and all neighbours as far as they do without factors."""
    sources = Sources(bought_together(data.orders, data.now, data.parameters), data.words.result())
    return sources, joined(sources, None, data.parameters)


def _finished(data: _Data, draft: tuple[Sources, Neighbours], factors: Factors) -> Model:
    """The model of all orders."""
    sources, neighbours = draft
    return _model(data, data.orders, completed(neighbours, sources, factors.item, data.parameters), factors)


def _model(data: _Data, orders: Orders, neighbours: Neighbours, factors: Factors) -> Model:
    p = data.parameters
    return Model(
        data.catalogue.product_ids,
        factors.item,
        fold_factors(factors.item, p.regularization),
        neighbours.items,
        neighbours.parts,
        neighbours.counts,
        trending_scores(orders, int(orders.time.max(initial=0)), p.trending_half_life_days),
        popularity(orders),
        np.ones(len(data.catalogue), np.float32),
        Serving(p.alpha, p.seed_decay, p.seeds, p.history_half_life_days, neighbours.names, data.rankers),
    )


def _tested(
    data: _Data, plan: _Plan, factors: Factors, teaching: Future[tuple[_Data, str | None]]
) -> tuple[Backtest, Verdict]:
    """What the model of the past does on the cases, beside the plain strategies and the serving model."""
    data, chosen = teaching.result()
    orders = data.orders.where(data.orders.time < plan.cut)
    span = (plan.cut, data.now + 1)
    whole = _cases(next_orders_within, data, span, data.parameters.cases)
    model, together = _asked(data, orders, factors, [plan.cases, whole])
    counts = popularity(orders).astype(np.float64)
    conditions = Conditions(counts, len(orders.time), plan.cut, data.now, data.parameters.seed)

    def trial(cases: Cases, best: str | None, next_orders: Backtest | None) -> Backtest:
        lists = _singles(data, orders, model, together, factors, cases)
        lists[SERVED] = served(model, data.catalogue, cases)
        if plan.rival is not None:
            lists[RIVAL] = served(plan.rival, data.catalogue, cases)
        return backtested(lists, described(cases, data.facts), conditions, chosen=best, next_orders=next_orders)

    next_orders = trial(whole, None, None) if len(whole) >= FEWEST_CASES else None
    table = trial(plan.cases, chosen, next_orders)
    return table, judge(table.rows, plan.before, table.weights)


def _singles(
    data: _Data, orders: Orders, model: Model, together: TopLists, factors: Factors, cases: Cases
) -> dict[str, NDArray[np.int64]]:
    """What each strategy alone would have shown."""
    histories = np.where(cases.repeat, data.users[cases.lines], -1)
    return {
        "popularity": same_for_all(popularity(orders), cases),
        "trending": same_for_all(model.trending, cases),
        "bought before": by_purchases(cases, data.parameters.history_half_life_days),
        "als": by_history(factors.user, histories, factors.item, cases),
        "co-purchase": by_together(together, model, cases),
        "fold-in": by_fold_in(model, cases),
    }


def _part(progress: Progress, stage: str, begin: float, end: float, iterations: int) -> Callable[[int], None]:
    """Tells `progress` that a stage begins; a callback for an iteration's end that moves it from `begin` to `end`."""
    progress(stage, begin)
    return lambda ended: progress(stage, begin + (end - begin) * ended / iterations)
