"""New products in the slates that shoppers get: by the path that serves, with and without an expectation of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from recommender.backtests import metrics
from recommender.backtests.lists import in_stock
from recommender.content.launches import HALF_LIFE_DAYS, Context, Launch
from recommender.interactions import Catalogue, Purchases
from recommender.parameters import Parameters
from recommender.serving import slates
from recommender.serving.alignment import Aligned
from recommender.training import Fit, fit

LENGTH = 20
SERVED = "session"
WITHOUT = "the same without what is expected of launches"


def measured(
    name: str, purchases: Purchases, texts: list[str], category: NDArray[np.int32], cases: Launch, seed: int
) -> Iterator[Figure]:
    """HR@20 of new products in whole slates, and HR@10 and NDCG@10 of all orders of the last weeks before the launch.

    The baseline is the same engine without an expectation of new products: it is told that all products are old.
    """
    ids = np.arange(len(texts), dtype=np.int64)
    known = Catalogue(ids, category, texts)
    old = replace(known, created=np.full(len(ids), max(int(purchases.time.min()), 1)))
    past = purchases.where(purchases.time <= cases.begin)
    ours, plain = (_fitted(past, catalogue, seed) for catalogue in (known, old))
    aligned, unaware = (in_stock(each.model, known) for each in (ours, plain))
    hits = np.array([_hit(aligned, known, *case) for case in _asked(cases)])
    without = np.array([_hit(unaware, known, *case) for case in _asked(cases)])
    said = f"{len(hits):,} purchases of {len(cases.candidates):,} new products among {len(ids):,}, in whole slates"
    found = metrics.mean(hits.astype(np.float64), metrics.resamples(len(hits), seed))
    row = {"value": found.value, "low": found.low, "high": found.high}
    data = f"{name}, last window: {said}"
    yield _figure(f"served new products hr@{LENGTH}", row, float(without.mean()), data, seed)
    data = f"{name}, the last weeks before the window: what it costs the products that sell"
    for metric in ("hr@10", "ndcg@10"):
        mine, other = _row(ours, metric), _row(plain, metric)
        if mine is not None and other is not None:
            yield _figure(f"served all orders {metric}", mine, other["value"], data, seed)


def _figure(name: str, found: dict[str, float], baseline: float, data: str, seed: int) -> Figure:
    return Figure(
        name=name,
        value=found["value"],
        unit="share",
        baseline=baseline,
        ratio=found["value"] / baseline if baseline else None,
        data=data,
        seed=seed,
        low=found["low"],
        high=found["high"],
        baseline_name=WITHOUT,
    )


def _fitted(past: Purchases, catalogue: Catalogue, seed: int) -> Fit:
    parameters = replace(Parameters(), seed=seed)
    return fit(past, catalogue, parameters, serving=None, serving_until=None, progress=_unheard)


def _row(fitted: Fit, metric: str) -> dict[str, float] | None:
    """A figure of the served strategy; None where the past was too short for a backtest."""
    if fitted.trial is None:
        return None
    strategies = fitted.backtest["strategies"]
    assert isinstance(strategies, dict)
    found: dict[str, float] = strategies[SERVED][metric]
    return found


def _asked(cases: Launch) -> Iterator[tuple[Context, int]]:
    for context, target in zip(cases.contexts, cases.targets.tolist(), strict=True):
        yield context, int(cases.candidates[target])


def _hit(aligned: Aligned, catalogue: Catalogue, context: Context, target: int) -> bool:
    """Whether the target is among the first 20 beside the rest of its basket, or at home where there is none."""
    basket = tuple(catalogue.product_ids[context.basket].tolist())
    ages = -HALF_LIFE_DAYS * np.log2(np.maximum(context.weights, 1e-9))
    history = tuple(zip(catalogue.product_ids[context.history].tolist(), ages.tolist(), strict=True))
    page = "cart" if basket else "home"
    shown = slates.build_slate(aligned, slates.Context(page, basket, (), basket, LENGTH, history))
    return target in {item.row for item in shown.items}


def _unheard(_stage: str, _fraction: float) -> None:
    """Progress that nobody listens to."""
