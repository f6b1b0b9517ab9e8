"""From keys that came to a shop that is connected: they are tested at the very address that the merchant named.

Keys of another shop, of a user who may not manage it, or such that only read, are found out here; nothing is connected
then. Whatever breaks off is begun again by another process.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from connectors.addresses import BadAddress, normal
from connectors.base import Access
from connectors.errors import PlatformError
from connectors.guarded import Bounds
from connectors.woocommerce.client import API, Shop
from connectors.woocommerce.failures import Failure, KeysRefused, ShopError
from connectors.woocommerce.site import Site, look
from integration.clock import Clock, system_clock
from integration.services.secrets import Vault
from integration.services.woocommerce import attempts
from integration.services.woocommerce.connected import connect
from integration.settings import Settings
from integration.storage.database import Database

log = logging.getLogger(__name__)

LONGEST_SITE = 255
# A merchant waits for it; a shop that takes longer is tried again.
PATIENCE = Bounds(connect=8.0, read=30.0, whole=40.0)
# Somebody looks at a page that waits for this.
QUICK = Bounds(connect=5.0, read=10.0, whole=12.0, largest=4_000_000)
HOPS = 2
_ONE = {"per_page": "1", "_fields": "id"}


def find_site(text: str, settings: Settings) -> Site:
    """What stands at the address that a merchant gave; a way on to https or to www is gone. Raises ShopError.

    BadAddress for what is no address at all.
    """
    address = site_of(text)
    for _ in range(HOPS):
        try:
            found = look(address, allow_loopback=settings.allow_loopback, bounds=QUICK)
        except ShopError as error:
            if not (error.moved_to and _same_shop(address, error.moved_to)):
                raise
            address = site_of(error.moved_to)
        else:
            return found
    return look(address, allow_loopback=settings.allow_loopback, bounds=QUICK)


def _same_shop(one: str, other: str) -> bool:
    hosts = {(urlsplit(each).hostname or "").removeprefix("www.") for each in (one, other)}
    ports = {urlsplit(each).port for each in (one, other)}
    downgrade = one.startswith("https:") and other.startswith("http:")
    return len(hosts) == 1 and len(ports) == 1 and not downgrade


def site_of(text: str) -> str:
    """The address that a merchant gave, in normal form. Raises BadAddress."""
    site = normal(text)
    if len(site) > LONGEST_SITE:
        raise BadAddress("That is too long for the address of a shop.")
    return site


def _read_a_product(shop: Shop) -> None:
    shop.get(f"{API}/products", _ONE)


def _list_webhooks(shop: Shop) -> None:
    shop.get(f"{API}/webhooks", _ONE)


def _may_write(shop: Shop) -> None:
    """Asks for a webhook that no shop can make: who may write is told that, who may only read is told so."""
    try:
        shop.post(f"{API}/webhooks", {"topic": "shelfwise.unheard-of", "delivery_url": "https://shelfwise.invalid/"})
    except ShopError as error:
        if error.failure is not Failure.BAD_REQUEST:
            raise


# What is tested, in this order; each has its words in integration/services/woocommerce/words.py.
TESTS: Mapping[str, Callable[[Shop], None]] = MappingProxyType(
    {"read": _read_a_product, "webhooks": _list_webhooks, "write": _may_write}
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. shop_id: None where nothing was connected; then failure and reason say why."""

    shop_id: int | None
    key: str = ""
    failure: str = ""
    reason: str = ""


def finish(
    database: Database, vault: Vault, settings: Settings, attempt_id: int, *, clock: Clock = system_clock
) -> Outcome | None:
    """Test an attempt's keys and connect its shop. None where that is done, or another process is at it."""
    attempt = attempts.take(database, attempt_id, clock())
    if attempt is None:
        return None
    keys = vault.open(attempt.api_keys)
    try:
        try_keys(settings, attempt.site, keys, passed=lambda done: attempts.note_done(database, attempt_id, done))
    except PlatformError as error:
        return _failed(database, attempt_id, error, clock)
    shop_id, key = _connected(database, vault, attempt, keys, clock)
    return Outcome(shop_id, key)


def _unwatched(_done: list[str]) -> None:
    """Tests that nobody watches."""


def try_keys(settings: Settings, site: str, keys: str, *, passed: Callable[[list[str]], None] = _unwatched) -> None:
    """Make sure that keys do at a site what they will have to. Raises ShopError, KeysRefused."""
    access = Access(site, site, lambda: keys, time.sleep, allow_loopback=settings.allow_loopback)
    shop, done = Shop(access, bounds=PATIENCE), []
    try:
        for name, run in TESTS.items():
            run(shop)
            done.append(name)
            passed(list(done))
    finally:
        shop.close()


def _failed(database: Database, attempt_id: int, error: PlatformError, clock: Clock) -> Outcome:
    failure = error.failure if isinstance(error, ShopError | KeysRefused) else Failure.BROKEN
    reason = error.sentence if isinstance(error, ShopError | KeysRefused) else str(error)
    log.warning("attempt %s to connect a shop: %s: %s", attempt_id, failure.value, reason)
    attempts.failed(database, attempt_id, failure=failure.value, reason=reason, keep_keys=error.retryable, now=clock())
    return Outcome(None, failure=failure.value, reason=reason)


def _connected(database: Database, vault: Vault, attempt: Row[Any], keys: str, clock: Clock) -> tuple[int, str]:
    for again in itertools.count():
        try:
            with database.across_shops().write() as connection:
                now = clock()
                shop_id, key = connect(connection, vault, attempt.site, keys, now)
                done = {"api_keys": None, "finished_at": now, "checking_until": None, "shop_id": shop_id}
                attempts.change(connection, attempt.id, **done)
        except IntegrityError:
            # Two attempts at the same new shop at once: the other one made it.
            if again:
                raise
        else:
            return shop_id, key
    raise AssertionError("the loop returns or raises")
