"""Bodies of the topics on inventory: how many pieces are left of an item at a location, and what sold out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.records import Change, Current, InventoryLevel, RecordKind, Refetch, Removed, SoldOut
from connectors.shopify.deliveries.body import Body, Id, Moment, Pieces, number, number_or_none, version_of


class LevelBody(Body, frozen=True, kw_only=True):
    """`inventory_levels/update`, `inventory_levels/connect`: an item's pieces at one location as they now are.

    It doesn't say whether the online shop sells from there: the location knows.
    """

    inventory_item_id: Id
    location_id: Id
    available: Pieces | None = None
    updated_at: Moment | None = None

    @property
    def aggregate(self) -> str:
        """The inventory item."""
        return f"inventory/{number(self.inventory_item_id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The level; one without a count has nothing to sell."""
        level = InventoryLevel(
            number(self.inventory_item_id), number(self.location_id), self.available or 0, sells_online=False
        )
        version = version_of(self.updated_at, at)
        return (Current(level, version, frozenset({"sells_online"})),)


class LevelGone(Body, frozen=True, kw_only=True):
    """`inventory_levels/disconnect`: the item is no longer kept at this location."""

    inventory_item_id: Id
    location_id: Id

    @property
    def aggregate(self) -> str:
        """The inventory item."""
        return f"inventory/{number(self.inventory_item_id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The level is gone."""
        item, location = number(self.inventory_item_id), number(self.location_id)
        return (Removed(RecordKind.INVENTORY_LEVEL, item, at, location),)


class OutOfStock(Body, frozen=True, kw_only=True):
    """`variants/out_of_stock`: nothing is left of a variant at any location."""

    id: Id
    product_id: Id | None = None

    @property
    def aggregate(self) -> str:
        """The variant."""
        return f"variant/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """It is sold out as of the event: the body's own time is that of the variant's last edit."""
        return (SoldOut(number(self.id), at, number_or_none(self.product_id)),)


class InStock(Body, frozen=True, kw_only=True):
    """`variants/in_stock`: something is left again; where and how much, the platform has to be asked."""

    id: Id

    @property
    def aggregate(self) -> str:
        """The variant."""
        return f"variant/{number(self.id)}"

    def changes(self, _at: datetime) -> Sequence[Change]:
        """To be asked again."""
        return (Refetch(RecordKind.VARIANT, number(self.id)),)


class ItemBody(Body, frozen=True, kw_only=True):
    """`inventory_items/update`: it may be tracked now, or no longer, or cost the shop something else."""

    id: Id

    @property
    def aggregate(self) -> str:
        """The inventory item."""
        return f"inventory/{number(self.id)}"

    def changes(self, _at: datetime) -> Sequence[Change]:
        """To be asked again: the cost comes without its currency."""
        return (Refetch(RecordKind.INVENTORY_ITEM, number(self.id)),)


class ItemGone(Body, frozen=True, kw_only=True):
    """`inventory_items/delete`."""

    id: Id

    @property
    def aggregate(self) -> str:
        """The inventory item."""
        return f"inventory/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The item is gone, with its pieces everywhere."""
        return (Removed(RecordKind.INVENTORY_ITEM, number(self.id), at),)


class LocationBody(Body, frozen=True, kw_only=True):
    """`locations/*`: it doesn't say whether the online shop sells from there, so the platform is asked."""

    id: Id

    @property
    def aggregate(self) -> str:
        """The location."""
        return f"location/{number(self.id)}"

    def changes(self, _at: datetime) -> Sequence[Change]:
        """To be asked again."""
        return (Refetch(RecordKind.LOCATION, number(self.id)),)


class LocationGone(Body, frozen=True, kw_only=True):
    """`locations/delete`."""

    id: Id

    @property
    def aggregate(self) -> str:
        """The location."""
        return f"location/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The location is gone, with the stock that was kept there."""
        return (Removed(RecordKind.LOCATION, number(self.id), at),)
