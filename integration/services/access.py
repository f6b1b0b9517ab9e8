"""Calling connected shops: their tokens kept encrypted, renewed in time by one process at a time, lost or forgotten.

A renewal that is cut off anywhere costs nothing: its lease lapses, and the platform takes the old refresh token until
the new one is first used.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, update

from connectors.base import Access, Tokens
from connectors.errors import AccessLost, PlatformError
from integration.clock import Clock, system_clock
from integration.services.secrets import Vault
from integration.services.shopify import app_of
from integration.settings import Settings
from integration.storage import access_writes as store
from integration.storage.database import Database

log = logging.getLogger(__name__)

EARLY = timedelta(minutes=5)
# With less than this left, a token may be refused before its call arrives.
LAST_USE = timedelta(seconds=10)
# Longer than a renewal takes at worst: three attempts of connecting, asking and being answered.
LEASE = timedelta(seconds=60)
POLL_SECONDS = 0.2
AFTER_FAILURE = timedelta(minutes=1)
# A refresh token lives 90 days from its making; a shop that nobody calls gets a new one in time, with weeks to spare.
IDLE = timedelta(days=7)
IDLE_AFTER_FAILURE = timedelta(hours=1)
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Platform:
    """address: of a shop's calls. renew: a new pair for a shop and its refresh token."""

    address: Callable[[str], str]
    renew: Callable[[str, str], Tokens]


def _shopify(settings: Settings) -> _Platform | None:
    app = app_of(settings)
    if app is None:
        return None

    def renew(shop: str, refresh_token: str) -> Tokens:
        from connectors.shopify import tokens

        return tokens.renew(app, shop, refresh_token)

    return _Platform(app.address, renew)


def _woocommerce(_settings: Settings) -> _Platform:
    def renew(_shop: str, _refresh_token: str) -> Tokens:
        raise AccessLost("woocommerce", "its keys last until they are revoked; connect the shop again")

    # A shop is known by its address.
    return _Platform(str, renew)


# Each platform whose tokens are kept here, with what makes it from the settings; None: it is switched off.
_PLATFORMS: Mapping[str, Callable[[Settings], _Platform | None]] = MappingProxyType(
    {"shopify": _shopify, "woocommerce": _woocommerce}
)


def access_to(
    database: Database,
    vault: Vault,
    settings: Settings,
    shop_id: int,
    *,
    clock: Clock = system_clock,
    wait: Callable[[float], None] = time.sleep,
) -> Access:
    """How to call a shop. Raises AccessLost where it has no token, PlatformError where its platform is switched off."""
    kept = _ShopToken(database, vault, settings, shop_id, clock, wait)
    address = kept.platform.address(kept.external_id)
    return Access(kept.external_id, address, kept.token, wait, kept.refused, settings.allow_loopback)


def renew(database: Database, vault: Vault, settings: Settings, shop_id: int, *, clock: Clock = system_clock) -> bool:
    """Renew a shop's token whether or not it is used. False if another process does so right now.

    Raises AccessLost, or PlatformError; it is then tried again after a while, unless access is lost.
    """
    return _ShopToken(database, vault, settings, shop_id, clock, time.sleep).renew_now()


def due(database: Database, settings: Settings, now: datetime) -> list[int]:
    """The shops whose token has idled for a week."""
    platforms = [name for name, made_from in _PLATFORMS.items() if made_from(settings) is not None]
    with database.read() as connection:
        return store.due(connection, platforms, now)


def keep(connection: Connection, vault: Vault, shop_id: int, platform: str, tokens: Tokens, now: datetime) -> None:
    """Keep what the merchant has just granted, in place of whatever there was."""
    granted = {
        "shop_id": shop_id,
        "platform": platform,
        "scopes": ",".join(tokens.scopes),
        "scopes_at": now,
        "granted_at": now,
        "refreshing_until": None,
    }
    store.keep_granted(connection, granted | _sealed(vault, tokens, now))


def note_scopes(connection: Connection, shop_id: int, scopes: Sequence[str], version: datetime) -> bool:
    """Note what the merchant allows since `version`. False where something newer is known."""
    return store.change_scopes(connection, shop_id, ",".join(sorted(scopes)), version)


def scopes_changed(connection: Connection, shop_id: int, scopes: Sequence[str], version: datetime) -> bool:
    """The same, told by the platform: what is missing for a part of the app is then put in place."""
    changed = note_scopes(connection, shop_id, scopes, version)
    if changed:
        look_again(connection, shop_id, version)
    return changed


def look_again(connection: Connection, shop_id: int, version: datetime) -> None:
    """Make due at once that what the app needs in the shop is looked after."""
    statement = update(store.CONNECTION).where(store.CONNECTION.c.shop_id == shop_id)
    connection.execute(statement.where(store.CONNECTION.c.set_up_at > version).values(set_up_at=version))


def forget(connection: Connection, shop_id: int, version: datetime | None = None) -> bool:
    """The merchant took the app out at `version`: delete the shop's tokens, and take it for gone.

    False, and nothing is done, where the app was installed again since: this word of its leaving came late.
    """
    store.forget(connection, shop_id, granted_until=version or _EVER)
    if store.has_any(connection, shop_id):
        return False
    left = update(store.SHOP).where(store.SHOP.c.id == shop_id, store.SHOP.c.uninstalled_at.is_(None))
    connection.execute(left.values(uninstalled_at=version or system_clock()))
    return True


