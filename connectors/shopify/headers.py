"""The headers of a delivery: those of webhooks (X-Shopify-...) and those of events (Shopify-...), read as one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.errors import BadDelivery, BadSignature
from connectors.shopify.api import is_shop

FAMILIES = ("x-shopify-", "shopify-")
MAX_LENGTH = 200

# Nine places of a second are usual; Python keeps six.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 2000, 2200


@dataclass(frozen=True, slots=True)
class Headers:
    """Shopify's headers of a request, without their family's prefix. Names in any case."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Headers:
        """Raises BadSignature where both families name one thing: which of them was meant can't be known."""
        values: dict[str, str] = {}
        for name, value in headers.items():
            folded = name.lower()
            prefix = next((each for each in FAMILIES if folded.startswith(each)), None)
            if prefix is None:
                continue
            if folded.removeprefix(prefix) in values:
                raise BadSignature("the headers contradict each other")
            values[folded.removeprefix(prefix)] = value
        return cls(values)

    @property
    def signature(self) -> str:
        """The signature; "" where there is none."""
        return self.values.get("hmac-sha256", "")

    @property
    def shop(self) -> str:
        """The shop's domain, in lower case. Raises BadSignature where none is named: nobody signs for nobody."""
        domain = self.values.get("shop-domain", "").strip().lower()
        if not is_shop(domain):
            raise BadSignature("no shop is named")
        return domain

    @property
    def topic(self) -> str:
        """Such as "products/update"; of an event its topic and action; with the sub-topic, if any, after a colon."""
        topic = self.required("topic")
        if action := self.values.get("action", "").strip():
            topic = f"{topic}/{action}" if "/" not in topic else topic
        sub_topic = self.values.get("sub-topic", "").strip()
        return _sound("topic", (f"{topic}:{sub_topic}" if sub_topic else topic).lower(), 128)

    @property
    def is_event(self) -> bool:
        """Whether it is an event and not a webhook: its body is GraphQL-shaped."""
        return "/" not in self.values.get("topic", "")

    @property
    def triggered_at(self) -> datetime | None:
        """When it happened; None where that is not said. Raises BadDelivery."""
        text = self.values.get("triggered-at", "").strip()
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
        except ValueError:
            moment = None
        if moment is None or not _FIRST_YEAR <= moment.year < _LAST_YEAR:
            raise BadDelivery("X-Shopify-Triggered-At is not an ISO 8601 time with its offset")
        return moment.astimezone(UTC)

    def required(self, name: str) -> str:
        """A header's value. Raises BadDelivery where it is missing or can't be meant."""
        return _sound(name, self.values.get(name, "").strip(), MAX_LENGTH)


def _sound(name: str, value: str, longest: int) -> str:
    if not value or len(value) > longest or not (value.isascii() and value.isprintable()):
        raise BadDelivery(f"X-Shopify-{name.title()} is missing, too long or not printable")
    return value
