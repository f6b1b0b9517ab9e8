"""The plugin's own message: stock as it became just now. Webhooks come a minute later, if they come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from connectors.records import Change, Current, InventoryLevel, RecordKind, Refetch, SoldOut
from connectors.woocommerce.body import Body, Scalar, is_yes, moment, number, number_or_none, pieces, text, version_of
from connectors.woocommerce.products import LOCATION

MOST_ITEMS = 500


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product's or a variation's stock. manages: whether it is counted; "parent": its product's count is its own."""

    id: Scalar
    parent_id: Scalar = None
    type: Scalar = None
    manages: Scalar = None
    quantity: Scalar = None
    status: Scalar = None

    @property
    def product(self) -> str:
        """The product that it is, or belongs to."""
        return number_or_none(self.parent_id) or number(self.id)

    def changes(self, version: datetime) -> list[Change]:
        """The count, and that nothing is left. That something is left has to be asked for where nobody counts it."""
        own, status, count = number(self.id), text(self.status), pieces(self.quantity)
        is_variable = text(self.type).startswith("variable")
        told: list[Change] = []
        if is_yes(self.manages) and count is not None:
            left = min(count, 0) if status == "outofstock" else count
            told.append(Current(InventoryLevel(own, LOCATION, left), version))
        elif status != "outofstock" and not is_variable and self.manages != "parent":
            told.append(Refetch(RecordKind.PRODUCT, self.product))
        if status == "outofstock" and not is_variable:
            told.append(SoldOut(own, version, self.product, even_untracked=True))
        return told


class StockBody(Body, frozen=True, kw_only=True):
    """`shelfwise.stock`. sent_at: by the shop's clock."""

    sent_at: str
    items: Annotated[list[Item], msgspec.Meta(max_length=MOST_ITEMS)]

    def changes(self, at: datetime) -> Sequence[Change]:
        """The stock of all items."""
        sent = moment(self.sent_at)
        if sent is None:
            raise ValueError("sent_at is not a time")
        version = version_of(sent, at)
        return [change for each in self.items for change in each.changes(version)]
