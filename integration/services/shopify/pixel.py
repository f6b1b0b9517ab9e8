"""The web pixel: our extension is put to work in a shop by telling it where, and for which shop, it reports."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from connectors.shopify.graphql.client import Admin
from connectors.shopify.graphql.errors import UserErrors
from integration.settings import Settings
from integration.storage import published_list_writes as store
from integration.storage.database import Database


class _Pixel(msgspec.Struct, frozen=True):
    id: str
    settings: Any = None


class _Found(msgspec.Struct, frozen=True, rename="camel"):
    web_pixel: _Pixel | None


class _Anything(msgspec.Struct, frozen=True):
    """An answer of which nothing is used."""


def settings_of(settings: Settings, key: str) -> dict[str, str]:
    """What the pixel is told, as `[settings]` of its shopify.extension.toml names it. key: of the shop, with us."""
    return {"accountID": key, "api": settings.public_url.rstrip("/")}


def place(database: Database, settings: Settings, shop_id: int, admin: Admin) -> None:
    """Put the pixel into the shop, or tell the one that is there what it should know. Raises PlatformError."""
    with database.read() as connection:
        key = connection.execute(select(store.SHOP.c.key).where(store.SHOP.c.id == shop_id)).scalar_one()
    wanted = settings_of(settings, key)
    try:
        admin.run("web_pixel_create", {"pixel": {"settings": wanted}}, _Anything)
    except UserErrors as error:
        if "TAKEN" not in error.codes:
            raise
        _update(admin, wanted)
    with database.write() as connection:
        store.note(connection, shop_id, pixel=wanted)


def _update(admin: Admin, wanted: dict[str, str]) -> None:
    found = admin.run("web_pixel", {}, _Found).web_pixel
    if found is None or _read(found.settings) == wanted:
        return
    admin.run("web_pixel_update", {"id": found.id, "pixel": {"settings": wanted}}, _Anything)


def _read(settings: Any) -> Any:
    """Settings as an object: Shopify gives them as JSON inside of a text, or plainly."""
    if not isinstance(settings, str):
        return settings
    try:
        return msgspec.json.decode(settings)
    except msgspec.MsgspecError:
        return None
