"""Reads a connected WooCommerce shop: all of it, what changed since a time, or single things."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TypeVar

import msgspec

from connectors.base import Access, Page
from connectors.records import Change, RecordKind, Refetch
from connectors.woocommerce import customers, lists, orders, products, refunded
from connectors.woocommerce.body import Body, moment
from connectors.woocommerce.client import Shop
from connectors.woocommerce.customers import CustomerBody
from connectors.woocommerce.failures import Failure, ShopError
from connectors.woocommerce.fetching import MISSING, Fetching, told
from connectors.woocommerce.orders import OrderBody
from connectors.woocommerce.paging import List, Place, Rows
from connectors.woocommerce.products import ProductBody
from connectors.woocommerce.refunded import Owed

PRODUCTS, VARIATIONS, ORDERS, CUSTOMERS = "products", "variations", "orders", "customers"
# Products first: they name the variations, of which each is told by itself. Who bought comes last, what matters less.
KINDS = (PRODUCTS, VARIATIONS, ORDERS, CUSTOMERS)
PARENTS: Mapping[str, str] = {"type": "variable", "status": "any", "_fields": "id"}
NEWEST: Mapping[str, str] = {**lists.CUSTOMER, "orderby": "registered_date", "order": "desc", "per_page": "100"}
MOST_NEWEST_PAGES = 20
TRASH = "trash"

B = TypeVar("B", ProductBody, OrderBody, CustomerBody)


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a reading is. parents: it goes product by product. owed: orders whose refunds are still to be asked."""

    place: Place = Place()
    parents: bool = False
    owed: tuple[Owed, ...] = ()

    @staticmethod
    def parse(position: str) -> Position:
        """What `text` made; the beginning where it is "" or can't be read."""
        try:
            return msgspec.json.decode(position, type=Position) if position else Position()
        except msgspec.MsgspecError:
            return Position()

    @property
    def text(self) -> str:
        """To be stored."""
        return msgspec.json.encode(self).decode()


