"""What a shop says of itself, and of the app in it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from connectors.shopify.graphql.client import Admin


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """shop_id, app_id, installation_id: Shopify's global ids. url: of the storefront. scopes: which were granted."""

    shop_id: str
    app_id: str
    installation_id: str
    name: str
    url: str
    currency: str
    timezone: str
    scopes: tuple[str, ...]


class _Domain(msgspec.Struct):
    url: str


class _Shop(msgspec.Struct, rename="camel"):
    id: str
    name: str
    primary_domain: _Domain
    currency_code: str
    iana_timezone: str


class _ShopAnswer(msgspec.Struct):
    shop: _Shop


class _Scope(msgspec.Struct):
    handle: str


class _App(msgspec.Struct):
    id: str


class _Installation(msgspec.Struct, rename="camel"):
    id: str
    app: _App
    access_scopes: list[_Scope]


class _InstallationAnswer(msgspec.Struct, rename="camel"):
    current_app_installation: _Installation


def read_facts(admin: Admin) -> ShopFacts:
    """The facts as they now are. Raises PlatformError, AccessLost."""
    shop = admin.run("shop", {}, _ShopAnswer).shop
    installed = admin.run("installation", {}, _InstallationAnswer).current_app_installation
    return ShopFacts(
        shop_id=shop.id,
        app_id=installed.app.id,
        installation_id=installed.id,
        name=shop.name,
        url=shop.primary_domain.url,
        currency=shop.currency_code,
        timezone=shop.iana_timezone,
        scopes=tuple(sorted(each.handle for each in installed.access_scopes)),
    )
