"""Bodies of events, Shopify's successor of webhooks: GraphQL-shaped, about one thing that the headers name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from connectors.records import Change, RecordKind, Refetch, Removed
from connectors.shopify.deliveries.body import Body

KINDS: Mapping[str, RecordKind] = MappingProxyType(
    {
        "Collection": RecordKind.COLLECTION,
        "InventoryItem": RecordKind.INVENTORY_ITEM,
        "Location": RecordKind.LOCATION,
        "Order": RecordKind.ORDER,
        "Product": RecordKind.PRODUCT,
        "ProductVariant": RecordKind.VARIANT,
    }
)
_LEVEL = re.compile(r"gid://shopify/InventoryLevel/\d{1,20}\?inventory_item_id=(\d{1,20})", re.ASCII)
_THING = re.compile(r"gid://shopify/([A-Za-z]{1,40})/([1-9]\d{0,19})", re.ASCII)


class EventBody(Body, frozen=True, kw_only=True):
    """Something was created, updated or deleted. resource: its GraphQL id, from the headers.

    What the subscription's own query told besides is left out: the platform is asked as after any other delivery, so
    that one way of reading is enough.
    """

    action: str = ""
    resource: str = ""
    fields_changed: list[str] | None = None

    @property
    def aggregate(self) -> str:
        """The thing."""
        kind, external_id = self._thing()
        return f"{kind or 'thing'}/{external_id}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """What is gone is gone; of all else the platform is asked. Things of other kinds don't matter to us."""
        kind, external_id = self._thing()
        if kind is None:
            return ()
        if self.action.lower() == "delete":
            return (Removed(kind, external_id, at),)
        return (Refetch(kind, external_id),)

    def _thing(self) -> tuple[RecordKind | None, str]:
        if level := _LEVEL.fullmatch(self.resource):
            return RecordKind.INVENTORY_ITEM, level[1]
        thing = _THING.fullmatch(self.resource)
        if thing is None:
            raise ValueError("the event names no thing")
        return KINDS.get(thing[1]), thing[2]
