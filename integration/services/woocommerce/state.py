"""How a shop stands, for its plugin and for the page after connecting; and what the plugin says in a shop's name."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from connectors.woocommerce.failures import PLATFORM
from integration.services.feed import Silence, silence_of
from integration.services.progress import State, Step, count, learning_step, newest_reading, reading_step
from integration.services.secrets import Vault
from integration.services.set_up import details_of
from integration.services.status import DELIVERY, ShopState, shop_states
from integration.storage.access_writes import CONNECTION, SHOP, TOKEN
from integration.storage.database import Database

# A signed message is believed so long before and after the time that it names.
WINDOW = timedelta(minutes=5)
_READ = {"products": ("Reading your products", "product"), "orders": ("Reading your orders", "order")}


class NotSigned(Exception):
    """A message in a shop's name that is not signed with its secret, or not of now."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message whose signature was right. at: the time that it names, by the shop's clock."""

    shop_id: int
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Webhooks:
    """active of `of` wanted webhooks are there, as far as was looked; None: nobody looked yet."""

    active: int | None
    of: int | None
    last_delivery_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a shop stands. trouble: sentences. plugin: what it said of itself, {} where it is not there."""

    connected: bool
    steps: tuple[Step, ...]
    trouble: tuple[str, ...]
    webhooks: Webhooks
    products: int
    orders: int
    trained_at: datetime | None
    plugin: Mapping[str, Any]
    set_up: bool


def believed(
    database: Database, vault: Vault, key: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> Told:
    """Check a message in a shop's name: HMAC-SHA256 over "{time}.{path}.{body}", in base64. Raises NotSigned.

    headers: as they come, with X-Shelfwise-Time (seconds since 1970) and X-Shelfwise-Signature.
    """
    time, signature = (headers.get(f"X-Shelfwise-{name}", "") for name in ("Time", "Signature"))
    if not (time.isascii() and time.isdigit() and len(time) <= 11):
        raise NotSigned
    at = datetime.fromtimestamp(int(time), UTC)
    columns = (SHOP.c.id, SHOP.c.key, CONNECTION.c.webhook_secret, CONNECTION.c.previous_webhook_secret)
    joined = CONNECTION.join(SHOP, SHOP.c.id == CONNECTION.c.shop_id)
    here = (CONNECTION.c.platform == PLATFORM) & (SHOP.c.key == key)
    with database.across_shops().read() as connection:
        row = connection.execute(select(*columns).select_from(joined).where(here)).first()
    if row is None or abs(at - now) > WINDOW:
        raise NotSigned
    said = f"{time}.{path}.".encode() + body
    for sealed in (row.webhook_secret, row.previous_webhook_secret):
        if sealed is not None and hmac.compare_digest(_signature(vault.open(sealed), said), signature.encode()):
            return Told(row.id, row.key, at)
    raise NotSigned


def standing(database: Database, shop_id: int, key: str, now: datetime) -> Standing:
    """How a shop stands."""
    database = database.of(shop_id)
    shop = shop_states(database, now, key=key)[0]
    with database.read() as connection:
        details = details_of(connection, shop_id)
        readings = {kind: newest_reading(connection, shop_id, kind) for kind in ("variations", *_READ)}
        last = connection.execute(
            select(func.max(DELIVERY.c.received_at)).where(DELIVERY.c.shop_id == shop_id)
        ).scalar()
        left = connection.execute(select(SHOP.c.uninstalled_at).where(SHOP.c.id == shop_id)).scalar()
        token = connection.execute(
            select(TOKEN.c.lost_at).where(TOKEN.c.shop_id == shop_id, TOKEN.c.platform == PLATFORM)
        ).first()
        silence = silence_of(connection, shop_id)
    connected = left is None and token is not None and token.lost_at is None and "leaving" not in details
    hooks = details.get("webhooks") or {}
    return Standing(
        connected,
        _steps(shop, readings),
        _trouble(details, silence, connected=connected, left=left is not None),
        Webhooks(hooks.get("active"), hooks.get("of"), last),
        shop.products,
        shop.orders,
        shop.serving.published_at if shop.serving else None,
        details.get("plugin") or {},
        "trouble" in details,
    )


def _signature(secret: str, said: bytes) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), said, hashlib.sha256).digest())


def _steps(shop: ShopState, readings: Mapping[str, Any]) -> tuple[Step, ...]:
    steps = []
    for key, (title, thing) in _READ.items():
        number = shop.products if key == "products" else shop.orders
        done = f"{count(number, thing)} read. Changes in your shop arrive by themselves."
        steps.append(reading_step(key, title, thing, readings[key], done))
    variations = readings["variations"]
    if steps[0].state is State.DONE and variations is not None and variations.finished_at is None:
        steps[0] = reading_step("products", _READ["products"][0], "variation", variations, "")
    return (*steps, learning_step(readings["orders"], shop))


def _trouble(details: Mapping[str, Any], silence: Silence | None, *, connected: bool, left: bool) -> tuple[str, ...]:
    if left or "leaving" in details:
        return ()
    lost = () if connected else ("Your shop no longer takes the keys that Shelfwise was given: connect it again.",)
    silent = (silence.sentence,) if silence is not None and silence.is_trouble else ()
    return (*lost, *silent, *map(str, (details.get("trouble") or {}).values()))
