"""A first look at how a shop stands with the app: version, scopes, places, webhooks of its own, points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from connectors.errors import AccessLost, PlatformError
from connectors.shopify.api import API_VERSION
from connectors.shopify.graphql.client import Admin
from connectors.shopify.graphql.cost import ThrottleStatus
from connectors.shopify.scopes import OPTIONAL, missing
from connectors.shopify.shop_facts import ShopFacts, read_facts
from connectors.shopify.stock import LocationNode
from connectors.shopify.terms import ShopTerms

T = TypeVar("T")


class _Subscription(msgspec.Struct, frozen=True):
    topic: str
    uri: str


class _Subscriptions(msgspec.Struct, frozen=True):
    nodes: tuple[_Subscription, ...]


class _SubscriptionsAnswer(msgspec.Struct, frozen=True, rename="camel"):
    webhook_subscriptions: _Subscriptions


class _Policy(msgspec.Struct, frozen=True, rename="camel"):
    country_code: str | None = None
    region_code: str | None = None


class _PoliciesAnswer(msgspec.Struct, frozen=True, rename="camel"):
    consent_policy: tuple[_Policy, ...]


@dataclass(slots=True)
class Check:
    """What was found. None: that part could not be looked at, and why stands in `trouble`.

    served: the version of the API that answered. online: how many of the locations sell online. webhooks: those of
    this shop alone, besides what the app's own file subscribes to, as (topic, where to). consent: the regions whose
    visitors are asked before they are watched.
    """

    version: str = API_VERSION
    served: str = ""
    facts: ShopFacts | None = None
    locations: int | None = None
    online: int | None = None
    webhooks: tuple[tuple[str, str], ...] | None = None
    consent: tuple[str, ...] | None = None
    points: ThrottleStatus | None = None
    trouble: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """What the merchant has not granted of what the app asks for."""
        return missing(self.facts.scopes) if self.facts else ()

    @property
    def optional_missing(self) -> tuple[str, ...]:
        """The same, of what the app can do without."""
        return missing(self.facts.scopes, OPTIONAL) if self.facts else ()


def look(admin: Admin) -> Check:
    """Look at each part by itself; what can't be seen holds up nothing else. Raises AccessLost."""
    found = Check()
    found.facts = _part(found, "shop", lambda: read_facts(admin))
    locations = _part(found, "locations", lambda: ShopTerms(admin).locations)
    if locations is not None:
        found.locations, found.online = len(locations), sum(map(_sells_online, locations))
    found.webhooks = _part(found, "webhooks", lambda: _webhooks(admin))
    found.consent = _part(found, "consent", lambda: _consent(admin))
    found.served, found.points = admin.served_version, admin.bucket.status
    return found


def _part(found: Check, name: str, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except AccessLost:
        raise
    except PlatformError as error:
        found.trouble[name] = str(error)
        return None


def _sells_online(location: LocationNode) -> bool:
    return location.is_active and location.fulfills_online_orders


def _webhooks(admin: Admin) -> tuple[tuple[str, str], ...]:
    nodes = admin.run("webhook_subscriptions", {}, _SubscriptionsAnswer).webhook_subscriptions.nodes
    return tuple((each.topic, each.uri) for each in nodes)


def _consent(admin: Admin) -> tuple[str, ...]:
    policies = admin.run("consent_policy", {}, _PoliciesAnswer).consent_policy
    named = ("-".join(filter(None, (each.country_code, each.region_code))) for each in policies)
    return tuple(sorted({each or "everywhere" for each in named}))