def _sealed(vault: Vault, tokens: Tokens, now: datetime) -> dict[str, Any]:
    return {
        "token": vault.seal(tokens.token),
        "expires_at": tokens.expires_at,
        "refresh_token": vault.seal(tokens.refresh_token) if tokens.refresh_token else None,
        "refresh_expires_at": tokens.refresh_expires_at,
        "renew_at": now + IDLE if tokens.refresh_token else None,
        "lost_at": None,
        "updated_at": now,
    }


class _ShopToken:
    """One shop's token as it stands in the store, which is asked each time: any process may have renewed it."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        settings: Settings,
        shop_id: int,
        clock: Clock,
        wait: Callable[[float], None],
    ) -> None:
        self._database, self._vault, self._shop_id, self._clock, self._wait = database, vault, shop_id, clock, wait
        row = self._row()
        self.name: str = row.platform
        self.external_id: str = row.external_id
        platform = _PLATFORMS[row.platform](settings)
        if platform is None:
            raise PlatformError(row.platform, "it is switched off here: its client ID is not set", retryable=False)
        self.platform = platform

    def token(self) -> str:
        """One that is valid now. Raises AccessLost, or PlatformError where it could not be renewed just now."""
        for _ in range(int(LEASE.total_seconds() / POLL_SECONDS) + 2):
            row, now = self._row(), self._clock()
            if row.expires_at is None or row.expires_at - now > EARLY:
                return self._vault.open(row.token)
            if (lease := self._lease(row, now)) and (renewed := self._renewed_or_still_good(row, lease)):
                return renewed
            if lease is None and row.expires_at - now > LAST_USE:
                return self._vault.open(row.token)
            if lease is None:
                self._wait(POLL_SECONDS)
        raise PlatformError(self.name, "another process has been renewing the token for too long", retryable=True)

    def refused(self, token: str) -> None:
        """The platform did not take this token: unless it was replaced meanwhile, access is lost."""
        with self._database.write() as connection:
            row = store.find(connection, self._shop_id)
            if row is not None and self._vault.open(row.token) == token:
                store.mark_lost(connection, self._shop_id, row.token, self._clock())

    def renew_now(self) -> bool:
        """Renew it whatever is left of it. False if another process does so, or has replaced it meanwhile."""
        row = self._row()
        lease = self._lease(row, self._clock())
        return lease is not None and self._renew(row, lease) is not None

    def _row(self) -> Row[Any]:
        with self._database.read() as connection:
            row = store.find(connection, self._shop_id)
        if row is None:
            raise AccessLost(
                f"shop {self._shop_id}", "it has no token; the merchant has to open the app, or connect the shop"
            )
        if row.lost_at is not None:
            raise AccessLost(
                row.platform,
                f"access was lost on {row.lost_at:%Y-%m-%d}; the merchant has to open the app, or connect again",
            )
        return row

    def _lease(self, row: Row[Any], now: datetime) -> datetime | None:
        until = now + LEASE
        with self._database.write() as connection:
            return until if store.take_lease(connection, row.id, seen=row.token, now=now, until=until) else None

    def _renewed_or_still_good(self, row: Row[Any], lease: datetime) -> str | None:
        try:
            return self._renew(row, lease)
        except AccessLost:
            raise
        except PlatformError as error:
            if row.expires_at - self._clock() <= LAST_USE:
                raise
            log.warning("shop %s: the token is not renewed yet: %s", self._shop_id, error)
            return self._vault.open(row.token)

    def _renew(self, row: Row[Any], lease: datetime) -> str | None:
        """The new token; None where somebody else replaced the old one meanwhile, whose word then counts."""
        try:
            tokens = self._asked(row)
        except AccessLost:
            if self._end(row, lease, {"lost_at": self._clock(), "renew_at": None}):
                raise
            return None
        except PlatformError:
            self._end(row, lease, self._pause(row))
            raise
        kept = self._end(row, lease, _sealed(self._vault, tokens, self._clock()))
        return tokens.token if kept else None

    def _asked(self, row: Row[Any]) -> Tokens:
        if row.refresh_token is None:
            raise AccessLost(row.platform, "the token has expired, and came without one to renew it")
        if row.refresh_expires_at is not None and row.refresh_expires_at <= self._clock():
            raise AccessLost(row.platform, "the refresh token has expired")
        return self.platform.renew(row.external_id, self._vault.open(row.refresh_token))

    def _end(self, row: Row[Any], lease: datetime, values: Mapping[str, Any]) -> bool:
        with self._database.write() as connection:
            return store.end_lease(connection, row.id, lease, values)

    def _pause(self, row: Row[Any]) -> dict[str, Any]:
        """After a failure: nobody tries for a while, as long as the old token lasts; the sweep comes back later."""
        now = self._clock()
        lasts = row.expires_at is not None and row.expires_at - now > LAST_USE
        return {
            "refreshing_until": min(now + AFTER_FAILURE, row.expires_at - LAST_USE) if lasts else None,
            "renew_at": now + IDLE_AFTER_FAILURE,
        }
