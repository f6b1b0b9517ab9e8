"""What a merchant's weights cost in clicks and what they buy, stated on orders that the model has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.backtests import metrics
from recommender.backtests.lists import Lists, in_stock, shown
from recommender.backtests.splits import Cases
from recommender.blend.business import DIVERSITY, TRAITS, BusinessWeights, Traits, appeal, percentiles
from recommender.blend.diversity import alike
from recommender.interactions import Catalogue
from recommender.model import Model
from recommender.serving.alignment import Aligned
from recommender.serving.slates import align

LEVELS = (0.5, 1.0, 2.0)
# Diversity ends at 1, so that its levels are these of it for each one of the others.
DIVERSITY_LEVEL = 0.5
MOST_CASES = 1000

Told = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """Slates of the same cases, with and without weights. plain: without any; draws: float32 (r, c), resamples."""

    aligned: Aligned
    catalogue: Catalogue
    cases: Cases
    traits: Traits
    plain: Lists
    draws: NDArray[np.float32]

    def slates(self, weights: BusinessWeights) -> Lists:
        """What serving itself shows by some weights."""
        shelf = replace(self.aligned.shelf, appeal=appeal(self.traits, weights), diversity=weights.diversity)
        return shown(align(self.aligned.model, shelf), self.catalogue, self.cases)

    def hits(self, lists: Lists) -> metrics.Values:
        """float64 (c,), 1 for each case of which the product asked for is in its list."""
        return metrics.hits(metrics.first_places(metrics.found(lists, self.cases.wanted)))

    def cost(self, lists: Lists) -> dict[str, float] | None:
        """The share of clicks that other lists lose, with its paired 95 % interval; None where there were none."""
        more = metrics.relative(self.hits(lists), self.hits(self.plain), self.draws)
        if more is None:
            return None
        return metrics.Estimate(-more.value, -more.high, -more.low).as_dict()

    def bought(self, name: str, lists: Lists) -> float | None:
        """The mean place, 0 to 1, of what is shown by a trait; of diversity how alike it is."""
        return _alikeness(self.aligned, lists) if name == DIVERSITY else _mean_place(self.traits.of(name), lists)


def stated_costs(
    model: Model,
    catalogue: Catalogue,
    cases: Cases,
    traits: Traits,
    levels: Sequence[float] = LEVELS,
    *,
    in_use: BusinessWeights | None = None,
    seed: int = 0,
    told: Told = lambda _share: None,
) -> dict[str, Any]:
    """The stated cost of each weight, as docs/developers/weights.md lists it: plain data, the same for the same seed.

    model: of what lies before the cases. traits: of the catalogue's products, in its order. levels: of each weight,
    for diversity halved. in_use: the merchant's own, measured each alone and all together. At most MOST_CASES cases
    are asked, drawn by the seed. told: the share of the work that is done.
    """
    cases = _drawn(cases, seed)
    aligned = in_stock(model, catalogue)
    plain = shown(aligned, catalogue, cases)
    trial = _Trial(aligned, catalogue, cases, traits, plain, metrics.resamples(len(cases), seed))
    asked = _asked(traits, levels, in_use or BusinessWeights())
    steps = sum(map(len, asked.values())) + 1
    found: dict[str, Any] = {}
    done = 0
    for name, wanted in asked.items():
        found[name] = {"known": _known(traits, name), "levels": []}
        for level in wanted:
            lists = trial.slates(BusinessWeights.from_dict({name: level}))
            found[name]["levels"].append(_stated(trial, name, level, lists))
            done += 1
            told(done / steps)
    together = _in_use(trial, in_use or BusinessWeights())
    told(1.0)
    rate = metrics.mean(trial.hits(plain), trial.draws).as_dict()
    return {"cases": len(cases), "hit_rate": rate, "weights": found, "in_use": together}


def _asked(traits: Traits, levels: Sequence[float], in_use: BusinessWeights) -> dict[str, list[float]]:
    """Which levels of which weights are measured: none of a trait that is known of no product."""
    asked = {name: {*levels, getattr(in_use, name)} if _known(traits, name) else set() for name in TRAITS}
    asked[DIVERSITY] = {*(min(level * DIVERSITY_LEVEL, 1.0) for level in levels), in_use.diversity}
    return {name: sorted(level for level in wanted if level > 0) for name, wanted in asked.items()}


def _stated(trial: _Trial, name: str, level: float, lists: Lists) -> dict[str, Any]:
    before, after = trial.bought(name, trial.plain), trial.bought(name, lists)
    return {"weight": level, "cost": trial.cost(lists), "before": before, "after": after}


def _in_use(trial: _Trial, weights: BusinessWeights) -> dict[str, Any] | None:
    """What all weights in use and the boosts cost together; None where there are none."""
    if not weights:
        return None
    lists = trial.slates(weights)
    names = [name for name in (*TRAITS, DIVERSITY) if getattr(weights, name)]
    bought = {name: {"before": trial.bought(name, trial.plain), "after": trial.bought(name, lists)} for name in names}
    return {"cost": trial.cost(lists), "bought": bought}


def _known(traits: Traits, name: str) -> float:
    """The share of products of which a trait is known; diversity needs nothing."""
    if name == DIVERSITY:
        return 1.0
    known = ~np.isnan(traits.of(name))
    return round(float(known.mean()), 6) if len(known) else 0.0


def _mean_place(values: metrics.Values, lists: Lists) -> float | None:
    """The mean place of all that is shown and of which the trait is known; None where it is of nothing."""
    products = lists[lists >= 0]
    places = percentiles(values)[products][~np.isnan(values[products])]
    return round(float(places.mean()), 6) if len(places) else None


def _alikeness(aligned: Aligned, lists: Lists) -> float | None:
    """How alike two products of one slate are, the mean over all pairs of all slates; None where there is no pair."""
    assert aligned.model is not None, "costs are of a model"
    total, pairs = 0.0, 0
    for row in lists:
        rows = aligned.model_row[row[row >= 0]]
        rows = rows[rows >= 0]
        likeness = alike(aligned.model.item_factors[rows], aligned.category[rows])
        total += float(likeness.sum() - np.trace(likeness))
        pairs += len(rows) * (len(rows) - 1)
    return round(total / pairs, 6) if pairs else None


def _drawn(cases: Cases, seed: int) -> Cases:
    """At most MOST_CASES of the cases, in their order."""
    if len(cases) <= MOST_CASES:
        return cases
    drawn = np.zeros(len(cases), np.bool_)
    drawn[np.random.default_rng(seed).choice(len(cases), MOST_CASES, replace=False)] = True
    return cases.where(drawn)