class ShopReader:
    """A `connectors.base.Reader` of one shop."""

    def __init__(self, access: Access) -> None:
        self._shop = Shop(access)
        self._fetching = Fetching(self._shop)

    @property
    def kinds(self) -> Sequence[str]:
        """What there is to read, in order."""
        return KINDS

    @property
    def requests(self) -> int:
        """How many calls were made."""
        return self._shop.requests

    def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
        """All of a kind, or what changed since a time, page by page. Raises PlatformError, AccessLost."""
        readings: Mapping[str, Callable[[Position, datetime | None], Iterator[Page]]] = MappingProxyType(
            {
                PRODUCTS: self._products,
                VARIATIONS: self._variations,
                ORDERS: self._orders,
                CUSTOMERS: self._customers,
            }
        )
        return readings[kind](Position.parse(position), since)

    def fetch(self, wanted: Sequence[Refetch]) -> Sequence[Change]:
        """Single things as they now are; one that is gone is told as Removed."""
        ids: dict[RecordKind, dict[str, None]] = {}
        for each in wanted:
            ids.setdefault(each.kind, {})[each.external_id] = None
        forms = (RecordKind.VARIANT, RecordKind.INVENTORY_ITEM, RecordKind.INVENTORY_LEVEL)
        kinds = {own: kind for kind in reversed(forms) for own in ids.get(kind, ())}
        changes: list[Change] = []
        if RecordKind.PRODUCT in ids:
            changes += self._fetching.products(list(ids[RecordKind.PRODUCT]))
        if kinds:
            changes += self._fetching.variants(list(kinds), kinds)
        if RecordKind.ORDER in ids:
            changes += self._fetching.orders(list(ids[RecordKind.ORDER]))
        if RecordKind.CUSTOMER in ids:
            changes += self._fetching.customers(list(ids[RecordKind.CUSTOMER]))
        return changes

    def _products(self, start: Position, since: datetime | None) -> Iterator[Page]:
        if since is not None and start == Position():
            yield from self._trashed(lists.PRODUCTS, lists.PRODUCT, since, ProductBody, _product)
        listed = List(self._shop, lists.PRODUCTS, {**lists.PRODUCT, **lists.changed(since)}, ProductBody)
        for rows in listed.pages(start.place):
            yield _page(rows, _changes(rows, _product, RecordKind.PRODUCT), Position(rows.place))

    def _variations(self, start: Position, since: datetime | None) -> Iterator[Page]:
        for path in self._fetching.variations_lists():
            try:
                yield from self._all_variations(path, Position() if start.parents else start, since)
            except ShopError as error:
                if error.failure not in MISSING:
                    raise
                self._fetching.lacks(path)
            else:
                return
        yield from self._by_parents(start if start.parents else Position(), since)

    def _all_variations(self, path: str, start: Position, since: datetime | None) -> Iterator[Page]:
        listed = List(self._shop, path, {**lists.VARIATION, **lists.changed(since)}, ProductBody)
        for rows in listed.pages(start.place):
            yield _page(rows, _changes(rows, _variation, RecordKind.VARIANT), Position(rows.place))

    def _by_parents(self, start: Position, since: datetime | None) -> Iterator[Page]:
        """Product by product; of changes, those of products that changed themselves: the rest is read in time."""
        listed = List(self._shop, lists.PRODUCTS, {**PARENTS, **lists.changed(since)}, ProductBody)
        for rows in listed.pages(start.place):
            done = rows.place.read - len(rows.rows)
            for place, parent in enumerate(rows.rows, 1):
                forms = self._fetching.of_product(str(parent.id))
                changes = [each for body in forms for each in told(partial(_product, asked=rows.asked), body)]
                own = Place(int(str(parent.id)), rows.place.at, done + place)
                last = rows.place if place == len(rows.rows) else own
                yield Page(changes, Position(last, parents=True).text, done + place, rows.expected)

    def _orders(self, start: Position, since: datetime | None) -> Iterator[Page]:
        if since is not None and start == Position():
            yield from self._trashed(lists.ORDERS, lists.ORDER, since, OrderBody, _order)
        listed = List(self._shop, lists.ORDERS, {**lists.ORDER, **lists.changed(since)}, OrderBody)
        pending, place, expected = list(start.owed), start.place, None
        for rows in listed.pages(start.place):
            changes = _changes(rows, _order, RecordKind.ORDER)
            pending += [each for body in rows.rows if (each := refunded.owed(body, rows.asked))]
            if refunded.is_page(pending):
                changes += refunded.asked_for(self._shop, pending)
                pending = []
            place, expected = rows.place, rows.expected
            yield _page(rows, changes, Position(place, owed=tuple(pending)))
        if pending:
            yield Page(refunded.asked_for(self._shop, pending), Position(place).text, place.read, expected)

    def _customers(self, start: Position, since: datetime | None) -> Iterator[Page]:
        if since is not None:
            yield from self._new_customers(since)
            return
        listed = List(self._shop, lists.CUSTOMERS, lists.CUSTOMER, CustomerBody)
        for rows in listed.pages(start.place):
            yield _page(rows, _changes(rows, _customer, RecordKind.CUSTOMER), Position(rows.place))

    def _new_customers(self, since: datetime) -> Iterator[Page]:
        """WooCommerce can't be asked for customers who changed; those who are new come first."""
        read = 0
        for number in range(1, MOST_NEWEST_PAGES + 1):
            reply = self._shop.get(lists.CUSTOMERS, {**NEWEST, "page": str(number)})
            bodies = reply.rows(CustomerBody)
            new = [each for each in bodies if (made := moment(each.date_created_gmt)) and made >= since]
            read += len(new)
            yield Page(
                [change for each in new for change in told(partial(_customer, asked=reply.asked), each)], "", read
            )
            if len(new) < len(bodies) or not bodies:
                return

    def _trashed(
        self,
        path: str,
        parameters: Mapping[str, str],
        since: datetime,
        shape: type[B],
        tell: Callable[[B, datetime], Sequence[Change]],
    ) -> Iterator[Page]:
        """What was put into the trash since a time: lists of everything leave it out."""
        listed = List(self._shop, path, {**parameters, **lists.changed(since), "status": TRASH}, shape)
        try:
            for rows in listed.pages(Place()):
                here = [each for each in rows.rows if getattr(each, "status", None) == TRASH]
                yield Page([change for each in here for change in told(partial(_at, tell, rows.asked), each)], "", 0)
        except ShopError as error:
            if error.failure is not Failure.BAD_REQUEST:
                raise


def _at(tell: Callable[[B, datetime], Sequence[Change]], asked: datetime, body: B) -> Sequence[Change]:
    return tell(body, asked)


def _product(body: ProductBody, asked: datetime) -> Sequence[Change]:
    return products.read(body, None, asked)


def _variation(body: ProductBody, asked: datetime) -> Sequence[Change]:
    return _product(msgspec.structs.replace(body, type="variation"), asked)


def _order(body: OrderBody, asked: datetime) -> Sequence[Change]:
    return [each for each in orders.read(body, None, asked) if not isinstance(each, Refetch)]


def _customer(body: CustomerBody, asked: datetime) -> Sequence[Change]:
    return [customers.read(body, asked)]


def _changes(rows: Rows[B], tell: Callable[[B, datetime], Sequence[Change]], kind: RecordKind) -> list[Change]:
    """What a page tells. A row that can't be read is asked for by itself: the others must not wait for it."""
    changes: list[Change] = [Refetch(kind, each) for each in rows.lost]
    for body in rows.rows:
        try:
            changes += tell(body, rows.asked)
        except (ValueError, OverflowError):
            changes += [Refetch(kind, own) for own in _id_of(body)]
    return changes


def _id_of(body: Body) -> list[str]:
    own = str(getattr(body, "id", ""))
    return [own] if own.isascii() and own.isdigit() else []


def _page(rows: Rows[B], changes: Sequence[Change], position: Position) -> Page:
    return Page(changes, position.text, rows.place.read, rows.expected)
