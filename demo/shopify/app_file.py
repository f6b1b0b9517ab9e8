"""The app's own file, as it is deployed to Shopify: scopes, webhooks, proxy. Without one a usual app is played."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from demo.shopify.things import Subscription

COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
USUAL_TOPICS = (
    *(f"orders/{each}" for each in ("create", "updated", "cancelled", "edited", "delete")),
    "refunds/create",
    *(f"{kind}/{each}" for kind in ("products", "collections") for each in ("create", "update", "delete")),
    *(f"inventory_levels/{each}" for each in ("update", "connect", "disconnect")),
    *(f"inventory_items/{each}" for each in ("update", "delete")),
    *(f"variants/{each}" for each in ("in_stock", "out_of_stock")),
    "app/uninstalled",
    "app/scopes_update",
    "shop/update",
    "bulk_operations/finish",
    "themes/publish",
    "locations/update",
)
USUAL_SCOPES = (
    *("read_products", "write_products", "read_inventory", "read_locations", "read_orders", "read_customers"),
    *("read_publications", "read_markets", "write_pixels", "read_customer_events", "write_app_proxy", "read_themes"),
)
WEBHOOKS = "/webhooks/shopify"


@dataclass(frozen=True, slots=True)
class Wish:
    """A topic that the app wants to hear of. fields: dotted names of what it wants of the body, none for all of it."""

    topic: str
    uri: str
    fields: tuple[str, ...] = ()
    name: str = ""

    @classmethod
    def of(cls, subscription: Subscription) -> Wish:
        """The same, of one that was made through the API."""
        return cls(subscription.topic, subscription.uri, subscription.include_fields, subscription.name)

    def cut(self, body: Any) -> Any:
        """The body with no more than the fields that are wanted."""
        return _cut(body, [each.split(".") for each in self.fields]) if self.fields else body


def _cut(value: Any, paths: Iterable[list[str]]) -> Any:
    paths = list(paths)
    if isinstance(value, list):
        return [_cut(each, paths) for each in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name in value:
        below = [path[1:] for path in paths if path[0] == name]
        if below:
            found[name] = value[name] if [] in below else _cut(value[name], below)
    return found


@cache
def _file() -> Mapping[str, Any]:
    found = files("templates").joinpath("shopify", "shopify.app.toml")
    return tomllib.loads(found.read_text("utf-8")) if found.is_file() else {}


def wishes() -> tuple[Wish, ...]:
    """Every topic that the app's file subscribes to."""
    written = _file().get("webhooks", {}).get("subscriptions", [])
    if not written:
        usual = [Wish(topic, WEBHOOKS) for topic in USUAL_TOPICS]
        return (*usual, *(Wish(topic, f"{WEBHOOKS}/compliance") for topic in COMPLIANCE_TOPICS))
    return tuple(
        Wish(topic, each["uri"], tuple(each.get("include_fields", ())), each.get("name", ""))
        for each in written
        for topic in (*each.get("topics", ()), *each.get("compliance_topics", ()))
    )


def scopes() -> tuple[str, ...]:
    """What the app's file asks the merchant for."""
    written = str(_file().get("access_scopes", {}).get("scopes", ""))
    return tuple(each.strip() for each in written.split(",") if each.strip()) or USUAL_SCOPES


def optional_scopes() -> tuple[str, ...]:
    """What the app may ask for later."""
    return tuple(_file().get("access_scopes", {}).get("optional_scopes", ()))


def proxy_path() -> tuple[str, str]:
    """Under which path of the shop the app proxy answers, and to which path of the app it leads."""
    written = _file().get("app_proxy", {})
    shown = f"/{written.get('prefix', 'apps')}/{written.get('subpath', 'shelfwise')}"
    return shown, str(written.get("url", "/shopify/proxy"))
