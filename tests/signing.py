"""Deliveries as Shopify signs and sends them, and a shop that they are about."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.shopify.signature import sign
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.shop_writes import CONNECTION

SHOP = "fern-and-ladle.myshopify.com"
SECRET, OLD_SECRET = "shpss_new", "shpss_old"
HOOK, COMPLIANCE_HOOK = "/webhooks/shopify", "/webhooks/shopify/compliance"
SAMPLES = Path(__file__).parent / "payloads" / "shopify" / "webhooks"
_numbers = itertools.count(1)


def with_app(settings: Settings) -> Settings:
    """Settings of an operator who registered the app with Shopify."""
    return replace(
        settings,
        shopify_client_id="a-client-id",
        shopify_client_secret=SECRET,
        shopify_old_client_secret=OLD_SECRET,
    )


def shopify_shop(database: Database, settings: Settings, domain: str = SHOP, **values: Any) -> int:
    """A shop that installed the app; it has no secret of its own."""
    key = domain.partition(".")[0]
    shop_id = create_shop(
        database,
        Vault(settings.secret_keys),
        key=key,
        name=key,
        platform="shopify",
        external_id=domain,
        webhook_secret="-",
        **{"currency": "GBP", **values},
    )
    with database.write() as connection:
        own = sa.update(CONNECTION).where(CONNECTION.c.shop_id == shop_id)
        connection.execute(own.values(webhook_secret=None))
    return shop_id


def sample(topic: str) -> dict[str, Any]:
    """A body as Shopify documents it."""
    read: dict[str, Any] = json.loads((SAMPLES / f"{topic.replace('/', '_')}.json").read_bytes())
    return read


def sent(
    topic: str,
    payload: Mapping[str, Any] | bytes,
    *,
    key: str = "",
    secret: str = SECRET,
    shop: str = SHOP,
    at: datetime | None = None,
    family: str = "X-Shopify-",
) -> dict[str, Any]:
    """Arguments of a test client's `post`."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    told = {
        "Topic": topic,
        "Hmac-Sha256": sign(secret, body),
        "Shop-Domain": shop,
        "API-Version": "2026-10",
        "Webhook-Id": key or f"webhook-{next(_numbers)}",
        "Event-Id": "the same for all of one action",
    }
    if at is not None:
        told["Triggered-At"] = at.isoformat().replace("+00:00", "Z")
    return {"data": body, "headers": {f"{family}{name}": value for name, value in told.items()}}
