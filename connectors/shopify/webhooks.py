"""Shopify's webhooks and events, and what each of them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import msgspec

from connectors.base import Delivery
from connectors.errors import BadDelivery, BadSignature
from connectors.records import Change
from connectors.shopify.api import PLATFORM, is_shop
from connectors.shopify.deliveries.body import Body
from connectors.shopify.deliveries.events import KINDS, EventBody
from connectors.shopify.deliveries.topics import BODIES, COMPLIANCE_TOPICS, OUTLIVE_SHOP, STOCK_TOPICS
from connectors.shopify.headers import Headers
from connectors.shopify.signature import is_signed

# What a body says is tried out before it is kept, for which any time will do.
_ANY_TIME = datetime(2026, 10, 1, tzinfo=UTC)
EVENTS = frozenset(each.lower() for each in (*KINDS, "InventoryLevel"))


class ShopifyWebhooks:
    """Implements `connectors.base.Webhooks`."""

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivery:
        """The delivery, if its signature is right, with no more of its body than we use.

        A body that can't be read is kept as such (`unreadable`): Shopify would send the very same bytes again. Only a
        duty to a customer is refused then, so that somebody notices.
        """
        told = Headers.of(headers)
        if not is_signed(told.signature, body, secrets):
            raise BadSignature("the signature does not match the body")
        arrival = Delivery(PLATFORM, told.topic, told.required("webhook-id"), b"", triggered_at=told.triggered_at)
        try:
            read = _said(told, arrival.topic, body)
            if read is None:
                return arrival
            aggregate = read.aggregate
            read.changes(arrival.triggered_at or _ANY_TIME)
        except (BadDelivery, ValueError, OverflowError) as error:
            if arrival.topic in COMPLIANCE_TOPICS:
                raise BadDelivery(f"the body is not what this topic promises: {error}") from None
            return replace(arrival, unreadable=str(error))
        if is_shop(read.shop.lower()) and read.shop.lower() != told.shop:
            raise BadSignature("the body is about another shop")
        return replace(arrival, body=msgspec.json.encode(read), aggregate=aggregate)

    def shop_of(self, headers: Mapping[str, str]) -> str:
        """The shop's own domain at Shopify. Raises BadSignature where none is named."""
        return Headers.of(headers).shop

    def changes(self, topic: str, body: bytes, at: datetime) -> Sequence[Change]:
        """What a kept body says; nothing for a topic that we don't know."""
        kind = _kind(topic)
        if kind is None or not body:
            return ()
        try:
            return _read(kind, body).changes(at)
        except (ValueError, OverflowError) as error:
            raise BadDelivery(f"the body is not what this topic promises: {error}") from None

    def outlives_shop(self, topic: str) -> bool:
        """Duties to customers, and the leave-taking itself, which may come twice."""
        return topic in OUTLIVE_SHOP

    def is_stock(self, topic: str) -> bool:
        """Whether this topic can empty a shelf."""
        return _plain(topic) in STOCK_TOPICS


def _plain(topic: str) -> str:
    return topic.partition(":")[0]


def _kind(topic: str) -> type[Body] | None:
    """The type of a topic's body. Things of events are singular, of webhooks plural."""
    known = BODIES.get(_plain(topic))
    return EventBody if known is None and topic.partition("/")[0] in EVENTS else known


def _said(told: Headers, topic: str, body: bytes) -> Body | None:
    """As much of a body as we use; None where we use nothing of the topic."""
    kind = _kind(topic)
    if kind is None:
        return None
    read = _read(kind, body).kept()
    if isinstance(read, EventBody):
        resource, action = told.required("resource-id"), told.values.get("action", "")
        return msgspec.structs.replace(read, resource=resource, action=action)
    return read


@cache
def _decoder(kind: type[Body]) -> msgspec.json.Decoder[Body]:
    return msgspec.json.Decoder(kind)


def _read(kind: type[Body], body: bytes) -> Body:
    try:
        return _decoder(kind).decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadDelivery(str(error)) from None
