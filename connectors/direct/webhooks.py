"""Deliveries in our own format, and what each of them says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

import msgspec

from connectors.base import Delivery
from connectors.direct import payloads
from connectors.direct.signature import SIGNATURE_HEADER, is_signed
from connectors.errors import BadDelivery, BadSignature
from connectors.records import Change

PLATFORM = "direct"
TOPIC_HEADER = "X-Shelfwise-Topic"
DELIVERY_HEADER = "X-Shelfwise-Delivery-Id"
TIME_HEADER = "X-Shelfwise-Triggered-At"
MAX_ID = 200

P = TypeVar("P", bound=payloads.Payload)
Reader = Callable[[bytes], payloads.Payload]


def _reader(kind: type[P]) -> Reader:
    decoder = msgspec.json.Decoder(kind)

    def read(body: bytes) -> P:
        # Text with a null character can't be kept by every database.
        if b"\\u0000" in body:
            raise BadDelivery("the body holds a null character")
        try:
            payload = decoder.decode(body)
            payload.changes()
        except (msgspec.MsgspecError, ValueError) as error:
            raise BadDelivery(f"the body is not what this topic promises: {error}") from None
        return payload

    return read


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "product.updated": _reader(payloads.ProductPayload),
        "product.removed": _reader(payloads.ProductRemoved),
        "inventory.updated": _reader(payloads.InventoryPayload),
        "order.created": _reader(payloads.OrderPayload),
        "order.updated": _reader(payloads.OrderPayload),
        "order.removed": _reader(payloads.OrderRemoved),
        "refund.created": _reader(payloads.RefundPayload),
        "customer.erased": _reader(payloads.CustomerErased),
    }
)
STOCK_TOPICS = frozenset({"inventory.updated", "product.updated", "product.removed"})


class DirectWebhooks:
    """Implements `connectors.base.Webhooks`."""

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivery:
        """The delivery, if its signature is right; see `connectors.base.Webhooks.verify`."""
        folded = {name.lower(): value for name, value in headers.items()}
        if not is_signed(folded.get(SIGNATURE_HEADER.lower(), ""), body, secrets):
            raise BadSignature(f"{SIGNATURE_HEADER} does not match the body")
        topic, key = (_required(folded, name) for name in (TOPIC_HEADER, DELIVERY_HEADER))
        reader = READERS.get(topic)
        aggregate = reader(body).aggregate if reader else ""
        # Of a topic that we don't know nothing is used.
        used = body if reader else b""
        return Delivery(PLATFORM, topic, key, used, aggregate, _moment(folded.get(TIME_HEADER.lower(), "")))

    def shop_of(self, headers: Mapping[str, str]) -> str:
        """The address names the shop."""
        return ""

    def changes(self, topic: str, body: bytes, at: datetime) -> Sequence[Change]:
        """What the body says; nothing for a topic that we don't know."""
        reader = READERS.get(topic)
        return () if reader is None else reader(body).changes()

    def outlives_shop(self, topic: str) -> bool:
        """A shop that has left has nothing more to say."""
        return False

    def is_stock(self, topic: str) -> bool:
        """Whether this topic can empty a shelf."""
        return topic in STOCK_TOPICS


def _required(folded: Mapping[str, str], name: str) -> str:
    value = folded.get(name.lower(), "").strip()
    if not value or len(value) > MAX_ID or not value.isprintable():
        raise BadDelivery(f"{name} is missing, too long or not printable")
    return value


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return payloads.in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BadDelivery(f"{TIME_HEADER} is not an ISO 8601 time with its offset: {text[:40]!r}") from None
