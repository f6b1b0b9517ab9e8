"""What a shop's own orders teach the rankers: each kind of page is asked what was bought, by the path that serves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.backtests.lists import contexts, in_stock
from recommender.backtests.splits import Cases
from recommender.blend.features import FEATURES, prior_weights
from recommender.blend.logit import Choices, fit_weights
from recommender.interactions import Catalogue
from recommender.model import Model
from recommender.serving.slates import HOME, PRODUCT, VISIT, Context, considered

Rankers = Mapping[str, tuple[float, ...]]

# So many choices are the prior worth: a shop's first hundred orders move it half-way.
STRENGTH = 30.0


def taught(model: Model, catalogue: Catalogue, baskets: Cases, next_orders: Cases) -> dict[str, tuple[float, ...]]:
    """The weights of each kind of page by what held-out orders say, from the model's own as the prior.

    baskets: orders whose last product is asked for, by all the others (a visit), and by the one before it (a product's
    page). next_orders: whole orders, asked for by the customer's past (the home page).
    """
    asked: dict[str, tuple[Cases, Callable[[Context], Context]]] = {
        VISIT: (baskets, lambda context: context),
        PRODUCT: (baskets, _on_the_page),
        HOME: (next_orders, lambda context: context),
    }
    return {
        page: _weights(model, catalogue, cases, seen, prior=model.serving.rankers[page])
        for page, (cases, seen) in asked.items()
    }


def prior_rankers() -> dict[str, tuple[float, ...]]:
    """The weights of a shop that has taught nothing yet."""
    weights = tuple(prior_weights().tolist())
    return dict.fromkeys((VISIT, PRODUCT, HOME), weights)


def _on_the_page(context: Context) -> Context:
    """The same shopper on the page of the product they put in last, of whose visit nothing else is known."""
    last = context.session[-1:]
    return replace(context, placement="product", session=last, viewing=last, cart=())


def _weights(
    model: Model, catalogue: Catalogue, cases: Cases, seen: Callable[[Context], Context], prior: tuple[float, ...]
) -> tuple[float, ...]:
    choices = _choices(model, catalogue, cases, map(seen, contexts(catalogue, cases)))
    weights = fit_weights(choices, np.array(prior, np.float32), STRENGTH)
    return tuple(round(weight, 4) for weight in weights.tolist())


def _choices(model: Model, catalogue: Catalogue, cases: Cases, asked: Iterable[Context]) -> Choices:
    aligned = in_stock(model, catalogue)
    features: list[NDArray[np.float32]] = [np.empty((0, len(FEATURES)), np.float32)]
    taken: list[NDArray[np.bool_]] = [np.empty(0, np.bool_)]
    for context, wanted in zip(asked, cases.wanted, strict=True):
        found = considered(aligned, context)
        if found is None or not np.isin(found.rows, wanted).any():
            continue
        features.append(found.features.T)
        taken.append(np.isin(found.rows, wanted))
    sizes = [len(part) for part in taken[1:]]
    return Choices(
        np.concatenate(features), np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]), np.concatenate(taken)
    )
