"""WooCommerce's webhooks and the plugin's messages, and what each of them says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import msgspec

from connectors.base import Delivery
from connectors.errors import BadDelivery, BadSignature, Ping
from connectors.records import Change
from connectors.woocommerce.body import Body, text
from connectors.woocommerce.deliveries.topics import BODIES, STOCK_TOPICS
from connectors.woocommerce.headers import NO_TOPIC, Headers, is_ping
from connectors.woocommerce.signature import is_signed

PLATFORM = "woocommerce"
# What a body says is tried out before it is kept, for which any time will do.
_ANY_TIME = datetime(2026, 11, 1, tzinfo=UTC)


class Failure(msgspec.Struct, frozen=True):
    """An error of the REST API, which WooCommerce signs and sends where it can't read the thing itself any more."""

    code: str
    message: str


class WooCommerceWebhooks:
    """Implements `connectors.base.Webhooks`."""

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivery:
        """The delivery, if its signature is right, with no more of its body than we use.

        Whatever is wrong with it then, it is kept as such (`unreadable`): WooCommerce sends nothing twice, and turns a
        webhook off whose answers are errors. Raises Ping for the unsigned trial of a webhook that is being made.
        """
        if is_ping(headers, body):
            raise Ping("a new webhook was tried out")
        told = Headers.of(headers)
        if not is_signed(told.signature, body, secrets):
            raise BadSignature("the signature does not match the body")
        key = hashlib.sha256(told.name.encode("utf-8", "replace") + b"\n" + body).hexdigest()
        arrival = Delivery(PLATFORM, NO_TOPIC, key, b"")
        try:
            arrival = replace(arrival, topic=told.topic)
            read = _said(arrival.topic, body)
            if read is None:
                return arrival
            read.changes(_ANY_TIME)
            return replace(arrival, body=msgspec.json.encode(read), aggregate=read.aggregate)
        except (BadDelivery, ValueError, OverflowError) as error:
            return replace(arrival, unreadable=_failure(body) or str(error))

    def shop_of(self, headers: Mapping[str, str]) -> str:
        """The address names the shop: what the headers say of it changes with how WordPress was called."""
        return ""

    def changes(self, topic: str, body: bytes, at: datetime) -> Sequence[Change]:
        """What a kept body says; nothing for a topic that we don't know."""
        kind = BODIES.get(topic)
        if kind is None or not body:
            return ()
        try:
            return _read(kind, body).changes(at)
        except (ValueError, OverflowError) as error:
            raise BadDelivery(f"the body is not what this topic promises: {error}") from None

    def outlives_shop(self, topic: str) -> bool:
        """A shop that has left has nothing more to say."""
        return False

    def is_stock(self, topic: str) -> bool:
        """Whether this topic can empty a shelf."""
        return topic in STOCK_TOPICS


def _said(topic: str, body: bytes) -> Body | None:
    """As much of a body as we use; None where we use nothing of the topic."""
    kind = BODIES.get(topic)
    return None if kind is None else _read(kind, body).kept()


def _failure(body: bytes) -> str:
    """What kept WooCommerce from telling of the thing; "" where it is something else that is wrong."""
    try:
        failed = msgspec.json.decode(body, type=Failure)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return f"the shop could not read the thing itself any more: {text(failed.code, 100)}"


@cache
def _decoder(kind: type[Body]) -> msgspec.json.Decoder[Body]:
    return msgspec.json.Decoder(kind)


def _read(kind: type[Body], body: bytes) -> Body:
    try:
        return _decoder(kind).decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadDelivery(str(error)) from None
