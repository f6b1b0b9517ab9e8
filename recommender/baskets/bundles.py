"""Bundles of two to four products that are bought together more often than chance would have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.interactions import Orders

CHUNK = 500


@dataclass(frozen=True, slots=True)
class BundleRules:
    """What makes a bundle, and how much is looked at.

    least_orders: fewer orders that hold all of it are chance. largest_basket: a longer order tells nothing of pairs.
    largest: products in a bundle, 2 to 4. shrinkage: so many orders as chance would bring are laid on both sides of the
    lift. least_lift: shrunk, below which products are merely popular. beam: bundles of each size that are extended.
    extensions: ways to extend each. each_in: bundles of the answer that may hold the same product.
    """

    least_orders: int = 5
    largest_basket: int = 100
    largest: int = 4
    shrinkage: float = 5.0
    least_lift: float = 1.5
    beam: int = 500
    extensions: int = 5
    each_in: int = 3


@dataclass(frozen=True, slots=True)
class Bundle:
    """Products that go together. items: catalogue rows, the one bought most first.

    orders: those that hold all of them; for the merchant alone where under 10: what shoppers see must then not show it.
    confidence: at least this share of the orders with any one of the products hold all of them (all-confidence,
    Omiecinski 2003). lift: orders over those that chance would bring if the product that is tied least to the others
    were bought without regard to them, shrunk towards 1. price, margin: of one piece each, in the money's minor unit;
    None where a price, or a cost, is not known.
    """

    items: tuple[int, ...]
    orders: int
    confidence: float
    lift: float
    price: int | None
    margin: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Money:
    """float64 (n,) each, of one piece in the money's minor unit; NaN where unknown."""

    prices: NDArray[np.float64]
    costs: NDArray[np.float64]


def find_bundles(
    orders: Orders, sellable: NDArray[np.bool_], money: Money, *, top: int, rules: BundleRules | None = None
) -> list[Bundle]:
    """The best `top` bundles: those that bring most products along beyond chance, in how many orders each.

    sellable: bool (n,), products that may be in one. Pairs are counted in one pass; each of the best is extended a
    product at a time (apriori: all parts of a frequent bundle are frequent). No two of the answer share two products.
    """
    rules = rules or BundleRules()
    counted = _Counted.of(orders, sellable, rules)
    level = _best(_pairs(counted, rules), rules.beam)
    found = list(level)
    for _ in range(2, rules.largest):
        extended = {each.items: each for bundle in level for each in _extended(counted, bundle, rules)}
        level = _best(list(extended.values()), rules.beam)
        found += level
    chosen = _spread(sorted(found, key=_rank), top, rules.each_in)
    return [_bundle(counted, each, money) for each in chosen]


@dataclass(frozen=True, slots=True)
class _Found:
    """items: ascending. brought: products that came along in all orders, beyond what chance would bring."""

    items: tuple[int, ...]
    orders: int
    lift: float

    @property
    def brought(self) -> float:
        return (len(self.items) - 1) * self.orders * (1 - 1 / self.lift)


def _rank(found: _Found) -> tuple[float, int, tuple[int, ...]]:
    return -found.brought, -len(found.items), found.items


def _best(found: list[_Found], beam: int) -> list[_Found]:
    return sorted(found, key=_rank)[:beam]


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """by_order, by_item: the same orders, CSR and CSC, sellable products alone.

    held: int64 (n,), orders of each, those of one product included; total: orders in all.
    """

    by_order: sparse.csr_matrix
    by_item: sparse.csc_matrix
    held: NDArray[np.int64]
    total: int

    @classmethod
    def of(cls, orders: Orders, sellable: NDArray[np.bool_], rules: BundleRules) -> _Counted:
        short = orders.matrix[orders.sizes <= rules.largest_basket]
        held = np.bincount(short.indices, minlength=short.shape[1])
        frequent = sellable & (held >= rules.least_orders)
        kept = (short @ sparse.diags(frequent.astype(np.float32))).tocsr()
        kept.eliminate_zeros()
        return cls(kept, kept.tocsc(), np.where(frequent, held, 0), short.shape[0])

    def orders_with(self, items: Sequence[int]) -> NDArray[np.int32]:
        """Rows of the orders that hold all of some products, ascending."""
        matrix = self.by_item
        sets = [matrix.indices[matrix.indptr[item] : matrix.indptr[item + 1]] for item in items]
        held: NDArray[np.int32] = min(sets, key=len)
        for each in sets:
            if each is not held:
                held = held[np.isin(held, each, assume_unique=True)]
        return held

    def alone(self, items: Sequence[int]) -> float:
        """Orders that would hold all if the product tied least to the others were bought without regard to them."""
        parts = [(item, [each for each in items if each != item]) for item in items]
        return max(len(self.orders_with(rest)) * float(self.held[item]) for item, rest in parts) / self.total


