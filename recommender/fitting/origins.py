"""What a model keeps of where and when orders came from, for visitors of whom nothing else is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.content.visitors import ContextPrior, fit_context_prior
from recommender.interactions import Purchases
from recommender.model import Model
from recommender.serving.origins import COUNTRY, HOUR, WEEKDAY, hours, named, weekdays

MOST_COUNTRIES = 60
# What trends most at all, and at each origin; as many rows as can be ranked beside every slate.
BEST, BEST_OF_EACH = 200, 100
MOST_ROWS = 1000


def with_origins(model: Model, purchases: Purchases, country: NDArray[np.str_] | None) -> Model:
    """The same model with what is bought where and when.

    country: str (m,), of each sold line, "" where not known; None where it is of none. A trait that tells nothing of
    the newest fifth of the lines leaves nothing behind.
    """
    names = np.empty(0, np.str_)
    visits = {HOUR: hours(purchases.time), WEEKDAY: weekdays(purchases.time)}
    if country is not None:
        names, visits[COUNTRY] = _countries(country)
    prior = fit_context_prior(purchases.item, visits, purchases.time, len(model))
    lifts = dict(_lifts(prior, names))
    if not lifts:
        return model
    rows = _rows(model, lifts)
    kept = np.stack([lift[rows] for lift in lifts.values()])
    serving = replace(model.serving, origins=tuple(lifts))
    return replace(model, serving=serving, origin_rows=rows, origin_lifts=kept.astype(np.float32))


def _countries(country: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.int32]]:
    """The countries with most lines, and the number of each line's among them, -1 for any other."""
    names, codes, lines = np.unique(country, return_inverse=True, return_counts=True)
    lines = np.where(names == "", 0, lines)
    order = np.argsort(-lines, kind="stable")
    order = order[lines[order] > 0][:MOST_COUNTRIES]
    numbers = np.full(len(names), -1, np.int32)
    numbers[order] = np.arange(len(order))
    return names[order], numbers[codes]


def _lifts(prior: ContextPrior, countries: NDArray[np.str_]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for name, trait in prior.traits.items():
        for value in range(len(trait.counts)) if trait.share > 0 else ():
            told = countries[value] if name == COUNTRY else value
            yield named(name, told), prior.lift(name, value)


def _rows(model: Model, lifts: dict[str, NDArray[np.float64]]) -> NDArray[np.int32]:
    """The rows that trend most at all and at each origin, ascending."""
    logs = np.log(np.maximum(model.trending * model.season, 1e-30))
    first = np.argsort(-logs, kind="stable")[:BEST]
    each = np.stack([np.argsort(-(logs + lift), kind="stable")[:BEST_OF_EACH] for lift in lifts.values()])
    found = first
    for depth in range(1, each.shape[1] + 1):
        wider = np.union1d(first, each[:, :depth])
        if len(wider) > MOST_ROWS:
            break
        found = wider
    return np.sort(found).astype(np.int32)
