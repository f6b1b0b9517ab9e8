"""A model laid beside a shelf: all that a slate needs and that does not depend on the visitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.blend.diversity import alike, spread_out
from recommender.model import Model
from recommender.serving.availability import Availability
from recommender.serving.shelf import Shelf

POPULAR = 50


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """What may be shown. rows: bool over shelf rows; known: bool over model rows.

    trending, newest: shelf rows, in that order. popular: model rows of the first few that trend.
    """

    rows: NDArray[np.bool_]
    known: NDArray[np.bool_]
    trending: NDArray[np.int32]
    newest: NDArray[np.int32]
    popular: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """A model, n products, beside a shelf, m products; immutable, so threads may share it.

    shelf_row: int32 (n,), where each model row stands on the shelf; model_row: int32 (m,), the reverse; -1: nowhere.
    trending: float32 (m,), score of each shelf row, times e^appeal. trending_log, popular_log, season_log: float32
    (n,), of each model row, see `blend.features`; category: int32 (n,), the code of its category, -1 for none and for
    what has left.
    appeal: float32 (n,), what the merchant's weights add to each model row's score; None for nothing.
    trending_order: shelf rows with a score, best first.
    category_order: all shelf rows by category, then by score, then newest first.
    category_start: int64 (c + 1,), where category code j - 1 begins in it (so -1 comes first).
    rankers: by kind of page, float32 (features,). sellable: what can be bought now. with_late: that and what is sold
    out; None where nothing is "back soon".
    """

    model: Model | None
    shelf: Shelf
    shelf_row: NDArray[np.int32]
    model_row: NDArray[np.int32]
    trending: NDArray[np.float32]
    trending_log: NDArray[np.float32]
    popular_log: NDArray[np.float32]
    season_log: NDArray[np.float32]
    category: NDArray[np.int32]
    appeal: NDArray[np.float32] | None
    rankers: Mapping[str, NDArray[np.float32]]
    trending_order: NDArray[np.int32]
    category_order: NDArray[np.int32]
    category_start: NDArray[np.int64]
    sellable: Offer
    with_late: Offer | None

    def rows_of(self, product_ids: tuple[int, ...]) -> list[int]:
        """The shelf rows of some products, in their order, each as often as given; those not on the shelf left out."""
        if not product_ids:
            return []
        wanted = np.array(product_ids, np.int64)
        found = self.shelf.product_ids.searchsorted(wanted)
        found[found == len(self.shelf)] = 0
        return list(found[self.shelf.product_ids[found] == wanted].tolist())

    def model_rows(self, rows: list[int]) -> list[int]:
        """The model rows of some shelf rows, in their order; those the model does not know left out."""
        return [row for row in self.model_row[rows].tolist() if row >= 0] if rows else []

    def of_category(self, offer: Offer, row: int, wanted: int) -> list[int]:
        """The best `wanted` rows on offer of the category that a shelf row is in; none if it is in none."""
        code = int(self.shelf.category[row])
        if code < 0:
            return []
        mates = self.category_order[self.category_start[code + 1] : self.category_start[code + 2]]
        return list(mates[offer.rows[mates]][:wanted].tolist())


def align(model: Model | None, shelf: Shelf, previous: Aligned | None = None) -> Aligned:
    """Lay a model beside a shelf, once per (model, version of the shelf).

    previous: an earlier answer for this shop; what has not changed since is taken over: where only the availability
    has, nearly everything, and where the appeal has too, all but the orders.
    """
    before = previous if previous is not None and _same_frame(previous, model, shelf) else None
    frame = before or _framed(model, shelf)
    same_appeal = before is not None and _same(before.shelf.appeal, shelf.appeal)
    orders = before if before is not None and same_appeal else _ordered(frame, model, shelf)
    availability = shelf.availability
    sellable = _offer(frame, orders, model, shelf, availability >= Availability.LOW)
    late = shelf.back_soon and bool((availability == Availability.SOLD_OUT).any())
    return Aligned(
        model,
        shelf,
        frame.shelf_row,
        frame.model_row,
        orders.trending,
        frame.trending_log,
        frame.popular_log,
        frame.season_log,
        frame.category,
        orders.appeal,
        frame.rankers,
        orders.trending_order,
        orders.category_order,
        orders.category_start,
        sellable,
        _offer(frame, orders, model, shelf, availability >= Availability.SOLD_OUT) if late else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """The part of Aligned that neither the availability nor the appeal touches; the same names and meanings."""

    shelf_row: NDArray[np.int32]
    model_row: NDArray[np.int32]
    trending_log: NDArray[np.float32]
    popular_log: NDArray[np.float32]
    season_log: NDArray[np.float32]
    category: NDArray[np.int32]
    rankers: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class _Orders:
    """The part of Aligned that the appeal touches and the availability does not; the same names and meanings."""

    trending: NDArray[np.float32]
    appeal: NDArray[np.float32] | None
    trending_order: NDArray[np.int32]
    category_order: NDArray[np.int32]
    category_start: NDArray[np.int64]


def _same_frame(previous: Aligned, model: Model | None, shelf: Shelf) -> bool:
    old = previous.shelf
    pairs = ((old.product_ids, shelf.product_ids), (old.category, shelf.category), (old.newest, shelf.newest))
    return previous.model is model and all(_same(a, b) for a, b in pairs)


def _same(mine: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    return mine is other or (mine is not None and other is not None and np.array_equal(mine, other))


def _framed(model: Model | None, shelf: Shelf) -> _Frame:
    known = model.product_ids if model is not None else np.empty(0, np.int64)
    shelf_row, model_row = _places(known, shelf.product_ids), _places(shelf.product_ids, known)
    category = np.full(len(known), -1, np.int32)
    if len(shelf):
        category = np.where(shelf_row >= 0, shelf.category[shelf_row], -1).astype(np.int32)
    nothing = np.empty(0, np.float32)
    return _Frame(
        shelf_row,
        model_row,
        _log_share(model.trending if model is not None else nothing),
        _log_share(model.popular if model is not None else nothing),
        np.log(model.season).astype(np.float32) if model is not None else nothing,
        category,
        {} if model is None else {name: np.array(own, np.float32) for name, own in model.serving.rankers.items()},
    )


def _ordered(frame: Aligned | _Frame, model: Model | None, shelf: Shelf) -> _Orders:
    trending = np.zeros(len(shelf), np.float32)
    if model is not None and len(model):
        rising = model.trending * model.season
        trending = np.where(frame.model_row >= 0, rising[frame.model_row], np.float32(0))
    appeal = None
    if shelf.appeal is not None:
        trending = trending * np.exp(shelf.appeal)
        appeal = np.append(shelf.appeal, np.float32(0))[frame.shelf_row]
    age = np.empty(len(shelf), np.int64)
    age[shelf.newest] = np.arange(len(shelf))
    category_order = _by_category(trending, age, shelf.category)
    codes = np.arange(-1, int(shelf.category.max(initial=-1)) + 2)
    category_start = shelf.category[category_order].searchsorted(codes)
    return _Orders(trending, appeal, best_first(trending), category_order, category_start)


def _log_share(sold: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log of 1 + orders, the best 1."""
    logs = np.log1p(sold)
    return (logs / max(float(logs.max(initial=0)), 1e-30)).astype(np.float32)


