"""What we offer on Shopify: a table of plans. Each has the same recommendations; nothing is switched off above one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as the merchant knows it. handle: as it was defined with Shopify, "" for none.

    orders_in_30_days: online orders that it is meant for, None for any number; a shop with more is told, once it looks.
    """

    handle: str
    name: str
    orders_in_30_days: int | None = None

    def is_outgrown(self, orders: int) -> bool:
        """Whether a shop with so many orders in 30 days should look at the other plans."""
        return self.orders_in_30_days is not None and orders > self.orders_in_30_days


FREE = Offer("", "Free", orders_in_30_days=500)
OFFERS: Mapping[str, Offer] = MappingProxyType({"": FREE, "free": FREE, "growth": Offer("growth", "Growth")})


def offer_of(handle: str) -> Offer:
    """The plan of a handle. One that isn't in the table was agreed with a single merchant: it has no bounds."""
    return OFFERS.get(handle) or Offer(handle, handle.replace("-", " ").capitalize())
