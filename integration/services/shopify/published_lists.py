"""Lists of products in the shop itself: made as slates are, put where the theme's Liquid reads them.

A product's page then shows what goes with it without asking us, with the stock and prices of that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from connectors.base import Access
from connectors.errors import PlatformError
from connectors.records import RecordKind
from connectors.shopify import metafields
from connectors.shopify.api import PLATFORM
from connectors.shopify.graphql.client import Admin
from connectors.shopify.metafields import ProductList
from integration.clock import Clock
from integration.services.market_shelf import View
from integration.services.shelves import Shelves
from integration.services.shopify import pixel, shop_list
from integration.services.shopify.list_making import PLACEMENT_OF, MadeList, lists_for
from integration.settings import Settings
from integration.storage import published_list_writes as store
from integration.storage.database import Database
from integration.storage.point_reads import PointReads
from integration.storage.readings import Refetch
from integration.storage.upsert import table_of, upsert

REFETCH = table_of(Refetch)

# A catalogue changes all day; each change would write anew what it moves.
AFTER_A_CHANGE = timedelta(hours=1)
AFTER_NOTHING = timedelta(minutes=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
# As `[app_proxy]` of shopify.app.toml has it.
PROXY = "apps/shelfwise"
NO_LIST = store.Stands("", "")


@dataclass(slots=True)
class Published:
    """What became of a round. written, removed: products' lists; refused: those that the platform did not take."""

    written: int = 0
    removed: int = 0
    refused: int = 0


def progress(connection: Connection, shop_id: int) -> tuple[int, int]:
    """How many of a shop's lists are in it, and how many there are to be."""
    return store.progress(connection, shop_id, tuple(PLACEMENT_OF))


def switch(database: Database, shop_id: int, *, on: bool) -> None:
    """Have the lists put into the shop, or taken out of it, by the next round."""
    with database.write() as connection:
        store.note(connection, shop_id, wanted=on, finished_at=None, next_attempt_at=None, attempts=0)


def due(database: Database, settings: Settings, now: datetime) -> list[int]:
    """The shops where something of ours is not as it should be."""
    with database.read() as connection:
        rows = store.callable_shops(connection, PLATFORM)
    return [row.of_shop for row in rows if _is_due(row, settings, now)]


def _is_due(row: Row[Any], settings: Settings, now: datetime) -> bool:
    if row.next_attempt_at is not None and row.next_attempt_at > now:
        return False
    if row.wanted is not None and not row.wanted:
        return row.finished_at is None
    if row.shelf == 0 or (row.reading and row.finished_at is None):
        return False
    if row.finished_at is None or row.serving_version != row.model_version:
        return True
    if row.granted_at > row.finished_at:
        # The app may have been taken out meanwhile, and with it all that it had put there.
        return True
    patience = AFTER_A_CHANGE if row.lists else AFTER_NOTHING
    changed = row.shelf != row.shelf_version and now - row.finished_at >= patience
    return changed or _is_told_otherwise(row, settings)


def _is_told_otherwise(row: Row[Any], settings: Settings) -> bool:
    """Whether our blocks, or the pixel that was put into the shop, were told something else than they should know."""
    told = row.pixel is None or row.pixel == pixel.settings_of(settings, row.key)
    return not told or row.marks != marks_of(ready=row.lists > 0 or bool(row.trending))


def marks_of(*, ready: bool) -> dict[str, str | bool]:
    """What our blocks are told of the shop: whether there is something to show, and where the app proxy is."""
    return {"ready": ready, "proxy": PROXY}


def publish(
    database: Database,
    settings: Settings,
    access: Access,
    shop_id: int,
    *,
    clock: Clock,
    beat: Callable[[], None] = lambda: None,
) -> Published:
    """Bring what of ours stands in the shop up to date. Safe to run again: only what differs is written.

    beat: is called after each call. Raises PlatformError, AccessLost; the round is then due again after a while.
    """
    here = _Round(database, settings, Admin(access), shop_id, clock, beat)
    try:
        here.run()
    except PlatformError as error:
        _put_off(database, shop_id, str(error), clock())
        raise
    return here.done


def _put_off(database: Database, shop_id: int, error: str, now: datetime) -> None:
    with database.write() as connection:
        known = store.find(connection, shop_id)
        attempts = 1 if known is None else known.attempts + 1
        pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
        store.note(connection, shop_id, attempts=attempts, next_attempt_at=now + pause, error=error[:1000])


