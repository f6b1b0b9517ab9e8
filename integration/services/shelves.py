"""What a web process knows of each shop, checked against the store before every slate.

The check is one read of the shop's row. Its shelf version grows in the very transaction that stores an inventory
delivery, so a slate that is computed after the 200 sees the new version, reads what changed and hides it
(DESIGN.md, contract 3). A published model is noticed by the same read.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Text, bindparam, cast, select

from integration.observability.catalogue import MODEL_LOADS, SHELF_READS
from integration.services.market_shelf import MarketShelf, View
from integration.services.shelf_traits import NO_WISHES, Wishes
from integration.storage.database import Database
from integration.storage.point_reads import PointReads
from integration.storage.shelf_rows import ShelfProduct, changed_since, refunds_by_product
from integration.storage.shops import Shop, StockPolicy
from integration.storage.upsert import table_of
from recommender.artifacts import load
from recommender.blend.business import BadWeights, BusinessWeights
from recommender.errors import BadArtifact
from recommender.model import Model
from recommender.sessions.next_item import NextItem

log = logging.getLogger(__name__)
SHOP = table_of(Shop)

# A process that starts keeps nobody waiting for longer than this.
WARM_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ShopRow:
    """The part of a shop's row that every slate looks at. weights: as text, so that an unchanged one is not read."""

    shop_id: int
    shelf_version: int
    serving_version: str | None
    stock_policy: str
    low_stock_threshold: int
    weights: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What a fit learnt of visits. until: the first moment after those it knew, in microseconds since 1970."""

    model: Model
    next_item: NextItem
    until: int


class ShopShelves:
    """One shop's shelves, a market each, and the model that serves it.

    learnt: of visits, as the model was loaded; None where it goes by none. `model` has heard of newer ones since.
    """

    def __init__(self, row: ShopRow) -> None:
        self.row = row
        self.lock = threading.Lock()
        self.shelf_version = -1
        self.model: Model | None = None
        self.model_version: str | None = None
        self.learnt: Learnt | None = None
        self.wanted_version: str | None = None
        self.markets: dict[str | None, MarketShelf] = {}
        self.currencies: dict[str, str] = {}
        self.wishes = NO_WISHES

    def hear(self, learnt: Learnt, next_item: NextItem) -> None:
        """Go by newer visits from here on, unless another model has come to serve than the one they were added to."""
        with self.lock:
            if self.learnt is not learnt:
                return
            before, self.model = self.model, replace(learnt.model, next_item=next_item)
            for shelf in self.markets.values():
                shelf.hear(before, self.model)


class Shelves:
    """All shops that this process serves; the least recently asked for are let go past `capacity`."""

    def __init__(self, database: Database, reads: PointReads, artifacts_dir: Path, *, capacity: int = 200) -> None:
        self._database = database
        self._artifacts_dir = artifacts_dir
        self._capacity = capacity
        self._shops: OrderedDict[str, ShopShelves] = OrderedDict()
        self._lock = threading.Lock()
        columns = (
            SHOP.c.id,
            SHOP.c.shelf_version,
            SHOP.c.serving_version,
            SHOP.c.stock_policy,
            SHOP.c.low_stock_threshold,
            cast(SHOP.c.weights, Text),
        )
        here = select(*columns).where(SHOP.c.key == bindparam("key"), SHOP.c.uninstalled_at.is_(None))
        self._find_row = reads.prepare(here)
        self._read_row = reads.prepare(here.where(SHOP.c.id == bindparam("shop_id")))

    def view(self, key: str, market: str | None, currency: str | None) -> tuple[ShopShelves, View] | None:
        """The shop's shelf as it stands now, or None where there is no such shop."""
        values = self._row_of(key)
        if values is None:
            # It left: nothing of it is held on to.
            with self._lock:
                self._shops.pop(key, None)
            return None
        row = ShopRow(*values)
        shop = self._shops.get(key)
        if shop is None or shop.row.shop_id != row.shop_id:
            shop = self._admit(key, row)
        if (
            shop.shelf_version != row.shelf_version
            or shop.wanted_version != row.serving_version
            or shop.row.stock_policy != row.stock_policy
            or shop.row.low_stock_threshold != row.low_stock_threshold
            or shop.row.weights != row.weights
        ):
            self._refresh(shop, row)
        place = market if market in shop.markets else None
        if market is None and currency is not None:
            place = shop.currencies.get(currency)
        return shop, shop.markets[place].view

    def everywhere(self, key: str) -> tuple[ShopRow, View] | None:
        """The shelf as if what is sold in some market were sold in all, made anew; None where there is no such shop.

        For lists that are shown in every market, where each drops what it doesn't sell.
        """
        values = self._row_of(key)
        if values is None:
            return None
        row = ShopRow(*values)
        shop = ShopShelves(row)
        self._take_model(shop, row)
        products = [replace(each, markets=None) if each.markets else each for each in self._read(row.shop_id, -1)]
        shelf = MarketShelf(None, row.low_stock_threshold, row.stock_policy == StockPolicy.LAST)
        shelf.update(products, shop.model, shop.model_version, self._wishes(row))
        return row, shelf.view

    def _row_of(self, key: str) -> tuple[Any, ...] | None:
        """The shop's row; once the shop is known, among its own rows alone. One made anew has another number."""
        known = self._shops.get(key)
        values = self._read_row.first(key=key, shop_id=known.row.shop_id) if known is not None else None
        return values or self._find_row.first(key=key)

    def admitted(self) -> list[ShopShelves]:
        """The shops that this process has served lately."""
        with self._lock:
            return list(self._shops.values())

    def warm(self) -> None:
        """Take in the shops that were made last, as many as there is room for."""
        newest = select(SHOP.c.key).where(SHOP.c.uninstalled_at.is_(None)).order_by(SHOP.c.id.desc())
        with self._database.across_shops().read() as connection:
            keys = connection.execute(newest.limit(self._capacity)).scalars().all()
        until = time.monotonic() + WARM_SECONDS
        for key in keys:
            if time.monotonic() > until:
                return
            self.view(key, None, None)

    def _admit(self, key: str, row: ShopRow) -> ShopShelves:
        with self._lock:
            shop = self._shops.get(key)
            if shop is None or shop.row.shop_id != row.shop_id:
                shop = self._shops[key] = ShopShelves(row)
            self._shops.move_to_end(key)
            while len(self._shops) > self._capacity:
                self._shops.popitem(last=False)
            return shop

    def _refresh(self, shop: ShopShelves, row: ShopRow) -> None:
        with shop.lock:
            policy_changed = (shop.row.stock_policy, shop.row.low_stock_threshold) != (
                row.stock_policy,
                row.low_stock_threshold,
            )
            current = shop.shelf_version >= row.shelf_version and shop.wanted_version == row.serving_version
            weights_changed = shop.shelf_version < 0 or shop.row.weights != row.weights
            if current and not policy_changed and not weights_changed:
                return
            model_changed = shop.wanted_version != row.serving_version
            self._take_model(shop, row)
            if weights_changed or (model_changed and shop.wishes.weights.returns):
                shop.wishes = self._wishes(row)
            since = -1 if policy_changed else shop.shelf_version
            if policy_changed:
                shop.markets = {}
            SHELF_READS.add("whole" if since < 0 else "changes")
            changed = self._read(row.shop_id, since)
            self._place(shop, row, changed, whole=since < 0)
            # Last, so that what fails on the way is done again by the next slate.
            shop.row, shop.wanted_version = row, row.serving_version
            shop.shelf_version = max(shop.shelf_version, row.shelf_version)

    def _wishes(self, row: ShopRow) -> Wishes:
        """What the merchant wants; nothing where it can't be read. Refunds move slowly: a model's time will do."""
        if row.weights is None:
            return NO_WISHES
        try:
            weights = BusinessWeights.from_dict(json.loads(row.weights))
        except (BadWeights, ValueError):
            log.exception("shop %s: its weights can't be read; slates are made without them", row.shop_id)
            return NO_WISHES
        if not weights.returns:
            return Wishes(weights, {})
        with self._database.of(row.shop_id).read() as connection:
            return Wishes(weights, refunds_by_product(connection, row.shop_id))

    def _read(self, shop_id: int, since: int) -> list[ShelfProduct]:
        with self._database.of(shop_id).read() as connection:
            return list(changed_since(connection, shop_id, since))

    def _take_model(self, shop: ShopShelves, row: ShopRow) -> None:
        if shop.wanted_version == row.serving_version:
            return
        if row.serving_version is None:
            shop.model, shop.model_version, shop.learnt = None, None, None
            return
        try:
            model, about = load(self._artifacts_dir / str(row.shop_id) / row.serving_version)
        except (BadArtifact, OSError):
            # The ladder's lower rungs need no model; the one before goes on serving if there was one.
            log.exception("shop %s: model %s can't be loaded", row.shop_id, row.serving_version)
            MODEL_LOADS.add("failed")
            return
        if model.next_item is not None:
            # What searches visits is compiled at its first call, which no shopper should wait for.
            model.next_item.candidates([0], None, 1)
        MODEL_LOADS.add("loaded")
        shop.model, shop.model_version, shop.learnt = model, row.serving_version, _learnt(model, about)

    def _place(self, shop: ShopShelves, row: ShopRow, changed: list[ShelfProduct], *, whole: bool) -> None:
        """Bring every market up to date; a market that no product named before gets its own shelf."""
        for shelf in shop.markets.values():
            shelf.update(changed, shop.model, shop.model_version, shop.wishes)
        markets: set[str | None] = {None}
        for product in changed:
            markets.update(product.markets or ())
            for variant in product.variants:
                markets.update(variant.prices)
                for market, price in variant.prices.items():
                    shop.currencies.setdefault(price["currency"], market)
        fresh = markets.difference(shop.markets)
        if not fresh:
            return
        everything = changed if whole else self._read(row.shop_id, -1)
        for name in fresh:
            shelf = MarketShelf(name, row.low_stock_threshold, row.stock_policy == StockPolicy.LAST)
            shelf.update(everything, shop.model, shop.model_version, shop.wishes)
            shop.markets = {**shop.markets, name: shelf}


def _learnt(model: Model, about: Mapping[str, object]) -> Learnt | None:
    until = about.get("visits_until")
    if model.next_item is None or not isinstance(until, int):
        return None
    return Learnt(model, model.next_item, until)
