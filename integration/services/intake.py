"""Webhooks in: verify the raw bytes, keep once, apply stock at once, leave the rest to a drain."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

import connectors
from connectors.base import Delivery, Webhooks
from connectors.errors import BadDelivery, BadSignature, UnknownPlatform
from connectors.records import Change
from connectors.shopify.api import PLATFORM
from integration.services.apply import apply
from integration.services.secrets import Vault
from integration.services.shopify import app_of
from integration.services.shops import find_connected
from integration.settings import Settings
from integration.storage import delivery_writes as deliveries
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus

log = logging.getLogger(__name__)

# How long a delivery that could not be applied waits before each further attempt; after the last it is parked.
RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18000))
BATCH = 200


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a webhook. shop_id: None where nothing is kept of that shop, so that nothing is owed to anybody.

    repeat: it was kept before. waits: a drain has to apply it.
    """

    shop_id: int | None
    repeat: bool = False
    waits: bool = False


def receive(
    database: Database,
    vault: Vault,
    *,
    platform: str,
    external_id: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    app_secrets: Sequence[str] = (),
) -> Receipt:
    """Keep a webhook and, when it can empty a shelf, apply it in the same transaction.

    app_secrets: those of the app itself, with which some platforms sign for all their shops; see `app_secrets`.
    Raises UnknownPlatform, Ping, BadSignature (nothing is stored; an unknown shop is one too, so that a stranger can't
    find out which shops there are) or BadDelivery.
    """
    webhooks = _webhooks(platform)
    named = webhooks.shop_of(headers) or external_id
    with database.across_shops().read() as connection:
        shop = find_connected(connection, vault, platform, named)
    arrival = webhooks.verify(headers, body, (*(shop.secrets if shop else ()), *app_secrets))
    outlives = webhooks.outlives_shop(arrival.topic)
    if shop is None and outlives:
        return Receipt(None)
    if shop is None or (shop.left and not outlives):
        raise BadSignature("no such shop")
    status = DeliveryStatus.WAITING
    if arrival.unreadable:
        log.warning("shop %s: a %s delivery is parked: %s", shop.shop_id, arrival.topic, arrival.unreadable)
        status = DeliveryStatus.PARKED
    elif webhooks.is_stock(arrival.topic):
        status = DeliveryStatus.APPLIED
    return _kept(database.of(shop.shop_id), shop.shop_id, arrival, status, now)


def app_secrets(settings: Settings, platform: str) -> tuple[str, ...]:
    """The secrets with which a platform signs for all its shops, newest first; none where each shop has its own."""
    app = app_of(settings) if platform == PLATFORM else None
    return app.secrets if app else ()


def _kept(database: Database, shop_id: int, arrival: Delivery, status: DeliveryStatus, now: datetime) -> Receipt:
    """The delivery, kept; and applied where that is its status. One that can't be applied is left to the drain."""

    def keep(connection: Connection) -> int | None:
        kept = deliveries.keep(connection, shop_id, arrival, received_at=now, status=status)
        if kept is not None and status == DeliveryStatus.APPLIED:
            apply(connection, shop_id, _said(arrival, now), now=now)
        return kept

    try:
        kept = database.write_together(keep)
    except OperationalError:
        raise
    except Exception:
        if status != DeliveryStatus.APPLIED:
            raise
        log.exception("shop %s: a %s delivery could not be applied at once", shop_id, arrival.topic)
        return _kept(database, shop_id, arrival, DeliveryStatus.WAITING, now)
    return Receipt(shop_id, repeat=kept is None, waits=kept is not None and status == DeliveryStatus.WAITING)


def _said(arrival: Delivery, now: datetime) -> Sequence[Change]:
    return _webhooks(arrival.platform).changes(arrival.topic, arrival.body, arrival.triggered_at or now)


def drain(database: Database, shop_id: int, *, now: datetime, limit: int = BATCH) -> int:
    """Apply a batch of the shop's waiting deliveries, oldest first, and return how many were settled or put off.

    Running it again changes nothing. Only one drain a shop works at a time; another one returns 0.
    """
    with database.write() as connection:
        if not deliveries.hold_drain(connection, shop_id):
            return 0
        batch = deliveries.waiting(connection, shop_id, now, limit)
    if not batch:
        return 0
    try:
        with database.write() as connection:
            if not deliveries.hold_drain(connection, shop_id):
                return 0
            changes = [change for row in batch for change in _changes(row)]
            apply(connection, shop_id, changes, now=now)
            deliveries.settle(connection, [row.id for row in batch], now)
    except Exception as error:  # noqa: BLE001 - one poisonous delivery must not hold up the others
        log.warning(
            "shop %s: a batch of %d deliveries failed; applying them one by one: %s", shop_id, len(batch), error
        )
        for row in batch:
            _apply_one(database, shop_id, row, now)
    return len(batch)


def _apply_one(database: Database, shop_id: int, row: Any, now: datetime) -> None:
    try:
        with database.write() as connection:
            apply(connection, shop_id, _changes(row), now=now)
            deliveries.settle(connection, [row.id], now)
    except (BadDelivery, UnknownPlatform) as error:
        _put_off(database, row.id, str(error), None)
    except Exception as error:
        log.exception("shop %s: delivery %s failed", shop_id, row.id)
        again = now + RETRY_AFTER[row.attempts] if row.attempts < len(RETRY_AFTER) else None
        _put_off(database, row.id, f"{type(error).__name__}: {error}", again)


def _put_off(database: Database, delivery_id: int, error: str, again: datetime | None) -> None:
    with database.write() as connection:
        deliveries.put_off(connection, delivery_id, error, again)


def _changes(row: Any) -> Sequence[Change]:
    return _webhooks(row.platform).changes(row.topic, row.body, row.triggered_at or row.received_at)


def _webhooks(platform: str) -> Webhooks:
    connector = connectors.get(platform)
    if connector.webhooks is None:
        raise UnknownPlatform(platform, known=connectors.platforms())
    return connector.webhooks
