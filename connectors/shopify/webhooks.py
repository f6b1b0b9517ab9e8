"""Shopify's webhooks and events, and what each of them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

import msgspec

from connectors.base import Delivery
from connectors.errors import BadDelivery, BadSignature
from connectors.records import Change
from connectors.shopify.api import PLATFORM, is_shop
from connectors.shopify.deliveries import BODIES, COMPLIANCE_TOPICS, OUTLIVE_SHOP, STOCK_TOPICS
from connectors.shopify.deliveries.body import Body
from connectors.shopify.headers import Headers
from connectors.shopify.signature import is_signed


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
        topic = told.topic
        arrival = Delivery(PLATFORM, topic, told.required("webhook-id"), b"", triggered_at=told.triggered_at)
        kind = BODIES.get(_plain(topic))
        if kind is None:
            return arrival
        try:
            read = _read(kind, body)
            aggregate = read.aggregate
        except BadDelivery as error:
            if topic in COMPLIANCE_TOPICS:
                raise
            return replace(arrival, unreadable=str(error))
        if is_shop(read.shop.lower()) and read.shop.lower() != told.shop:
            raise BadSignature("the body is about another shop")
        return replace(arrival, body=msgspec.json.encode(read), aggregate=aggregate)

    def shop_of(self, headers: Mapping[str, str]) -> str:
        """The shop's own domain at Shopify. Raises BadSignature where none is named."""
        return Headers.of(headers).shop

    def changes(self, topic: str, body: bytes, at: datetime) -> Sequence[Change]:
        """What a kept body says; nothing for a topic that we don't know."""
        kind = BODIES.get(_plain(topic))
        if kind is None:
            return ()
        try:
            return _read(kind, body).changes(at)
        except (ValueError, OverflowError) as error:
            raise _unreadable(error) from None

    def outlives_shop(self, topic: str) -> bool:
        """Duties to customers, and the leave-taking itself, which may come twice."""
        return topic in OUTLIVE_SHOP

    def is_stock(self, topic: str) -> bool:
        """Whether this topic can empty a shelf."""
        return _plain(topic) in STOCK_TOPICS


def _plain(topic: str) -> str:
    return topic.partition(":")[0]


@cache
def _decoder(kind: type[Body]) -> msgspec.json.Decoder[Body]:
    return msgspec.json.Decoder(kind)


def _read(kind: type[Body], body: bytes) -> Body:
    try:
        return _decoder(kind).decode(body)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> BadDelivery:
    return BadDelivery(f"the body is not what this topic promises: {error}")
