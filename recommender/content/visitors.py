"""What a visitor of whom nothing is known may like, from where, when and how the visit comes: a prior over products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

STRENGTHS = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0, 100000.0)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
VALIDATION = 0.2


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
    """base: float64 (n,), share of the shop's sales, above 0. traits: by name, country, hour, device, referrer, ..."""

    base: NDArray[np.float64]
    traits: Mapping[str, Trait]

    def scores(self, visit: Mapping[str, int]) -> NDArray[np.float32]:
        """A share for each product, float32 (n,), that sums to 1; an unknown trait, value or -1 changes nothing.

        A trait's shares are shrunk to the shop's (the Dirichlet-multinomial posterior), then traits are multiplied.
        """
        logs = np.log(self.base)
        for name, value in visit.items():
            trait = self.traits.get(name)
            if trait is not None and trait.share > 0 and 0 <= value < len(trait.counts):
                logs = logs + trait.share * _log_ratio(trait.counts[value], self.base, trait.strength)
        shares = np.exp(logs - logs.max(initial=0.0)) if len(logs) else logs
        found: NDArray[np.float32] = (shares / max(shares.sum(), 1e-30)).astype(np.float32)
        return found


def fit_context_prior(
    items: NDArray[np.int32], visits: Mapping[str, NDArray[np.int32]], time: NDArray[np.int64], n_items: int
) -> ContextPrior:
    """The prior of some sold lines and the trait values of their orders' visits, int32 (m,) each, -1 unknown.

    Each trait's strength and share are chosen by the likelihood of the newest fifth of the lines; a trait that tells
    nothing gets a share of 0. time: (m,), microseconds since 1970.
    """
    base = _base(items, n_items)
    late = time > np.quantile(time, 1 - VALIDATION) if len(time) else np.zeros(0, np.bool_)
    early = _base(items[~late], n_items)
    traits = {}
    for name, values in visits.items():
        strength, share = _chosen(items, values, late, early)
        traits[name] = Trait(_counts(items, values, n_items), strength, share)
    return ContextPrior(base, traits)


def _base(items: NDArray[np.int32], n_items: int) -> NDArray[np.float64]:
    counts = np.bincount(items, minlength=n_items).astype(np.float64) + 0.1
    return counts / max(float(counts.sum()), 1.0)


def _counts(items: NDArray[np.int32], values: NDArray[np.int32], n_items: int) -> NDArray[np.float32]:
    known = values >= 0
    shape = (int(values.max(initial=-1)) + 1, n_items)
    ones = np.ones(int(known.sum()), np.float32)
    counts: NDArray[np.float32] = sparse.csr_matrix((ones, (values[known], items[known])), shape=shape).toarray()
    return counts


def _log_ratio(counts: NDArray[np.float32], base: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Log of a value's shrunk shares over the shop's, float64 (n,)."""
    ratio: NDArray[np.float64] = np.log((counts + strength * base) / (counts.sum() + strength) / base)
    return ratio


def _chosen(
    items: NDArray[np.int32], values: NDArray[np.int32], late: NDArray[np.bool_], base: NDArray[np.float64]
) -> tuple[float, float]:
    """The strength and the share of a trait under which the late lines are likeliest."""
    counts = _counts(items[~late], values[~late], len(base))
    asked = late & (values >= 0) & (values < len(counts))
    best = (0.0, STRENGTHS[-1], 0.0)
    for strength in STRENGTHS:
        gains = np.zeros(len(SHARES))
        for value in np.unique(values[asked]):
            sold = items[asked & (values == value)]
            ratio = _log_ratio(counts[value], base, strength)
            gains += [float(s * ratio[sold].sum() - len(sold) * np.log(base @ np.exp(s * ratio))) for s in SHARES]
        best = max(best, *((float(gain), strength, share) for gain, share in zip(gains, SHARES, strict=True)))
    return best[1], best[2]
