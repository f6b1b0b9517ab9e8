"""What a running WooCommerce was recorded to send and answer, a shop that it is about, and how to sign more of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from connectors.woocommerce.signature import sign
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.settings import Settings
from integration.storage.database import Database

RECORDED = Path(__file__).parent / "payloads" / "woocommerce"
NAMES = sorted(path.stem for path in (RECORDED / "captures").glob("*.json") if path.stem != "ping")
SECRET = "rig-webhook-secret-0123456789"
# The shop was called by two names while it was recorded.
WEBHOOKS_HOST, REST_HOST = "http://127.0.0.1:8088", "https://127.0.0.1:8443"

Post = dict[str, Any]


@cache
def _recorded(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((RECORDED / "captures" / f"{name}.json").read_text("utf-8"))
    return read


def _captured(name: str) -> tuple[dict[str, str], bytes]:
    recorded = _recorded(name)
    headers = {name: value for name, value in recorded["headers"] if name not in {"Host", "Content-Length"}}
    return headers, base64.b64decode(recorded["body_base64"])


def capture(name: str) -> Post:
    """A recorded delivery, as a test client posts it."""
    headers, body = _captured(name)
    return {"data": body, "headers": dict(headers)}


def in_the_order_of_arrival() -> list[str]:
    """The names of the recorded deliveries, first come first."""
    return sorted(NAMES, key=lambda name: float(_recorded(name)["received_at"]))


def body_of(name: str) -> dict[str, Any]:
    """A recorded delivery's body."""
    read: dict[str, Any] = json.loads(_captured(name)[1])
    return read


def rest(name: str) -> list[dict[str, Any]]:
    """The body of a recorded answer, under the name that the shop's webhooks go by."""
    written = (RECORDED / "rest" / f"{name}.json").read_text("utf-8").replace(REST_HOST, WEBHOOKS_HOST)
    read: list[dict[str, Any]] = json.loads(written)["body"]
    return read


def signed(topic: str, body: Any, *, secret: str = SECRET, delivery: str = "d1", **headers: str) -> Post:
    """A delivery that was never recorded. headers: others than usual, such as resource="coupon"."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    resource, _, event = topic.partition(".")
    told: Mapping[str, str] = {
        "source": f"{WEBHOOKS_HOST}/",
        "topic": topic,
        "resource": resource,
        "event": event,
        "signature": sign(secret, raw),
        "id": "6",
        "delivery-id": delivery,
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    named = {f"X-WC-Webhook-{name.title()}": value for name, value in told.items()}
    return {"data": raw, "headers": {"Content-Type": "application/json", **named}}


def woocommerce_shop(database: Database, settings: Settings, key: str = "rig", **values: Any) -> int:
    """A connected shop, whose webhooks come to an address with its key."""
    made: dict[str, Any] = {
        "key": key,
        "name": key.title(),
        "platform": "woocommerce",
        "external_id": f"https://{key}.example",
        "webhook_secret": SECRET,
    }
    return create_shop(database, Vault(settings.secret_keys), **(made | values))