def _lift(orders: NDArray[np.number] | float, by_chance: NDArray[np.number] | float, shrinkage: float) -> Any:
    return (orders + shrinkage) / (by_chance + shrinkage)


def _pairs(counted: _Counted, rules: BundleRules) -> list[_Found]:
    """The best pairs of each span of products; memory stays that of one span."""
    found: list[_Found] = []
    rows = np.flatnonzero(counted.held)
    for begin in range(0, len(rows), CHUNK):
        own = rows[begin : begin + CHUNK]
        counts = (counted.by_item[:, own].T @ counted.by_order).tocoo()
        left, right = own[counts.row], counts.col
        frequent = (left < right) & (counts.data >= rules.least_orders)
        left, right, both = left[frequent], right[frequent], counts.data[frequent].astype(np.float64)
        lift = _lift(both, counted.held[left] * counted.held[right] / max(counted.total, 1), rules.shrinkage)
        tied = np.flatnonzero(lift >= rules.least_lift)
        beyond = (both * (1 - 1 / lift))[tied]
        best = tied[np.lexsort((right[tied], left[tied], -beyond))[: rules.beam]]
        found += [_Found((int(left[k]), int(right[k])), int(both[k]), float(lift[k])) for k in best]
    return found


def _extended(counted: _Counted, bundle: _Found, rules: BundleRules) -> list[_Found]:
    """The bundle with one product more, the few that keep most orders beyond chance."""
    inside = counted.by_order[counted.orders_with(bundle.items)]
    counts = np.bincount(inside.indices, minlength=counted.by_order.shape[1])
    counts[list(bundle.items)] = 0
    lift = _lift(counts, bundle.orders * counted.held / counted.total, rules.shrinkage)
    beyond = np.where((counts >= rules.least_orders) & (lift >= rules.least_lift), counts * (1 - 1 / lift), 0)
    best = np.argsort(-beyond, kind="stable")[: rules.extensions]
    found = []
    for item in best[beyond[best] > 0].tolist():
        items = tuple(sorted((*bundle.items, item)))
        tied = float(_lift(float(counts[item]), counted.alone(items), rules.shrinkage))
        if tied >= rules.least_lift:
            found.append(_Found(items, int(counts[item]), tied))
    return found


def _spread(ranked: list[_Found], top: int, each_in: int) -> list[_Found]:
    """The first `top`, less those that hold a product that stands in enough of them, or share two with one of them."""
    chosen: list[_Found] = []
    uses: Counter[int] = Counter()
    for found in ranked:
        if len(chosen) == top:
            break
        items = set(found.items)
        if any(uses[item] >= each_in for item in items) or any(len(items & set(each.items)) > 1 for each in chosen):
            continue
        chosen.append(found)
        uses.update(items)
    return chosen


def _bundle(counted: _Counted, found: _Found, money: Money) -> Bundle:
    items = sorted(found.items, key=lambda item: (-int(counted.held[item]), item))
    price = float(money.prices[items].sum())
    margin = price - float(money.costs[items].sum())
    return Bundle(
        items=tuple(items),
        orders=found.orders,
        confidence=found.orders / int(counted.held[items[0]]),
        lift=found.lift,
        price=None if np.isnan(price) else round(price),
        margin=None if np.isnan(margin) else round(margin),
    )
