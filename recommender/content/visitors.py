"""What a visitor of whom nothing is known may like, from where, when and how the visit comes: a prior over products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.confidence import decay

STRENGTHS = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0, 100000.0)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
VALIDATION = 0.2
NOW_HALF_LIFE_DAYS, TRAIT_HALF_LIFE_DAYS = 10.0, 90.0


@dataclass(frozen=True, slots=True)
class Trait:
    """What the visits of each value of one trait bought.

    counts: float32 (values, n), sold lines. strength: how many lines of the shop's own shares are mixed in.
    share: how much this trait counts beside the others, 0..1.
    """

    counts: NDArray[np.float32]
    strength: float
    share: float


@dataclass(frozen=True, slots=True)
class ContextPrior:
    """base: float64 (n,), each product's share of what sells now; usual: of what sold in the last months; both above 0.

    traits: by name: country, hour, weekday, device, referrer, the page's category, ...
    """

    base: NDArray[np.float64]
    usual: NDArray[np.float64]
    traits: Mapping[str, Trait]

    def scores(self, visit: Mapping[str, int]) -> NDArray[np.float32]:
        """A share for each product, float32 (n,), that sums to 1; an unknown trait, value or -1 changes nothing.

        A trait's shares are shrunk to the shop's (the Dirichlet-multinomial posterior); what they are over the shop's,
        trait by trait, multiplies what sells now.
        """
        logs = np.log(self.base)
        for name, value in visit.items():
            trait = self.traits.get(name)
            if trait is not None and trait.share > 0 and 0 <= value < len(trait.counts):
                logs = logs + self.lift(name, value)
        shares = np.exp(logs - logs.max(initial=-np.inf)) if len(logs) else logs
        found: NDArray[np.float32] = (shares / max(shares.sum(), 1e-30)).astype(np.float32)
        return found

    def lift(self, name: str, value: int) -> NDArray[np.float64]:
        """Log of what a trait's value multiplies each product's share by, float64 (n,)."""
        trait = self.traits[name]
        return np.asarray(trait.share * _log_ratio(trait.counts[value], self.usual, trait.strength))


def fit_context_prior(
    items: NDArray[np.int32], visits: Mapping[str, NDArray[np.int32]], time: NDArray[np.int64], n_items: int
) -> ContextPrior:
    """The prior of some sold lines and the trait values of their orders' visits, int32 (m,) each, -1 unknown.

    Each trait's strength and share are chosen by the likelihood of the newest fifth of the lines, by decayed weight; a
    trait that tells nothing gets a share of 0. time: (m,), microseconds since 1970.
    """
    now = int(time.max(initial=0))
    lines = _Lines(items, decay(time, now, NOW_HALF_LIFE_DAYS), decay(time, now, TRAIT_HALF_LIFE_DAYS), n_items)
    order = np.argsort(time, kind="stable")
    late = np.zeros(len(items), np.bool_)
    total = np.cumsum(lines.now[order])
    late[order] = total > (1 - VALIDATION) * total[-1:]
    traits = {}
    for name, values in visits.items():
        strength, share = _chosen(lines, values, late)
        traits[name] = Trait(lines.counts(values, np.ones(len(items), np.bool_)), strength, share)
    return ContextPrior(lines.shares(lines.now), lines.shares(lines.months), traits)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Sold lines. now, months: float32 (m,), their weights among what sells now and in the last months."""

    item: NDArray[np.int32]
    now: NDArray[np.float32]
    months: NDArray[np.float32]
    n_items: int

    def shares(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Each product's share of some weights, (m,), with a tenth of an average line for each product."""
        counts = np.bincount(self.item, weights, self.n_items)
        little = 0.1 * _mean(weights)
        return np.asarray((counts + little) / max(counts.sum() + little * self.n_items, 1e-30), np.float64)

    def counts(self, values: NDArray[np.int32], kept: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The lines of the last months by a trait's value, float32 (values, n)."""
        rows = np.flatnonzero(kept & (values >= 0))
        n_values = int(values.max(initial=-1)) + 1
        cells = values[rows].astype(np.int64) * self.n_items + self.item[rows]
        summed = np.bincount(cells, self.months[rows], n_values * self.n_items)
        return summed.astype(np.float32).reshape(n_values, self.n_items)


def _mean(weights: NDArray[np.float32]) -> float:
    return float(weights.mean()) if weights.any() else 1.0


def _log_ratio(counts: NDArray[np.float32], usual: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Log of a value's shrunk shares over the shop's, float64 (n,)."""
    ratio: NDArray[np.float64] = np.log((counts + strength * usual) / (counts.sum() + strength) / usual)
    return ratio


def _chosen(lines: _Lines, values: NDArray[np.int32], late: NDArray[np.bool_]) -> tuple[float, float]:
    """The strength and the share of a trait under which the late lines are likeliest."""
    base = lines.shares(np.where(late, np.float32(0), lines.now))
    usual = lines.shares(np.where(late, np.float32(0), lines.months))
    counts = lines.counts(values, ~late)
    asked = late & (values >= 0)
    sold = {int(value): lines.item[asked & (values == value)] for value in np.unique(values[asked])}
    best = (0.0, STRENGTHS[-1], 0.0)
    for strength in STRENGTHS:
        gains = np.zeros(len(SHARES))
        for value, items in sold.items():
            ratio = _log_ratio(counts[value], usual, strength)
            gains += [float(s * ratio[items].sum() - len(items) * np.log(base @ np.exp(s * ratio))) for s in SHARES]
        best = max(best, *((float(gain), strength, share) for gain, share in zip(gains, SHARES, strict=True)))
    return best[1], best[2]
