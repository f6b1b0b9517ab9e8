"""Bodies about the shop itself, and about the app in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.records import Change, PagesChanged, ReadingReady, ScopesChanged, ShopLeft, ShopTold
from connectors.shopify.deliveries.body import Body, Moment, currency_code, text, version_of


class ShopBody(Body, frozen=True, kw_only=True):
    """`shop/update`: what the shop is called, and counts in. Who owns it, and where they live, is left out."""

    name: str | None = None
    currency: str | None = None
    myshopify_domain: str | None = None
    updated_at: Moment | None = None

    @property
    def shop(self) -> str:
        """The shop."""
        return text(self.myshopify_domain, 255)

    def changes(self, at: datetime) -> Sequence[Change]:
        """The shop's name and currency."""
        version = version_of(self.updated_at, at)
        return (ShopTold(text(self.name, 200).strip(), currency_code(self.currency), version),)


class Uninstalled(Body, frozen=True, kw_only=True):
    """`app/uninstalled`. The body need not name the shop."""

    myshopify_domain: str | None = None

    @property
    def shop(self) -> str:
        """The shop."""
        return text(self.myshopify_domain, 255)

    def changes(self, at: datetime) -> Sequence[Change]:
        """The shop has left."""
        return (ShopLeft(at),)


class ScopesBody(Body, frozen=True, kw_only=True):
    """`app/scopes_update`: what the merchant allows from now on."""

    current: list[str]
    updated_at: Moment | None = None

    def changes(self, at: datetime) -> Sequence[Change]:
        """The scopes."""
        version = version_of(self.updated_at, at)
        return (ScopesChanged(tuple(text(each, 100) for each in self.current), version),)


class BulkFinished(Body, frozen=True, kw_only=True):
    """`bulk_operations/finish`: how it ended is asked for, so nothing of the body is needed."""

    def changes(self, at: datetime) -> Sequence[Change]:
        """A reading need not wait any longer."""
        return (ReadingReady(at),)


class ThemePublished(Body, frozen=True, kw_only=True):
    """`themes/publish`: shoppers see another theme; what stands on it is asked for."""

    def changes(self, at: datetime) -> Sequence[Change]:
        """Our blocks may be gone."""
        return (PagesChanged(at),)
