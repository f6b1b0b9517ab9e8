"""What changed in a shop since a time: the ids from a list, and then each thing as it now is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.base import Page
from connectors.records import Change
from connectors.shopify import positions
from connectors.shopify.fetching import Fetching, asked_now
from connectors.shopify.gids import bare
from connectors.shopify.graphql.client import Admin
from connectors.shopify.paging import PageInfo
from connectors.shopify.positions import InPages
from connectors.shopify.products import Count
from connectors.shopify.stock import LevelNode, Thing
from connectors.shopify.terms import ShopTerms

# Of more than so many changed things, a bulk operation is quicker.
MANY = 1000
IDS_A_PAGE, LEVELS_A_PAGE = 50, 100


class _Ids(msgspec.Struct, frozen=True, rename="camel"):
    page_info: PageInfo
    nodes: tuple[Thing, ...]


class _Levels(msgspec.Struct, frozen=True, rename="camel"):
    page_info: PageInfo
    nodes: tuple[LevelNode, ...]


class _Location(msgspec.Struct, frozen=True, rename="camel"):
    inventory_levels: _Levels


class _Found(msgspec.Struct, frozen=True):
    location: _Location | None = None


class _Counted(msgspec.Struct, frozen=True):
    changed: Count | None = None


def filter_of(since: datetime | None) -> str:
    """A search for what was updated at a time or later; "" for everything."""
    return f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" if since else ""


@dataclass(frozen=True, slots=True)
class Changed:
    """Lists what changed since a time, in an order that does not change while it is read."""

    admin: Admin
    fetching: Fetching
    terms: ShopTerms
    since: datetime

    def count(self, kind: str) -> int:
        """How many "products" or "orders" changed; counting ends where a bulk operation becomes quicker."""
        variables = {"since": filter_of(self.since), "limit": MANY + 1}
        counted = self.admin.run(f"changed_{kind}_count", variables, _Counted)
        return counted.changed.count if counted.changed else 0

    def products(self, position: InPages) -> Iterator[Page]:
        """The products that changed, page by page."""
        return self._things("products", position, self.fetching.products)

    def orders(self, position: InPages) -> Iterator[Page]:
        """The orders that changed, with their refunds, page by page."""
        return self._things("orders", position, self.fetching.orders)

    def levels(self, position: InPages) -> Iterator[Page]:
        """The locations, and the inventory levels that changed at each of them, page by page."""
        asked_at = asked_now()
        locations = sorted(self.terms.locations, key=lambda each: int(bare(each.id)))
        sells = {bare(each.id): each.sells_online for each in locations}
        if not position.place:
            yield Page([each.change(asked_at) for each in locations], positions.text(position), position.read)
        for location in locations:
            place = bare(location.id)
            if position.place and int(place) < int(position.place):
                continue
            cursor = position.cursor if place == position.place else None
            for page in self._pages(location.id, cursor):
                asked_at = asked_now()
                changes: list[Change] = [
                    each.change(bare(each.item.id), sells, asked_at) for each in page.nodes if each.item is not None
                ]
                position = InPages(page.page_info.end_cursor, position.read + len(changes), place=place)
                yield Page(changes, positions.text(position), position.read)

    def _pages(self, location: str, cursor: str | None) -> Iterator[_Levels]:
        while True:
            variables = {
                "location": location,
                "since": filter_of(self.since),
                "first": LEVELS_A_PAGE,
                "after": cursor,
            }
            found = self.admin.run("changed_levels", variables, _Found).location
            if found is None:
                return
            yield found.inventory_levels
            if not found.inventory_levels.page_info.has_next_page:
                return
            cursor = found.inventory_levels.page_info.end_cursor

    def _things(
        self, kind: str, position: InPages, fetch: Callable[[Sequence[str]], Sequence[Change]]
    ) -> Iterator[Page]:
        while True:
            variables: dict[str, Any] = {
                "since": filter_of(self.since),
                "first": IDS_A_PAGE,
                "after": position.cursor,
            }
            listed = self.admin.run(f"changed_{kind}", variables, dict[str, _Ids])[kind]
            ids = [bare(each.id) for each in listed.nodes]
            position = InPages(listed.page_info.end_cursor, position.read + len(ids), position.expected)
            yield Page(fetch(ids), positions.text(position), position.read, position.expected)
            if not listed.page_info.has_next_page:
                return
