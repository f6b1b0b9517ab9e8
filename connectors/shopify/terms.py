"""What has to be known of a shop before its goods can be asked for, as far as the merchant granted it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from connectors.shopify.graphql.client import Admin
from connectors.shopify.graphql.errors import ScopeMissing
from connectors.shopify.markets import MarketNode, alike
from connectors.shopify.paging import PageInfo
from connectors.shopify.positions import Terms
from connectors.shopify.stock import LocationNode

ONLINE_STORE = "online_store"
PAGE = 50
MARKETS_PAGE = 1

N = TypeVar("N")


class _Shop(msgspec.Struct, frozen=True):
    class Currency(msgspec.Struct, frozen=True, rename="camel"):
        currency_code: str

    shop: Currency


class _Handle(msgspec.Struct, frozen=True):
    handle: str | None = None


class _Channel(msgspec.Struct, frozen=True):
    handle: str = ""
    app: _Handle | None = None

    @property
    def is_online_store(self) -> bool:
        """Whether it is the shop's own pages."""
        return ONLINE_STORE in {self.handle.replace("-", "_"), (self.app and self.app.handle) or ""}


class _Channels(msgspec.Struct, frozen=True):
    nodes: tuple[_Channel, ...] = ()


class _Publication(msgspec.Struct, frozen=True):
    id: str
    channels: _Channels | None = None


class _Listed(msgspec.Struct, frozen=True, rename="camel"):
    page_info: PageInfo
    nodes: tuple[msgspec.Raw, ...]


@dataclass
class ShopTerms:
    """What one shop's goods are asked on; each thing is asked for once."""

    admin: Admin

    @cached_property
    def terms(self) -> Terms:
        """Its currency, its markets and whether unit costs are told."""
        currency = self.admin.run("shop", {}, _Shop).shop.currency_code
        return Terms(currency, self._alike(), self._costs())

    @cached_property
    def publication(self) -> str:
        """The global id of the online store's publication; "" where publications can't be read, or there is none."""
        try:
            for each in _all(self.admin, "publications", PAGE, _Publication):
                if each.channels and any(channel.is_online_store for channel in each.channels.nodes):
                    return each.id
        except ScopeMissing:
            pass
        return ""

    @cached_property
    def locations(self) -> tuple[LocationNode, ...]:
        """All its locations, also those that are no longer used."""
        return tuple(_all(self.admin, "locations", PAGE, LocationNode))

    def _alike(self) -> dict[str, tuple[str, ...]] | None:
        try:
            return alike(_all(self.admin, "markets", MARKETS_PAGE, MarketNode))
        except ScopeMissing:
            return None

    def _costs(self) -> bool:
        try:
            self.admin.run("unit_costs", {}, dict[str, Any])
        except ScopeMissing:
            return False
        return True


def _all(admin: Admin, operation: str, page: int, node: type[N]) -> Iterator[N]:
    """All things of a list whose operation has its own name."""
    after: str | None = None
    while True:
        listed = admin.run(operation, {"first": page, "after": after}, dict[str, _Listed])[operation]
        for each in listed.nodes:
            yield msgspec.json.decode(each, type=node)
        if not listed.page_info.has_next_page:
            return
        after = listed.page_info.end_cursor