def _places(wanted: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int32]:
    """Where each wanted id stands among ascending ids; int32, -1 where it does not."""
    if not len(among):
        return np.full(len(wanted), -1, np.int32)
    found = np.minimum(among.searchsorted(wanted), len(among) - 1)
    return np.where(among[found] == wanted, found, -1).astype(np.int32)


def _offer(
    frame: Aligned | _Frame,
    orders: Aligned | _Orders,
    model: Model | None,
    shelf: Shelf,
    shown: NDArray[np.bool_],
) -> Offer:
    known = shown[frame.shelf_row] & (frame.shelf_row >= 0) if len(shown) else np.zeros(len(frame.shelf_row), np.bool_)
    order = orders.trending_order
    newest = shelf.newest if model is not None or shelf.opening is None else shelf.opening
    trending = order[shown[order]]
    if model is not None and shelf.diversity and len(trending):
        trending = _varied(frame, orders, model, shelf, trending)
    return Offer(shown, known, trending, newest[shown[newest]], frame.model_row[trending[:POPULAR]])


def _varied(
    frame: Aligned | _Frame, orders: Aligned | _Orders, model: Model, shelf: Shelf, trending: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The same shelf rows, the first few in an order in which not all are alike."""
    first = trending[:POPULAR]
    likeness = alike(model.item_factors[frame.model_row[first]], shelf.category[first])
    # A product that sells twice as often has twice the odds.
    chosen = spread_out(np.log(orders.trending[first]), likeness, shelf.diversity, len(first))
    return np.concatenate([first[chosen], trending[POPULAR:]])


def best_first(scores: NDArray[np.float32]) -> NDArray[np.int32]:
    """Rows with a score above 0, highest first; int32. Ties keep the order of the rows."""
    rows = np.flatnonzero(scores > 0)
    return rows[_descending(scores[rows], rows)].astype(np.int32)


def _by_category(scores: NDArray[np.float32], age: NDArray[np.int64], category: NDArray[np.int32]) -> NDArray[np.int32]:
    """All rows by category, then by score, 0 or more, highest first, then by age."""
    order = _descending(scores, age)
    codes = category[order]
    # A stable sort counts codes of 16 bits, and compares longer ones.
    narrow = codes.astype(np.uint16) if int(category.max(initial=-1)) < np.iinfo(np.uint16).max else codes
    # As uint16 the -1 of no category would come last.
    narrow = narrow + narrow.dtype.type(1)
    return order[np.argsort(narrow, kind="stable")].astype(np.int32)


def _descending(scores: NDArray[np.float32], ties: NDArray[np.int64]) -> NDArray[np.intp]:
    """Places of scores, 0 or more, highest first, and of equal ones the lowest of `ties` first, each another number.

    The bits of a float that is not negative sort as it does, so that one fast sort of integers does it all.
    """
    bits = (scores + np.float32(0)).view(np.int32).astype(np.int64)
    return np.argsort(ties - (bits << 32))
