"""Trees on top of a page's weights, where they put what was taken higher in choices that neither has seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.blend.logit import Choices, beyond_doubt, fit_weights
from recommender.blend.trees import FINALISTS, Trees, said, with_scores

# With fewer choices trees hardly ever win, and they cost a fit some seconds a page.
FEWEST_FOR_TREES = 1200
FOLDS = 4
WATCHED = 0.2
MOST = 150
DEPTH, RATE, SHARE = 3, 0.1, 1.0


def winning_trees(
    choices: Choices, weights: NDArray[np.float32], prior: NDArray[np.float32], strength: float
) -> Trees | None:
    """Trees on top of the weights that all choices have taught; None where they are too few, or trees don't win.

    choices: oldest first. Each fold of them judges weights and trees that the others have taught, so that every choice
    has a say and none is asked about what it has taught itself. prior, strength: see `fit_weights`.
    """
    if len(choices) < FEWEST_FOR_TREES:
        return None
    fold = np.arange(len(choices)) % FOLDS
    leads = [_leads(choices.where(fold != each), choices.where(fold == each), prior, strength) for each in range(FOLDS)]
    if not beyond_doubt(np.concatenate(leads)):
        return None
    trees = _grown(choices, weights)
    return trees if len(trees.features) else None


def _leads(told: Choices, asked: Choices, prior: NDArray[np.float32], strength: float) -> NDArray[np.float64]:
    """What each choice that is asked gains by trees over the weights alone, float64 (g,)."""
    weights = fit_weights(told, prior, strength)
    trees = _grown(told, weights)
    finalists, scores = asked.best(asked.features @ weights, FINALISTS)
    more = said(trees, with_scores(finalists.features.T, scores))
    return finalists.gains_by(scores + more) - finalists.gains_by(scores)


def _grown(choices: Choices, weights: NDArray[np.float32]) -> Trees:
    """Trees fitted to the older choices, as many as the newest fifth wants."""
    from recommender.blend.boosting import Growth, Lists, boost, no_trees

    finalists, scores = choices.best(choices.features @ weights, FINALISTS)
    telling = np.add.reduceat(finalists.taken, finalists.bounds[:-1]) > 0
    newer = np.arange(len(choices)) >= len(choices) * (1 - WATCHED)

    def lists(mask: NDArray[np.bool_]) -> Lists:
        part = finalists.where(mask)
        base = scores[np.repeat(mask, np.diff(finalists.bounds))]
        places = np.where(part.taken, np.arange(len(part.taken)), len(part.taken))
        wanted = np.minimum.reduceat(places, part.bounds[:-1])
        columns = np.ascontiguousarray(with_scores(part.features.T, base))
        return Lists(columns, base, part.bounds, wanted)

    if not (telling & ~newer).any() or not (telling & newer).any():
        return no_trees(DEPTH)
    growth = Growth(DEPTH, RATE, SHARE)
    return boost(lists(telling & ~newer), lists(telling & newer), MOST, 1, _unheard, growth)


def _unheard(_share: float) -> None:
    """Progress that nobody listens to."""
