"""What a shop's own orders teach the rankers: each kind of page is asked what was bought, by the path that serves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recommender.backtests.lists import contexts, in_stock
from recommender.backtests.splits import Cases
from recommender.blend.features import FEATURES, HOME, KNOWN_PRODUCT, KNOWN_VISIT, PAGES, PRODUCT, VISIT, prior_weights
from recommender.blend.forests import winning_trees
from recommender.blend.logit import Choices, beyond_doubt, fit_weights
from recommender.blend.trees import Trees
from recommender.interactions import Catalogue
from recommender.model import Model
from recommender.serving.slates import Context, considered

Rankers = Mapping[str, tuple[float, ...]]

# So many choices are the prior worth: a shop's first hundred orders move it half-way.
STRENGTH = 30.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """rankers: the weights of each kind of page. winning: the optional lists of neighbours that are worth keeping.

    trees: on top of the weights, of the kinds of page where they win.
    """

    rankers: Rankers
    winning: frozenset[str]
    trees: Mapping[str, Trees] = field(default_factory=dict)


def taught(
    model: Model, catalogue: Catalogue, baskets: Cases, next_orders: Cases, visits: Cases, optional: Collection[str]
) -> Lesson:
    """What held-out orders say of each kind of page, from the model's own weights as the prior.

    baskets: orders whose last product is asked for, by all the others (a visit), and by the one before it (a product's
    page); all of them as if nobody had bought anything before, and those of returning customers once more as they are.
    next_orders: whole orders, asked for by the customer's past (the home page). visits: running visits, asked
    like baskets. optional: features that have to win to stay.
    """
    returning = baskets.where(baskets.repeat)
    asked: dict[str, tuple[list[Cases], Callable[[Context], Context]]] = {
        VISIT: ([baskets, visits], _a_stranger),
        PRODUCT: ([baskets, visits], lambda context: _on_the_page(_a_stranger(context))),
        KNOWN_VISIT: ([returning], lambda context: context),
        KNOWN_PRODUCT: ([returning], _on_the_page),
        HOME: ([next_orders], lambda context: context),
    }
    choices = {page: _choices(model, catalogue, cases, seen) for page, (cases, seen) in asked.items()}
    priors = {page: np.array(weights, np.float32) for page, weights in model.serving.rankers.items()}
    winning = frozenset(name for name in optional if _wins(choices[VISIT], priors[VISIT], FEATURES.index(name)))
    lost = [FEATURES.index(name) for name in optional if name not in winning]
    found = {page: _without(seen, lost) for page, seen in choices.items()}
    weights = {page: fit_weights(found[page], priors[page], STRENGTH) for page in (VISIT, PRODUCT, HOME)}
    # What all visits have taught is where those of known customers begin.
    for page, like in ((KNOWN_VISIT, VISIT), (KNOWN_PRODUCT, PRODUCT)):
        weights[page], priors[page] = fit_weights(found[page], weights[like], STRENGTH), weights[like]
    weights = {page: weights[page].round(4) for page in PAGES}
    forests = {
        page: winning_trees(found[page], weights[page], priors[page], STRENGTH) for page in PAGES if page != HOME
    }
    rankers = {page: tuple(round(weight, 4) for weight in weights[page].tolist()) for page in PAGES}
    return Lesson(rankers, winning, {page: trees for page, trees in forests.items() if trees is not None})


def _wins(choices: Choices, prior: NDArray[np.float32], feature: int) -> bool:
    """Whether a feature, learnt on every other choice, puts what was taken higher in the rest, beyond doubt (95 %)."""
    even = np.arange(len(choices)) % 2 == 0
    gains = []
    for seen in (_without(choices, [feature]), choices):
        weights = fit_weights(seen.where(even), prior, STRENGTH)
        gains.append(seen.where(~even).gains(weights))
    return beyond_doubt(gains[1] - gains[0])


def _without(choices: Choices, features: list[int]) -> Choices:
    """The same choices where some features say nothing."""
    if not features:
        return choices
    silent = choices.features.copy()
    silent[:, features] = 0
    return replace(choices, features=silent)


def prior_rankers() -> dict[str, tuple[float, ...]]:
    """The weights of a shop that has taught nothing yet."""
    weights = tuple(prior_weights().tolist())
    return dict.fromkeys(PAGES, weights)


def _a_stranger(context: Context) -> Context:
    """The same visit by somebody of whom nothing else is known."""
    return replace(context, history=())


def _on_the_page(context: Context) -> Context:
    """The same shopper on the page of the product they put in last, of whose visit nothing else is known."""
    last = context.session[-1:]
    return replace(context, placement="product", session=last, viewing=last, cart=())


def _choices(
    model: Model, catalogue: Catalogue, questions: Sequence[Cases], seen: Callable[[Context], Context]
) -> Choices:
    aligned = in_stock(model, catalogue)
    features: list[NDArray[np.float32]] = [np.empty((0, len(FEATURES)), np.float32)]
    taken: list[NDArray[np.bool_]] = [np.empty(0, np.bool_)]
    for context, wanted in _oldest_first(catalogue, questions):
        found = considered(aligned, seen(context))
        if found is None or not np.isin(found.rows, wanted).any():
            continue
        features.append(found.features.T)
        taken.append(np.isin(found.rows, wanted))
    sizes = [len(part) for part in taken[1:]]
    bounds = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return Choices(np.concatenate(features), bounds, np.concatenate(taken))


def _oldest_first(catalogue: Catalogue, questions: Sequence[Cases]) -> Iterator[tuple[Context, NDArray[np.int64]]]:
    """What is known in each case and what it asks for."""
    asked = [pair for cases in questions for pair in zip(contexts(catalogue, cases), cases.wanted, strict=True)]
    times = np.concatenate([cases.times for cases in questions])
    for place in np.argsort(times, kind="stable").tolist():
        yield asked[place]
