"""The headers of a delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from connectors.errors import BadDelivery

PREFIX = "x-wc-webhook-"
NO_TOPIC = "unknown"

_TOPIC = re.compile(r"[a-z][a-z0-9_-]{0,60}\.[a-z0-9_.-]{1,64}", re.ASCII)
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Headers:
    """WooCommerce's headers of a request, without their prefix. Names in any case. None of them is signed."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """Those of the headers that are WooCommerce's."""
        folded = ((name.lower(), value.strip()) for name, value in headers.items())
        return cls({name.removeprefix(PREFIX): value for name, value in folded if name.startswith(PREFIX)})

    @property
    def signature(self) -> str:
        """The signature; "" where there is none."""
        return self.values.get("signature", "")

    @property
    def topic(self) -> str:
        """Such as "product.updated". Raises BadDelivery where none is named, or where the other headers disagree."""
        topic = self.values.get("topic", "").lower()
        if not _TOPIC.fullmatch(topic):
            raise BadDelivery("X-WC-Webhook-Topic is missing, or is none")
        resource, _, event = topic.partition(".")
        for name, meant in (("resource", resource), ("event", event)):
            if self.values.get(name, meant).lower() != meant:
                raise BadDelivery(f"X-WC-Webhook-{name.title()} is not that of the topic {topic}")
        return topic

    @property
    def name(self) -> str:
        """What tells the delivery from others, together with its body: a webhook sends one at a time in a second.

        The delivery's own id is made of the webhook's and the second, and is not enough. The body isn't either: a thing
        that is deleted twice is deleted with the very same bytes.
        """
        return "\n".join(self.values.get(each, "")[:200] for each in ("id", "topic", "delivery-id"))


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether it is what WooCommerce sends when a webhook is made: unsigned, and without any of its headers."""
    return _PING.fullmatch(body) is not None and not any(name.lower().startswith(PREFIX) for name in headers)
