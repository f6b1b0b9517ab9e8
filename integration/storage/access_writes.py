"""The store of tokens: kept whole, taken up for renewal by one process at a time, lost or forgotten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from integration.storage.access import AccessToken
from integration.storage.shops import Connection as ShopConnection
from integration.storage.shops import Shop
from integration.storage.upsert import always, table_of, upsert

TOKEN = table_of(AccessToken)
CONNECTION = table_of(ShopConnection)
SHOP = table_of(Shop)
_KEY = ("shop_id", "platform")
_PAIR = ("token", "expires_at", "refresh_token", "refresh_expires_at")


def keep_granted(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep what the merchant's opening of the app gave, in place of whatever there was."""
    changed = [name for name in row if name not in _KEY]
    upsert(connection, TOKEN, [row], key=_KEY, update=changed, newer=always)


def find(connection: Connection, shop_id: int) -> Row[Any] | None:
    """A shop's token with its connection; None where it has none (any more)."""
    same = (CONNECTION.c.shop_id == TOKEN.c.shop_id) & (CONNECTION.c.platform == TOKEN.c.platform)
    joined = TOKEN.join(CONNECTION, same)
    statement = select(TOKEN, CONNECTION.c.external_id).select_from(joined).where(TOKEN.c.shop_id == shop_id)
    return connection.execute(statement).first()


def take_lease(connection: Connection, token_id: int, *, seen: bytes, now: datetime, until: datetime) -> bool:
    """Take up the renewal of a token as it was seen. False if somebody else does it, or has done it, or it is lost."""
    free = TOKEN.c.refreshing_until.is_(None) | (TOKEN.c.refreshing_until <= now)
    statement = (
        update(TOKEN)
        .where(TOKEN.c.id == token_id, TOKEN.c.token == seen, TOKEN.c.lost_at.is_(None), free)
        .values(refreshing_until=until)
    )
    return connection.execute(statement).rowcount == 1


def end_lease(connection: Connection, token_id: int, lease: datetime, values: Mapping[str, Any]) -> bool:
    """Write what a renewal came to. False, and nothing is written, where the lease was lost to somebody else."""
    mine = (TOKEN.c.id == token_id) & (TOKEN.c.refreshing_until == lease)
    return connection.execute(update(TOKEN).where(mine).values({"refreshing_until": None, **values})).rowcount == 1


def mark_lost(connection: Connection, shop_id: int, seen: bytes, now: datetime) -> bool:
    """Note that the platform takes a token no longer. False if it is no longer the one that is kept."""
    kept = (TOKEN.c.shop_id == shop_id) & (TOKEN.c.token == seen) & TOKEN.c.lost_at.is_(None)
    return connection.execute(update(TOKEN).where(kept).values(lost_at=now, renew_at=None)).rowcount == 1


def change_scopes(connection: Connection, shop_id: int, scopes: str, version: datetime) -> bool:
    """Note what the merchant now allows; an older word changes nothing."""
    older = (TOKEN.c.shop_id == shop_id) & (TOKEN.c.scopes_at < version)
    return connection.execute(update(TOKEN).where(older).values(scopes=scopes, scopes_at=version)).rowcount > 0


def forget(connection: Connection, shop_id: int, *, granted_until: datetime) -> None:
    """Delete a shop's tokens that were granted until then."""
    connection.execute(delete(TOKEN).where(TOKEN.c.shop_id == shop_id, TOKEN.c.granted_at <= granted_until))


def has_any(connection: Connection, shop_id: int) -> bool:
    """Whether a token of the shop is kept."""
    return connection.execute(select(TOKEN.c.id).where(TOKEN.c.shop_id == shop_id)).first() is not None


def due(connection: Connection, platforms: Collection[str], now: datetime) -> list[int]:
    """The shops whose token has to be renewed though nobody asked for it, longest overdue first."""
    statement = (
        select(TOKEN.c.shop_id)
        .join(SHOP, SHOP.c.id == TOKEN.c.shop_id)
        .where(TOKEN.c.platform.in_(platforms), TOKEN.c.renew_at <= now)
        .where(TOKEN.c.lost_at.is_(None), SHOP.c.uninstalled_at.is_(None))
        .order_by(TOKEN.c.renew_at)
    )
    return list(connection.scalars(statement))