@dataclass(slots=True)
class _Round:
    """One round in one shop."""

    database: Database
    settings: Settings
    admin: Admin
    shop_id: int
    clock: Clock
    beat: Callable[[], None]
    done: Published = field(default_factory=Published)

    def run(self) -> None:
        """Write the lists that differ, or take all away; the blocks are told of what is there."""
        owner = metafields.installation(self.admin)
        known = self._known(owner)
        if known.wanted:
            self._put(owner, known)
        else:
            self._take_away(owner, known)

    def _known(self, owner: str) -> Row[Any]:
        with self.database.write() as connection:
            known = store.find(connection, self.shop_id)
            if known is None or known.installation != owner:
                # Another stay of the app's in the shop: what stood there went with the one before.
                store.drop_all(connection, self.shop_id)
                blank = {"marks": None, "trending": None, "finished_at": None, "lists": 0}
                store.note(connection, self.shop_id, installation=owner, **blank)
                known = store.find(connection, self.shop_id)
        if known is None:
            raise AssertionError("it was just written")
        return known

    def _put(self, owner: str, known: Row[Any]) -> None:
        if known.finished_at is None:
            metafields.define_lists(self.admin)
        with self.database.read() as connection:
            key = connection.execute(select(store.SHOP.c.key).where(store.SHOP.c.id == self.shop_id)).scalar_one()
        if known.pixel is not None and known.pixel != pixel.settings_of(self.settings, key):
            pixel.place(self.database, self.settings, self.shop_id, self.admin)
        shelves = Shelves(self.database, PointReads(self.database), self.settings.artifacts_dir)
        found = shelves.everywhere(key)
        if found is None:
            return
        row, view = found
        if view.model_version != row.serving_version:
            # Made without it, the lists would be others, and nobody would make them again.
            raise PlatformError(PLATFORM, f"model {row.serving_version} can't be read here", retryable=True)
        # First what every home page shows: the lists of a large catalogue take minutes.
        trending = self._put_trending(known, view)
        if trending:
            self._tell(owner, known, ready=True)
        self._write(lists_for(view))
        with self.database.read() as connection:
            there = store.count(connection, self.shop_id)
        if not trending:
            self._tell(owner, known, ready=there > 0)
        self._finish(model_version=row.serving_version, shelf_version=row.shelf_version, lists=there)

    def _put_trending(self, known: Row[Any], view: View) -> bool:
        """Put what sells into the shop. Returns whether there is something."""
        wanted = shop_list.make(self.database, self.shop_id, view, self.clock())
        if not shop_list.put(self.database, self.admin, known, wanted):
            self.done.refused += 1
            self._ask_again(wanted.products)
            return bool(known.trending)
        self.beat()
        return bool(wanted.products)

    def _write(self, made: Iterable[MadeList]) -> None:
        """Write what differs from what stands in the shop, in calls of as many as one takes."""
        with self.database.read() as connection:
            standing = store.lists_of(connection, self.shop_id)
        changed: list[MadeList] = []
        emptied: list[MadeList] = []
        for each in made:
            before = standing.get((each.product_id, each.key))
            if before is not None and before.products == ",".join(each.products):
                continue
            waiting = changed if each.products else emptied
            waiting.append(each)
            if len(waiting) == metafields.A_CALL:
                self._call(waiting, standing)
                waiting.clear()
        self._call(changed, standing)
        self._call(emptied, standing)

    def _call(self, lists: Sequence[MadeList], standing: dict[tuple[int, str], store.Stands]) -> None:
        """One call for lists that have products, or for lists that have none (any more)."""
        if not lists:
            return
        digests = dict.fromkeys(((each.product, each.key) for each in lists), "")
        if lists[0].products:
            wanted = [_wanted(each, standing.get((each.product_id, each.key), NO_LIST)) for each in lists]
            outcome = metafields.set_lists(self.admin, wanted)
            digests = outcome.digests
            self.done.refused += len(lists) - len(digests)
            self._ask_again(outcome.doubtful)
            self.done.written += len(digests)
        elif gone := [each for each in lists if standing.get((each.product_id, each.key), NO_LIST).digest]:
            metafields.delete_lists(self.admin, [(each.product, each.key) for each in gone])
            self.done.removed += len(gone)
        rows = [
            {"product_id": each.product_id, "list_key": each.key, "products": list(each.products), "digest": digest}
            for each in lists
            if (digest := digests.get((each.product, each.key))) is not None
        ]
        with self.database.write() as connection:
            store.keep(connection, self.shop_id, rows, self.clock())
        self.beat()

    def _ask_again(self, products: Iterable[str]) -> None:
        """Have the platform asked how products are that it would not take into a list."""
        rows = [
            {
                "shop_id": self.shop_id,
                "kind": RecordKind.PRODUCT,
                "external_id": each,
                "asked_at": self.clock(),
                "attempts": 0,
            }
            for each in sorted(products)
        ]
        if rows:
            with self.database.write() as connection:
                upsert(connection, REFETCH, rows, key=("shop_id", "kind", "external_id"), update=(), newer=None)

    def _take_away(self, owner: str, known: Row[Any]) -> None:
        # First of all, so that no block shows a part of the lists.
        metafields.set_marks(self.admin, owner, marks_of(ready=False))
        shop_list.take_away(self.database, self.admin, known)
        while True:
            with self.database.read() as connection:
                lists = store.in_shop(connection, self.shop_id, metafields.A_CALL)
            if not lists:
                break
            metafields.delete_lists(self.admin, [(product, key) for _, product, key in lists])
            with self.database.write() as connection:
                store.drop(connection, self.shop_id, [(product_id, key) for product_id, _, key in lists])
            self.done.removed += len(lists)
            self.beat()
        self._finish(marks=marks_of(ready=False), model_version=None, shelf_version=-1, lists=0)

    def _tell(self, owner: str, known: Row[Any], *, ready: bool) -> None:
        marks = marks_of(ready=ready)
        if known.marks != marks:
            metafields.set_marks(self.admin, owner, marks)
            with self.database.write() as connection:
                store.note(connection, self.shop_id, marks=marks)

    def _finish(self, **values: Any) -> None:
        with self.database.write() as connection:
            store.note(
                connection,
                self.shop_id,
                finished_at=self.clock(),
                attempts=0,
                next_attempt_at=None,
                error="",
                **values,
            )


def _wanted(made: MadeList, standing: store.Stands) -> ProductList:
    return ProductList(made.product, made.key, made.products, standing.digest)
