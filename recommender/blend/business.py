"""What a merchant wants beside clicks: weights on products' traits, in the ranker's own unit, and boosts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What can be weighed, each so that more of it is what the merchant wants.
MARGIN, STOCK_DEPTH, RETURNS = "margin", "stock_depth", "returns"
NEW_ARRIVALS, NOVELTY = "new_arrivals", "novelty"
TRAITS = (MARGIN, STOCK_DEPTH, RETURNS, NEW_ARRIVALS, NOVELTY)
DIVERSITY, BOOSTS = "diversity", "boosts"

# e to the fifth is 148: past that a weight no longer weighs, it decides.
LARGEST_WEIGHT = 5.0
LARGEST_BOOST = 10.0
# The shop's own share of returns is worth so many orders of each product.
RETURNS_PRIOR = 20.0

Values = NDArray[np.float64]
_NO_BOOSTS: Mapping[int, float] = MappingProxyType({})


class BadWeights(ValueError):
    """A weight that can't be; the message says which one and what it may be."""


@dataclass(frozen=True, slots=True)
class BusinessWeights:
    """What a merchant adds to the learnt order; all 0 leaves it as it is.

    margin, stock_depth, returns (few of them), new_arrivals, novelty (rarely bought): log-odds between the shop's last
    and its first product by that trait, 0 to 5; with 1 the first is e = 2.7 times as likely to be chosen as the last,
    all else equal. diversity: 0 to 1, how much products like those above them lose, see `diversity`.
    boosts: product id -> how many times as likely it is to be chosen, above 0 up to 10. Raises BadWeights.
    """

    margin: float = 0.0
    stock_depth: float = 0.0
    returns: float = 0.0
    new_arrivals: float = 0.0
    novelty: float = 0.0
    diversity: float = 0.0
    boosts: Mapping[int, float] = field(default_factory=lambda: _NO_BOOSTS)

    def __post_init__(self) -> None:
        for name in TRAITS:
            _check(name, getattr(self, name), LARGEST_WEIGHT)
        _check(DIVERSITY, self.diversity, 1.0)
        for product, factor in self.boosts.items():
            check_boost(product, factor)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any] | None) -> BusinessWeights:
        """Weights as `as_dict` gave them, None for none. Raises BadWeights, also on a name that is not known."""
        values = dict(plain or {})
        known = [each.name for each in fields(cls)]
        for name in values:
            if name not in known:
                raise BadWeights(f"there is no weight {name!r}; there are {', '.join(known)}")
        boosts = values.pop(BOOSTS, {})
        try:
            by_product = {int(product): factor for product, factor in dict(boosts).items()}
        except (TypeError, ValueError):
            raise BadWeights(f"boosts must name product numbers, each with a factor, not {boosts!r}") from None
        return cls(**values, boosts=by_product)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without what is 0."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in (*TRAITS, DIVERSITY) if getattr(self, name)}
        if self.boosts:
            plain[BOOSTS] = {str(product): factor for product, factor in sorted(self.boosts.items())}
        return plain

    def __bool__(self) -> bool:
        return bool(self.as_dict())


def check_boost(product: object, factor: object) -> None:
    """Raise BadWeights, naming the product, unless a boost can be."""
    name = f"the boost of product {product}"
    _check(name, factor, LARGEST_BOOST)
    if factor == 0:
        raise BadWeights(f"{name} must be above 0")


def _check(name: str, value: object, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadWeights(f"{name} must be a number from 0 to {most:g}, not {value!r}")
    if not 0 <= value <= most:
        raise BadWeights(f"{name} must be from 0 to {most:g}, not {value:g}")


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """What is known of m products beside who bought them.

    product_ids: int64 (m,), ascending. values: by trait, float64 (m,), the more the weight is to favour a product the
    higher, NaN where it is not known; a trait that is left out is known of none.
    """

    product_ids: NDArray[np.int64]
    values: Mapping[str, Values]

    def of(self, name: str) -> Values:
        """One trait's values, float64 (m,)."""
        return self.values.get(name, np.full(len(self.product_ids), np.nan))


def percentiles(values: Values) -> Values:
    """Where each value stands among those known, float64 (m,): 0 the lowest, 1 the highest, 0.5 where not known.

    Equal values share the middle of their places.
    """
    places = np.full(len(values), 0.5)
    known = np.flatnonzero(~np.isnan(values))
    if len(known) > 1:
        order = np.argsort(values[known])
        ordered = values[known[order]]
        first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        equal = np.diff(np.append(first, len(ordered)))
        places[known[order]] = np.repeat((first + (equal - 1) / 2) / (len(ordered) - 1), equal)
    return places


def appeal(traits: Traits, weights: BusinessWeights) -> NDArray[np.float32] | None:
    """What is added to each product's score, float32 (m,), in log-odds; None where nothing would be."""
    weighed = [name for name in TRAITS if getattr(weights, name)]
    if not (weighed or weights.boosts):
        return None
    added = np.zeros(len(traits.product_ids))
    for name in weighed:
        added += getattr(weights, name) * (percentiles(traits.of(name)) - 0.5)
    if weights.boosts:
        boosted = np.fromiter(weights.boosts, np.int64, len(weights.boosts))
        by = np.log(np.fromiter(weights.boosts.values(), np.float64, len(boosted)))
        _, rows, places = np.intersect1d(traits.product_ids, boosted, assume_unique=True, return_indices=True)
        added[rows] += by[places]
    return added.astype(np.float32)


def kept_for_good(returned: Values, kept: Values) -> Values:
    """How rarely products come back, float64 (m,): minus the share that did, NaN where nobody bought one.

    returned: refunds that name each product; kept: orders that kept it. A product of few orders is drawn towards the
    shop's own share (the mean of a beta posterior), so that one return of two says little.
    """
    orders = returned + kept
    known = orders > 0
    shop = returned[known].sum() / max(orders[known].sum(), 1.0)
    share = (returned + RETURNS_PRIOR * shop) / (orders + RETURNS_PRIOR)
    return np.where(known, -share, np.nan)
