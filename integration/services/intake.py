"""Webhooks in: verify the raw bytes, keep once, apply stock at once, leave the rest to a drain."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

import connectors
from connectors.base import Delivery, Webhooks
from connectors.errors import BadSignature, UnknownPlatform
from connectors.records import Change
from connectors.shopify.api import PLATFORM
from integration.services.apply import apply
from integration.services.shopify import app_of
from integration.services.shops import ConnectedShops
from integration.settings import Settings
from integration.storage import delivery_writes as deliveries
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a webhook. shop_id: None where nothing is kept of that shop, so that nothing is owed to anybody.

    repeat: it was kept before. waits: a drain has to apply it. parked: it can't be read, and somebody has to look.
    """

    shop_id: int | None
    repeat: bool = False
    waits: bool = False
    parked: bool = False


def receive(
    database: Database,
    shops: ConnectedShops,
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
    shop = shops.find(platform, named, now)
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
    return Receipt(
        shop_id,
        repeat=kept is None,
        waits=kept is not None and status == DeliveryStatus.WAITING,
        parked=kept is not None and status == DeliveryStatus.PARKED,
    )


def _said(arrival: Delivery, now: datetime) -> Sequence[Change]:
    return _webhooks(arrival.platform).changes(arrival.topic, arrival.body, arrival.triggered_at or now)


def _webhooks(platform: str) -> Webhooks:
    connector = connectors.get(platform)
    if connector.webhooks is None:
        raise UnknownPlatform(platform, known=connectors.platforms())
    return connector.webhooks
