"""What a merchant may weigh of a shop's products, out of what its shelf, its model and its refunds say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integration.storage.shelf_rows import ShelfProduct
from recommender.blend import business
from recommender.blend.business import TRAITS, BusinessWeights, Traits
from recommender.model import Model
from recommender.serving.availability import Availability

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a merchant wants beside clicks. refunds: product id -> refunds that name it; empty where not weighed."""

    weights: BusinessWeights
    refunds: Mapping[int, int]


NO_WISHES = Wishes(BusinessWeights(), {})


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What the shelf says of its products, (m,) each. published: microseconds since 1970, 0 where not known.

    margin, pieces: NaN where not known, see `margin_of` and `pieces_of`.
    """

    product_ids: NDArray[np.int64]
    availability: NDArray[np.int8]
    published: NDArray[np.int64]
    margin: Values
    pieces: Values


def margin_of(product: ShelfProduct) -> float:
    """The share of the price that is left over the cost, the mean over variants of which both are known, else NaN."""
    shares = [
        float((variant.price - variant.unit_cost) / variant.price)
        for variant in product.variants
        if variant.price and variant.price > 0 and variant.unit_cost is not None
    ]
    return sum(shares) / len(shares) if shares else np.nan


def pieces_of(product: ShelfProduct) -> float:
    """Pieces that can be sold, of all variants; NaN where one of them is not counted, or sells without stock."""
    stocks = [variant.stock for variant in product.variants]
    if not stocks or any(stock.continue_selling or not stock.tracked for stock in stocks):
        return np.nan
    return float(sum(max(level, 0) for stock in stocks for level in stock.levels))


def traits(facts: Facts, model: Model | None, refunds: Mapping[int, int], names: Collection[str] = TRAITS) -> Traits:
    """Some traits of the products of a shelf; of what can't be shown at all nothing is said."""
    makers: dict[str, Callable[[], Values]] = {
        business.MARGIN: lambda: facts.margin,
        business.STOCK_DEPTH: lambda: facts.pieces,
        business.RETURNS: lambda: business.kept_for_good(_refunded(facts, refunds), _orders(facts, model)),
        business.NEW_ARRIVALS: lambda: np.where(facts.published > 0, facts.published, np.nan),
        business.NOVELTY: lambda: -_orders(facts, model),
    }
    shown = facts.availability > Availability.HIDDEN
    return Traits(facts.product_ids, {name: np.where(shown, makers[name](), np.nan) for name in names})


def _orders(facts: Facts, model: Model | None) -> Values:
    """Orders that hold each product, as far as the model knows; NaN for a product that it does not know."""
    orders = np.full(len(facts.product_ids), np.nan)
    if model is not None and len(model):
        at = np.minimum(model.product_ids.searchsorted(facts.product_ids), len(model) - 1)
        known = model.product_ids[at] == facts.product_ids
        orders[known] = model.popular[at[known]]
    return orders


def _refunded(facts: Facts, refunds: Mapping[int, int]) -> Values:
    return np.fromiter((refunds.get(product, 0) for product in facts.product_ids.tolist()), np.float64)
