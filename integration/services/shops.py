"""Shops and their connections to a platform."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Row, bindparam, func, select, update

from integration.services.secrets import Vault
from integration.storage.base import to_micros
from integration.storage.database import Database
from integration.storage.point_reads import PointReads
from integration.storage.shops import Connection, Shop, StockPolicy
from integration.storage.upsert import table_of

SHOP = table_of(Shop)
CONNECTION = table_of(Connection)


class UnknownShop(Exception):
    """No shop has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no shop {key!r}; `shelfwise shops` lists them")


class ShopTaken(Exception):
    """A shop with this key, or with this connection, is there already."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A shop as a platform knows it. secrets: its own, in clear, newest first. left: it took the app out."""

    shop_id: int
    platform: str
    external_id: str
    secrets: tuple[str, ...]
    left: bool = False


def create_shop(
    database: Database,
    vault: Vault,
    *,
    key: str,
    name: str,
    platform: str,
    external_id: str,
    webhook_secret: str,
    currency: str = "USD",
    locale: str = "en",
    storefront_url: str = "",
    stock_policy: StockPolicy = StockPolicy.HIDE,
    low_stock_threshold: int = 3,
) -> int:
    """Make a shop with its connection and return its id. Raises ShopTaken."""
    shop = {
        "key": key,
        "name": name,
        "currency": currency,
        "locale": locale,
        "storefront_url": storefront_url,
        "stock_policy": stock_policy,
        "low_stock_threshold": low_stock_threshold,
        "created_at": datetime.now(UTC),
    }
    with database.across_shops().write() as connection:
        _must_be_free(connection, key, platform, external_id)
        shop_id = int(connection.execute(SHOP.insert().values(**shop).returning(SHOP.c.id)).scalar_one())
        connection.execute(
            CONNECTION.insert().values(
                shop_id=shop_id,
                platform=platform,
                external_id=external_id,
                webhook_secret=vault.seal(webhook_secret),
                created_at=shop["created_at"],
            )
        )
    return shop_id


def create_direct_shop(database: Database, vault: Vault, *, key: str, name: str, currency: str) -> tuple[int, str]:
    """Make a shop that sends webhooks in our own format; its id and a new secret to sign with. Raises ShopTaken."""
    secret = secrets.token_urlsafe(32)
    shop_id = create_shop(
        database,
        vault,
        key=key,
        name=name,
        platform="direct",
        external_id=key,
        webhook_secret=secret,
        currency=currency,
    )
    return shop_id, secret


def _must_be_free(connection: DatabaseConnection, key: str, platform: str, external_id: str) -> None:
    taken = select(SHOP.c.id).where(SHOP.c.key == key)
    connected = select(CONNECTION.c.id).where(
        CONNECTION.c.platform == platform, CONNECTION.c.external_id == external_id
    )
    if connection.execute(taken).first() or connection.execute(connected).first():
        raise ShopTaken(f"a shop {key!r}, or one connected as {platform} {external_id!r}, is there already")


def free_key(connection: DatabaseConnection, wanted: str) -> str:
    """The wanted key of a new shop, at most 63 characters; with a number where another shop has that key."""
    alike = SHOP.c.key.in_([wanted]) | func.substr(SHOP.c.key, 1, len(wanted[:56]) + 1).in_([f"{wanted[:56]}-"])
    taken = set(connection.scalars(select(SHOP.c.key).where(alike)))
    if wanted not in taken:
        return wanted
    return next(each for number in itertools.count(2) if (each := f"{wanted[:56]}-{number}") not in taken)


def find_shop(database: Database, key: str) -> Row[Any] | None:
    """The shop's row, by its public key."""
    with database.across_shops().read() as connection:
        return connection.execute(select(SHOP).where(SHOP.c.key == key)).first()


def key_of_shop(database: Database, shop_id: int) -> str:
    """A shop's public key, by its number."""
    with database.across_shops().read() as connection:
        return str(connection.execute(select(SHOP.c.key).where(SHOP.c.id == shop_id)).scalar_one())


