"""The Partner API, asked for one thing: the plan that a shop is on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Annotated

import msgspec

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM, App
from connectors.shopify.billing.addresses import partner_endpoint
from connectors.shopify.billing.calls import Wait, call
from connectors.shopify.graphql.answers import data_of, read, refusal
from connectors.shopify.graphql.documents import Document
from connectors.shopify.graphql.transport import Unanswered, open_session, post

Time = Annotated[datetime, msgspec.Meta(tz=True)]

NAME = "active_subscription"
WHAT = "reading the plan"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a shop agreed to pay for. plan: its handle; meters: handles of what is charged by use.

    trial_ends_at: None where there is no trial. period_ends_at: None while there is one. ending: it is not renewed.
    """

    plan: str
    meters: frozenset[str]
    trial_ends_at: datetime | None
    period_ends_at: datetime | None
    ending: bool


class Partner:
    """The Partner API of the organization that owns the app. token: needs the permission to manage apps."""

    def __init__(self, app: App, organization: str, token: str, *, wait: Wait = time.sleep) -> None:
        self._url = partner_endpoint(app, organization)
        self._token, self._wait = token, wait
        self._session = open_session()
        text = (files(__package__) / "operations" / f"{NAME}.graphql").read_text(encoding="utf-8")
        self._document = Document(NAME, text, is_mutation=False, repeatable=True, at_most={})

    def active_subscription(self, app_id: str, shop_id: str) -> Subscription | None:
        """A shop's subscription to the app; None where it agreed to none. The ids: Shopify's global ones.

        Raises PlatformError: a failure to read is never "no subscription".
        """
        wanted = {"appId": app_id, "shopId": shop_id}
        body = msgspec.json.encode({"query": self._document.text, "variables": wanted})
        answer = call(WHAT, lambda: post(self._session, self._url, body, self._token), self._wait)
        if answer.status != 200:
            reason = f"{_REASONS.get(answer.status, '')}HTTP {answer.status}"
            raise PlatformError(PLATFORM, f"{WHAT}: {reason}", retryable=False)
        found = self._data(answer.body).active_subscription
        return None if found is None else _subscription(found, wanted)

    def _data(self, body: bytes) -> _Data:
        try:
            said = read(body)
        except Unanswered as error:
            raise PlatformError(PLATFORM, f"{WHAT}: {error}", retryable=True) from None
        if refused := refusal(self._document, said):
            raise refused
        return data_of(self._document, said, _Data)


_REASONS = {
    401: "Shopify does not take SHELFWISE_SHOPIFY_PARTNER_TOKEN, ",
    403: "the Partner API client lacks the permission to manage apps, ",
    404: "there is no organization SHELFWISE_SHOPIFY_PARTNER_ID, or not this version of its API, ",
}


class _Reference(msgspec.Struct, frozen=True):
    id: str


class _Cycle(msgspec.Struct, frozen=True, rename="camel"):
    end_time: Time


class _Price(msgspec.Struct, frozen=True):
    kind: str = msgspec.field(name="__typename")


class _Item(msgspec.Struct, frozen=True):
    handle: str | None
    price: _Price


class _Active(msgspec.Struct, frozen=True, rename="camel"):
    app: _Reference
    shop: _Reference
    cancel_at_end_of_cycle: bool
    trial_ends_at: Time | None
    current_billing_cycle: _Cycle | None
    items: tuple[_Item, ...]


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    active_subscription: _Active | None


def _subscription(found: _Active, wanted: dict[str, str]) -> Subscription:
    if {"appId": found.app.id, "shopId": found.shop.id} != wanted:
        raise PlatformError(PLATFORM, f"{WHAT}: the answer is about another shop or app", retryable=False)
    plans = [each.handle or "" for each in found.items if each.price.kind == "FlatRatePrice"]
    meters = frozenset(each.handle or "" for each in found.items if each.price.kind == "TieredPrice")
    cycle = found.current_billing_cycle
    return Subscription(
        plan=next(iter(plans), ""),
        meters=meters - {""},
        trial_ends_at=found.trial_ends_at,
        period_ends_at=cycle.end_time if cycle else None,
        ending=found.cancel_at_end_of_cycle,
    )
