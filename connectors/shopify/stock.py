"""Inventory as the Admin API tells it: locations, and the pieces of an inventory item at each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from connectors.records import Change, Current, InventoryLevel, Location, RecordKind, Removed
from connectors.shopify.gids import bare
from connectors.shopify.versions import settled

AVAILABLE = "available"


class Thing(msgspec.Struct, frozen=True):
    """Something of which only the global id is asked."""

    id: str


class LocationNode(msgspec.Struct, frozen=True, rename="camel"):
    """A place that holds stock."""

    id: str
    is_active: bool
    fulfills_online_orders: bool
    updated_at: datetime

    @property
    def sells_online(self) -> bool:
        """Whether the online shop sells what lies there."""
        return self.is_active and self.fulfills_online_orders

    def change(self, asked_at: datetime) -> Current:
        """As a record."""
        return Current(Location(bare(self.id), self.sells_online), settled(self.updated_at, asked_at))


class Quantity(msgspec.Struct, frozen=True, rename="camel"):
    """A number of pieces in a certain state, such as "available"."""

    name: str
    quantity: int
    updated_at: datetime | None = None


class LevelNode(msgspec.Struct, frozen=True, rename="camel", tag_field="__typename", tag="InventoryLevel"):
    """An inventory item at one location; `item` where it is not told by where the level stands."""

    id: str
    is_active: bool
    updated_at: datetime
    location: Thing
    quantities: tuple[Quantity, ...] = ()
    item: Thing | None = None
    parent: str = msgspec.field(default="", name="__parentId")

    def change(self, item: str, sells: Mapping[str, bool], asked_at: datetime) -> Current | Removed:
        """The pieces that can be sold, or that the item is no longer kept there.

        sells: whether each location sells online; one that is not in it doesn't.
        """
        place = bare(self.location.id)
        told = next((each for each in self.quantities if each.name == AVAILABLE), None)
        last = max(self.updated_at, told.updated_at) if told and told.updated_at else self.updated_at
        version = settled(last, asked_at)
        if not self.is_active:
            return Removed(RecordKind.INVENTORY_LEVEL, item, version, place)
        level = InventoryLevel(item, place, told.quantity if told else 0, sells.get(place, False))
        return Current(level, version)


def absent(item: str, told: Sequence[Change], places: Sequence[str], asked_at: datetime) -> list[Removed]:
    """That an item is kept at none of the places of which nothing was told, when all of its levels were asked for."""
    there = {_place(change) for change in told}
    return [Removed(RecordKind.INVENTORY_LEVEL, item, asked_at, place) for place in places if place not in there]


def _place(change: Change) -> str:
    if isinstance(change, Removed):
        return change.location
    record = change.record if isinstance(change, Current) else None
    return record.location if isinstance(record, InventoryLevel) else ""
