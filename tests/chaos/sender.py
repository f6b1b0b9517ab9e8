"""Shops that send signed deliveries as platforms do: again until answered, doubled, late, out of order; and forgers."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.webhooks import _body as shopify_body
from benchmarks.wire import Client, post_bytes
from connectors.direct import sign
from connectors.shopify.signature import sign as shopify_sign

START = datetime(2026, 6, 1, tzinfo=UTC)
PRODUCTS = 24
AGAIN_SECONDS, MOST_ATTEMPTS = 0.2, 600
MOST_DELIVERIES = 500_000
SHOPIFY, SHOPIFY_SECRET = "chaos.myshopify.com", "shpss_made_up"


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery. shop: its key. key: the platform's id of it. at: the time that it tells."""

    shop: str
    platform: str
    key: str
    at: datetime
    path: str
    headers: Mapping[str, str]
    body: bytes

    def request(self) -> bytes:
        """The bytes to send."""
        return post_bytes(self.path, self.body, self.headers)


@dataclass
class Sender(threading.Thread):
    """One shop's traffic, one delivery after another. Of its own products it alone knows what is in stock."""

    port: int
    shop: str
    secret: str
    number: int
    seed: int
    stop: threading.Event
    on_shopify: bool = False
    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    forged: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    retries: int = 0
    repeats: int = 0
    gone: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._draw = random.Random(self.seed * 100 + self.number)
        self._client = Client(self.port)
        self._count = 0
        self._late: list[Sent] = []

    def __hash__(self) -> int:
        return id(self)

    def fill(self) -> None:
        """Tell of all products once, each in stock."""
        for place in range(PRODUCTS):
            self._deliver(self._product(place) if not self.on_shopify else self._on_shopify("products/update"))
            if not self.on_shopify:
                self._deliver(self.level(place, 5))

    def run(self) -> None:
        """Send until told to stop."""
        while not self.stop.is_set() and self._count < MOST_DELIVERIES:
            self._round()
        for late in self._late:
            self._deliver(late)
        self._client.close()

    def _round(self) -> None:
        draw = self._draw.random()
        if self.on_shopify:
            self._deliver(self._on_shopify(self._draw.choice(["orders/create", "orders/updated", "products/update"])))
        elif draw < 0.3:
            self._empty_and_fill()
        elif draw < 0.75:
            self._some(self._order() if draw < 0.65 else self._refund())
        elif draw < 0.9:
            self._some(self._product(self._draw.randrange(PRODUCTS)))
        elif draw < 0.95:
            self._some(self._removed_order())
        else:
            self._forge()
        if self._late and self._draw.random() < 0.1:
            self._deliver(self._late.pop(self._draw.randrange(len(self._late))))
        time.sleep(self._draw.random() * 0.01)

    def _some(self, delivery: Sent) -> None:
        """Sent at once, or later, or twice."""
        draw = self._draw.random()
        if draw < 0.15:
            self._late.append(delivery)
            return
        self._deliver(delivery)
        if draw > 0.85:
            self.repeats += 1
            self._deliver(delivery)

    def _empty_and_fill(self) -> None:
        place = self._draw.randrange(PRODUCTS)
        old, emptying = self.level(place, self._draw.randint(1, 9)), self.level(place, 0)
        self._deliver(emptying)
        gone_from = time.monotonic()
        self._deliver(old)
        if self._draw.random() < 0.5:
            self.repeats += 1
            self._deliver(emptying)
        time.sleep(self._draw.random() * 0.1)
        self.gone.setdefault(place, []).append((gone_from, time.monotonic()))
        self._deliver(self.level(place, self._draw.randint(1, 9)))

    def _deliver(self, delivery: Sent) -> None:
        """Send until it is answered, as a platform does."""
        self.sent[delivery.key] = delivery
        for _ in range(MOST_ATTEMPTS):
            try:
                status, answer = self._client.send(delivery.request())
            except (OSError, ValueError):
                status, answer = 0, b""
            if status == 200:
                self.acknowledged.add(delivery.key)
                return
            if 0 < status < 500:
                self.wrong.append(f"{delivery.key}: {status} {answer[:200]!r}")
                return
            self.retries += 1
            time.sleep(AGAIN_SECONDS)
        self.wrong.append(f"{delivery.key} was never taken")

    def _forge(self) -> None:
        key = f"{self.shop}-forged-{len(self.forged)}"
        body = self.level(0, 1_000).body
        told = {"Topic": "inventory.updated", "Delivery-Id": key, "Signature": sign("guessed", body)}
        headers = {f"X-Shelfwise-{name}": value for name, value in told.items()}
        self.forged.append(key)
        try:
            status, _ = self._client.send(post_bytes(f"/webhooks/direct/{self.shop}", body, headers))
        except (OSError, ValueError):
            return
        if status < 500 and status != 401:
            self.wrong.append(f"a forged delivery was answered {status}")

    def _at(self) -> datetime:
        self._count += 1
        return START + timedelta(seconds=self._count)

    def _product(self, place: int) -> Sent:
        at = self._at()
        variant = {"id": f"v{place}", "price": "9.50", "inventory_item": f"i{place}", "tracked": True}
        told = {"id": f"p{place}", "title": f"Product {at:%H%M%S}", "currency": "GBP", "variants": [variant]}
        return self._direct("product.updated", at, {**told, "published_at": START.isoformat()})

    def level(self, place: int, pieces: int) -> Sent:
        """So many pieces of a product."""
        return self._direct(
            "inventory.updated", self._at(), {"inventory_item": f"i{place}", "location": "shop", "available": pieces}
        )

    def _order(self) -> Sent:
        at, place = self._at(), self._draw.randrange(PRODUCTS)
        line = {"id": "1", "product": f"p{place}", "variant": f"v{place}", "quantity": 1, "unit_price": "9.50"}
        number = self._draw.randrange(max(40, self._count // 3))
        told = {"id": f"o{number}", "ordered_at": START.isoformat(), "currency": "GBP", "lines": [line]}
        return self._direct("order.updated", at, {**told, "customer": f"c{number % 50}"})

    def _removed_order(self) -> Sent:
        return self._direct("order.removed", self._at(), {"id": f"o{self._draw.randrange(max(40, self._count // 3))}"})

    def _refund(self) -> Sent:
        at, place = self._at(), self._draw.randrange(PRODUCTS)
        line = {"product": f"p{place}", "variant": f"v{place}", "quantity": 1}
        told = {"id": f"r{self._count}", "order": "", "refunded_at": at.isoformat(), "currency": "GBP"}
        return self._direct("refund.created", at, {**told, "lines": [line]})

    def _direct(self, topic: str, at: datetime, told: Mapping[str, Any]) -> Sent:
        body = json.dumps({**told, "updated_at": at.isoformat()}).encode()
        key = f"{self.shop}-{self._count}"
        headers = {"Topic": topic, "Delivery-Id": key, "Signature": sign(self.secret, body)}
        named = {f"X-Shelfwise-{name}": value for name, value in headers.items()}
        return Sent(self.shop, "direct", key, at, f"/webhooks/direct/{self.shop}", named, body)

    def _on_shopify(self, topic: str) -> Sent:
        at = self._at()
        told = shopify_body(topic, self._count, self._draw.randrange(1, PRODUCTS), at, self._draw)
        body = json.dumps(told).encode()
        key = f"{self.shop}-{self._count}"
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": shopify_sign(SHOPIFY_SECRET, body),
            "X-Shopify-Shop-Domain": SHOPIFY,
            "X-Shopify-Webhook-Id": key,
            "X-Shopify-Triggered-At": at.isoformat().replace("+00:00", "Z"),
        }
        return Sent(self.shop, "shopify", key, at, "/webhooks/shopify", headers, body)
