"""One shop's shelf in one market: arrays for ranking, cards for showing, kept up by what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from integration.observability.catalogue import PRODUCTS_HIDDEN
from integration.services.cards import availability_of, card_of
from integration.services.opening import completeness_of, opening_order, price_of
from integration.services.shelf_traits import NO_WISHES, Facts, Wishes, margin_of, pieces_of, traits
from integration.storage.base import to_micros
from integration.storage.shelf_rows import ShelfProduct
from recommender.blend.business import TRAITS, appeal
from recommender.model import Model
from recommender.serving.availability import Availability
from recommender.serving.shelf import Shelf
from recommender.serving.slates import Aligned, align

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """One consistent state of a shelf, for the length of a request. Lists and arrays are by shelf row.

    row_of: external product id -> row. model_version: of the model that is aligned, None without one.
    """

    aligned: Aligned
    model_version: str | None
    shelf: Shelf
    product_ids: NDArray[np.int64]
    external_ids: Sequence[str]
    cards: Sequence[bytes]
    titles: Sequence[str]
    row_of: Mapping[str, int]

    def without_model(self) -> Aligned:
        """The shelf alone, for the rungs that need no model."""
        return align(None, self.shelf)


class MarketShelf:
    """All products of a shop as they stand in one market. `market` None: one that no product names.

    A product keeps its row; one that is new makes the arrays be built anew.
    """

    def __init__(self, market: str | None, low_stock_threshold: int, back_soon: bool) -> None:
        self.market = market
        self._threshold = low_stock_threshold
        self._back_soon = back_soon
        self._categories: dict[str, int] = {}
        self._published: NDArray[np.int64] = np.empty(0, np.int64)
        self._margin: NDArray[np.float64] = np.empty(0)
        self._pieces: NDArray[np.float64] = np.empty(0)
        self._price: NDArray[np.float32] = np.empty(0, np.float32)
        self._complete: NDArray[np.float32] = np.empty(0, np.float32)
        self._opening: NDArray[np.int32] | None = None
        self._wishes = NO_WISHES
        self.shelf = Shelf(*_empty(), back_soon=back_soon)
        self._row_of: dict[str, int] = {}
        self._cards: list[bytes] = []
        self._titles: list[str] = []
        self._external_ids: list[str] = []
        self.view = self._look(align(None, self.shelf), None)

    @property
    def facts(self) -> Facts:
        """What the shelf says of its products beside how they look."""
        shelf = self.shelf
        return Facts(shelf.product_ids, shelf.availability, self._published, self._margin, self._pieces)

    def update(
        self,
        products: Sequence[ShelfProduct],
        model: Model | None,
        model_version: str | None,
        wishes: Wishes = NO_WISHES,
    ) -> None:
        """Take over changed products and align the model with the shelf, by the merchant's weights."""
        ids = self.shelf.product_ids
        changed = {product.product_id: product for product in products}
        keys = np.fromiter(changed, np.int64, len(changed))
        if np.isin(keys, ids, assume_unique=True).all():
            if changed:
                self._replace(changed, np.searchsorted(ids, keys))
        else:
            self._extend(changed)
        model_changed = model_version != self.view.model_version
        if changed or model_changed or wishes is not self._wishes:
            if model is None and self._opening is None:
                self._opening = opening_order(self.shelf.category, self._published, self._price, self._complete)
            self._weigh(model, wishes)
            aligned = align(model, self.shelf, None if model_changed else self.view.aligned)
            self.view = self._look(aligned, model_version)

    def hear(self, before: Model | None, model: Model) -> None:
        """Go by other visits: `model` is `before` in all else, so that everything that is aligned with it stays."""
        if self.view.aligned.model is before:
            self.view = replace(self.view, aligned=replace(self.view.aligned, model=model))

    def _weigh(self, model: Model | None, wishes: Wishes) -> None:
        """Work out anew what the merchant's weights add: one product's stock moves all the others' places."""
        self._wishes, weights = wishes, wishes.weights
        known = traits(self.facts, model, wishes.refunds, [name for name in TRAITS if getattr(weights, name)])
        added = appeal(known, weights)
        self.shelf = replace(self.shelf, appeal=added, diversity=weights.diversity, opening=self._opening)

    def _look(self, aligned: Aligned, model_version: str | None) -> View:
        return View(
            aligned,
            model_version,
            self.shelf,
            self.shelf.product_ids,
            self._external_ids,
            self._cards,
            self._titles,
            self._row_of,
        )

    def _replace(self, changed: Mapping[int, ShelfProduct], rows: NDArray[np.intp]) -> None:
        availability = self.shelf.availability.copy()
        category = self.shelf.category.copy()
        resort = retold = False
        for row, product in zip(rows.tolist(), changed.values(), strict=True):
            availability[row] = availability_of(product, self.market, self._threshold)
            code, price, complete = self._code(product.category), price_of(product), completeness_of(product)
            told = (category[row], self._price[row], self._complete[row])
            retold |= told != (code, price, complete)
            category[row], self._price[row], self._complete[row] = code, price, complete
            self._cards[row] = card_of(product, self.market, self._threshold)
            self._titles[row] = product.title
            self._external_ids[row] = product.external_id
            self._row_of[product.external_id] = row
            self._margin[row], self._pieces[row] = margin_of(product), pieces_of(product)
            published = to_micros(product.published_at)
            resort |= bool(self._published[row] != published)
            self._published[row] = published
        if resort or retold:
            self._opening = None
        if self.market is None:
            had, has = self.shelf.availability[rows] >= Availability.LOW, availability[rows] >= Availability.LOW
            PRODUCTS_HIDDEN.add(by=int(np.count_nonzero(had & ~has)))
        newest = _newest_first(self._published) if resort else self.shelf.newest
        self.shelf = Shelf(self.shelf.product_ids, availability, category, newest, self._back_soon)

    def _extend(self, changed: Mapping[int, ShelfProduct]) -> None:
        old = self.shelf
        fresh = sorted(set(changed).difference(old.product_ids.tolist()))
        ids = np.concatenate([old.product_ids, np.array(fresh, np.int64)])
        order = np.argsort(ids, kind="stable")
        blank = len(fresh)
        availability = np.concatenate([old.availability, np.zeros(blank, np.int8)])[order]
        category = np.concatenate([old.category, np.full(blank, -1, np.int32)])[order]
        self._published = np.concatenate([self._published, np.full(blank, np.iinfo(np.int64).min, np.int64)])[order]
        unknown = np.full(blank, np.nan)
        self._margin = np.concatenate([self._margin, unknown])[order]
        self._pieces = np.concatenate([self._pieces, unknown])[order]
        self._price = np.concatenate([self._price, np.zeros(blank, np.float32)])[order]
        self._complete = np.concatenate([self._complete, np.zeros(blank, np.float32)])[order]
        self._opening = None
        self._cards = _reordered(self._cards, b"", order)
        self._titles = _reordered(self._titles, "", order)
        self._external_ids = _reordered(self._external_ids, "", order)
        moved = np.empty(len(order), np.intp)
        moved[order] = np.arange(len(order))
        self._row_of = {key: int(moved[row]) for key, row in self._row_of.items()}
        ids = ids[order]
        self.shelf = Shelf(ids, availability, category, old.newest, self._back_soon)
        self._replace(changed, np.searchsorted(ids, np.fromiter(changed, np.int64, len(changed))))

    def _code(self, category: str) -> int:
        return self._categories.setdefault(category, len(self._categories)) if category else -1


def _reordered(values: list[T], blank: T, order: NDArray[np.intp]) -> list[T]:
    longer = values + [blank] * (len(order) - len(values))
    return [longer[i] for i in order]


def _newest_first(published: NDArray[np.int64]) -> NDArray[np.int32]:
    # Of two published at the same moment the one that came into the store later is newer.
    return np.argsort(published, kind="stable")[::-1].astype(np.int32)


def _empty() -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int32], NDArray[np.int32]]:
    return np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0, np.int32), np.empty(0, np.int32)