def get_shop(database: Database, key: str) -> Row[Any]:
    """The shop's row. Raises UnknownShop."""
    row = find_shop(database, key)
    if row is None:
        raise UnknownShop(key)
    return row


def set_stock_policy(
    database: Database, key: str, *, policy: StockPolicy | None, low_stock_threshold: int | None
) -> None:
    """Change what a shop does with sold-out products, and when one counts as low. Raises UnknownShop."""
    wanted = {"stock_policy": policy, "low_stock_threshold": low_stock_threshold}
    values = {name: value for name, value in wanted.items() if value is not None}
    with database.across_shops().write() as connection:
        if connection.execute(update(SHOP).where(SHOP.c.key == key).values(**values)).rowcount == 0:
            raise UnknownShop(key)


def all_shops(database: Database) -> list[Row[Any]]:
    """Every shop that has not left, oldest first."""
    with database.across_shops().read() as connection:
        return list(connection.execute(select(SHOP).where(SHOP.c.uninstalled_at.is_(None)).order_by(SHOP.c.id)))


_CONNECTED = (
    select(
        CONNECTION.c.shop_id,
        CONNECTION.c.webhook_secret,
        CONNECTION.c.previous_webhook_secret,
        CONNECTION.c.previous_until,
        SHOP.c.uninstalled_at,
    )
    .join(SHOP, SHOP.c.id == CONNECTION.c.shop_id)
    .where(CONNECTION.c.platform == bindparam("on_platform"))
)
_BY_NAME = _CONNECTED.where(CONNECTION.c.external_id == bindparam("as_shop"))
_BY_KEY = _CONNECTED.where(SHOP.c.key == bindparam("as_shop"))
# Platforms whose webhooks come to an address with our own key of the shop, whose own name may change.
_KEYED = frozenset({"woocommerce"})


class StoreAway(Exception):
    """The store does not answer just now."""


class ConnectedShops:
    """Finds the shop behind a platform's webhook: at every one, so by prepared statements, in one message."""

    def __init__(self, reads: PointReads, vault: Vault) -> None:
        self._vault, self._failed = vault, reads.engine.dialect.loaded_dbapi.Error
        self._by_name, self._by_key = reads.prepare(_BY_NAME), reads.prepare(_BY_KEY)

    def find(self, platform: str, external_id: str, now: datetime) -> Connected | None:
        """The shop, with the secrets that are valid now; None where there is none.

        external_id: what the webhook names the shop by: the platform's name of it, or our key where its address holds
        that. Raises StoreAway.
        """
        # No shop is called so, and PostgreSQL keeps no such text.
        if "\x00" in external_id:
            return None
        wanted = self._by_key if platform in _KEYED else self._by_name
        try:
            row = wanted.first(on_platform=platform, as_shop=external_id)
        except self._failed as error:
            raise StoreAway(str(error)) from error
        if row is None:
            return None
        shop_id, newest, previous, until, left_at = row
        if until is not None and until <= to_micros(now):
            previous = None
        own = tuple(self._vault.open(bytes(each)) for each in (newest, previous) if each is not None)
        return Connected(shop_id, platform, external_id, own, left=left_at is not None)


def rotate_secret(
    database: Database, vault: Vault, key: str, *, now: datetime, overlap: timedelta
) -> tuple[str, datetime]:
    """Give a direct shop a new secret to sign with; it, and until when the one of before is valid too.

    Raises UnknownShop, also for a shop of a platform that makes its secrets itself.
    """
    secret, until = secrets.token_urlsafe(32), now + overlap
    here = select(SHOP.c.id).where(SHOP.c.key == key).scalar_subquery()
    own = (CONNECTION.c.shop_id == here, CONNECTION.c.platform == "direct")
    values = {"previous_webhook_secret": CONNECTION.c.webhook_secret, "previous_until": until}
    with database.across_shops().write() as connection:
        changed = connection.execute(
            update(CONNECTION).where(*own).values(**values, webhook_secret=vault.seal(secret))
        ).rowcount
    if not changed:
        raise UnknownShop(key)
    return secret, until
