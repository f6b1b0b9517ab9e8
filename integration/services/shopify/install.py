"""A merchant opens the app: the first time it makes the shop; after an uninstall it brings the shop back.

With Shopify's managed installation nobody calls us when the app is installed: its first opening is how we learn of it,
and the ID token that comes with it is what we get our first tokens for.
https://shopify.dev/docs/apps/build/authentication-authorization/app-installation
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update
from sqlalchemy.exc import IntegrityError

from connectors.shopify.api import PLATFORM, App
from connectors.shopify.id_tokens import IdToken
from connectors.shopify.scopes import missing
from integration.services import access, readings
from integration.services.secrets import Vault
from integration.services.shops import free_key
from integration.storage.access_writes import CONNECTION, SHOP, TOKEN
from integration.storage.database import Database

# A token without all scopes is exchanged for another no more often than this: the merchant may just not agree.
ASK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """The shop that was opened. granted: it has new tokens, so that it is new, is back, or has its access again."""

    shop_id: int
    key: str
    domain: str
    granted: bool


def open_app(database: Database, vault: Vault, app: App, id_token: IdToken, *, now: datetime) -> Opened:
    """The shop of a checked ID token, installed where it has to be, with tokens that work as far as we know.

    Raises BadIdToken where Shopify does not take the ID token, or PlatformError where it does not answer.
    """
    with database.across_shops().read() as connection:
        found = _find(connection, id_token.shop)
    if found is not None and _is_in_order(found, now):
        return Opened(found.shop_id, found.key, id_token.shop, granted=False)
    from connectors.shopify import tokens

    granted = tokens.exchange(app, id_token)
    for attempt in itertools.count():
        try:
            with database.across_shops().write() as connection:
                shop_id, key = _installed(connection, id_token.shop, now)
                access.keep(connection, vault, shop_id, PLATFORM, granted, now)
        except IntegrityError:
            # Two of the merchant's windows opened the app for the first time at once: the other one made the shop.
            if attempt:
                raise
        else:
            return Opened(shop_id, key, id_token.shop, granted=True)
    raise AssertionError("the loop returns or raises")


def _find(connection: Connection, domain: str) -> Row[Any] | None:
    shops = CONNECTION.join(SHOP, SHOP.c.id == CONNECTION.c.shop_id).outerjoin(
        TOKEN, (TOKEN.c.shop_id == SHOP.c.id) & (TOKEN.c.platform == PLATFORM)
    )
    columns: list[ColumnElement[Any]] = [SHOP.c.id.label("shop_id"), SHOP.c.key, SHOP.c.uninstalled_at]
    columns += [TOKEN.c.granted_at, TOKEN.c.lost_at, TOKEN.c.refresh_expires_at, TOKEN.c.scopes]
    here = (CONNECTION.c.platform == PLATFORM) & (CONNECTION.c.external_id == domain)
    return connection.execute(select(*columns).select_from(shops).where(here)).first()


def _has_access(found: Row[Any], now: datetime) -> bool:
    if found.uninstalled_at is not None or found.granted_at is None or found.lost_at is not None:
        return False
    return found.refresh_expires_at is None or bool(found.refresh_expires_at > now)


def _is_in_order(found: Row[Any], now: datetime) -> bool:
    return _has_access(found, now) and (found.granted_at > now - ASK_AGAIN or not missing(found.scopes.split(",")))


def _installed(connection: Connection, domain: str, now: datetime) -> tuple[int, str]:
    """The shop's number and key, made or brought back; its set-up is due."""
    found = _find(connection, domain)
    if found is None:
        return _made(connection, domain, now)
    if not _has_access(found, now):
        # What happened meanwhile was told to nobody, and what was removed can't be asked for: all is read once more.
        from connectors.shopify.reader import KINDS

        readings.start(connection, found.shop_id, PLATFORM, KINDS, now=now)
    connection.execute(update(SHOP).where(SHOP.c.id == found.shop_id).values(uninstalled_at=None))
    kept = (CONNECTION.c.shop_id == found.shop_id) & (CONNECTION.c.platform == PLATFORM)
    connection.execute(update(CONNECTION).where(kept).values(set_up_at=now))
    return found.shop_id, found.key


def _made(connection: Connection, domain: str, now: datetime) -> tuple[int, str]:
    key = free_key(connection, domain.removesuffix(".myshopify.com"))
    shop = {"key": key, "name": key, "storefront_url": f"https://{domain}", "created_at": now}
    shop_id = int(connection.execute(SHOP.insert().values(**shop).returning(SHOP.c.id)).scalar_one())
    made = {"shop_id": shop_id, "platform": PLATFORM, "external_id": domain, "set_up_at": now, "created_at": now}
    connection.execute(CONNECTION.insert().values(**made))
    return shop_id, key
