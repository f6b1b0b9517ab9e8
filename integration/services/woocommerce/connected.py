"""The shop that tested keys belong to: made, brought back, or given new keys."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, select, update

from connectors.base import Tokens
from connectors.woocommerce.failures import PLATFORM
from integration.services import access, readings
from integration.services.secrets import Vault
from integration.services.shops import free_key
from integration.storage.access_writes import CONNECTION, SHOP

SCOPES = ("read_write",)
LONGEST_KEY = 56


@dataclass(frozen=True, slots=True)
class Linked:
    """A shop that is connected. site: its address. secret: what it signs with. details: what is remembered of it."""

    shop_id: int
    key: str
    site: str
    secret: str
    details: dict[str, Any]
    left_at: datetime | None


def connect(connection: Connection, vault: Vault, site: str, keys: str, now: datetime) -> tuple[int, str]:
    """The number and key of the shop at a site, made or brought back, with its keys; its set-up is due.

    Raises IntegrityError where somebody else makes it at this very moment.
    """
    found = _find(connection, CONNECTION.c.external_id == site)
    if found is None:
        shop_id, key = _made(connection, vault, site, now)
    else:
        shop_id, key = found.shop_id, found.key
        _brought_back(connection, vault, found, now)
    access.keep(connection, vault, shop_id, PLATFORM, Tokens(keys, scopes=SCOPES), now)
    # What reads is for jobs; a web process need not load it.
    from connectors.woocommerce.reader import KINDS

    # What happened meanwhile was told to nobody, and what was removed can't be asked for: all is read (once more).
    readings.start(connection, shop_id, PLATFORM, KINDS, now=now)
    return shop_id, key


def linked(connection: Connection, vault: Vault, shop_id: int) -> Linked | None:
    """A shop by its number; None where it is not on this platform."""
    return _linked(vault, _find(connection, CONNECTION.c.shop_id == shop_id))


def linked_by_name(connection: Connection, vault: Vault, name: str) -> Linked | None:
    """A shop by its key or its address; None where there is none on this platform."""
    return _linked(vault, _find(connection, (SHOP.c.key == name) | (CONNECTION.c.external_id == name.rstrip("/"))))


def key_wanted(site: str) -> str:
    """What a site's shop is to be called with us: its host's name, in letters, digits and hyphens."""
    host = (urlsplit(site).hostname or "").removeprefix("www.")
    return re.sub(r"[^a-z0-9]+", "-", host)[:LONGEST_KEY].strip("-") or "shop"


def _find(connection: Connection, here: Any) -> Row[Any] | None:
    columns = (SHOP.c.key, SHOP.c.uninstalled_at, CONNECTION)
    joined = CONNECTION.join(SHOP, SHOP.c.id == CONNECTION.c.shop_id)
    return connection.execute(
        select(*columns).select_from(joined).where(CONNECTION.c.platform == PLATFORM, here)
    ).first()


def _linked(vault: Vault, row: Row[Any] | None) -> Linked | None:
    if row is None:
        return None
    secret = vault.open(row.webhook_secret)
    return Linked(row.shop_id, row.key, row.external_id, secret, dict(row.details or {}), row.uninstalled_at)


def _made(connection: Connection, vault: Vault, site: str, now: datetime) -> tuple[int, str]:
    key = free_key(connection, key_wanted(site))
    shop = {"key": key, "name": urlsplit(site).netloc[:200], "storefront_url": site, "created_at": now}
    shop_id = int(connection.execute(SHOP.insert().values(**shop).returning(SHOP.c.id)).scalar_one())
    made = {"shop_id": shop_id, "platform": PLATFORM, "external_id": site, "set_up_at": now, "created_at": now}
    connection.execute(CONNECTION.insert().values(**made, webhook_secret=vault.seal(_new_secret())))
    return shop_id, key


def _brought_back(connection: Connection, vault: Vault, found: Row[Any], now: datetime) -> None:
    """Have its set-up taken again. One that had left signs with a new secret; what is still under way may use the old.

    What its webhooks were is kept while their secret is: those that were disabled are revived.
    """
    values: dict[str, Any] = {"set_up_at": now}
    details = dict(found.details or {})
    for passing in ("leaving", "moving_to", "trouble", "failures", "link"):
        details.pop(passing, None)
    if found.uninstalled_at is not None:
        values |= {"webhook_secret": vault.seal(_new_secret()), "previous_webhook_secret": found.webhook_secret}
        details.pop("webhooks", None)
    connection.execute(update(CONNECTION).where(CONNECTION.c.id == found.id).values(**values, details=details))
    connection.execute(update(SHOP).where(SHOP.c.id == found.shop_id).values(uninstalled_at=None))


def _new_secret() -> str:
    return secrets.token_urlsafe(32)
