"""Delivers webhooks as WooCommerce does: later, once, with the body of the moment, and never again after a failure."""

from __future__ import annotations

import base64
import hmac
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import md5, sha256

import requests

from demo.woocommerce.bodies.common import Body, as_php
from demo.woocommerce.bodies.orders import order_body
from demo.woocommerce.bodies.others import coupon_body
from demo.woocommerce.bodies.people import customer_body
from demo.woocommerce.bodies.products import product_body
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Happening, Webhook

# So many failures in a row are forgiven; the next one disables the webhook.
FORGIVEN = 6
ANSWER_SECONDS = 60.0
KEPT = 5000

# Takes an address, headers and a body; gives the status of the answer.
Post = Callable[[str, Mapping[str, str], bytes], int]


@dataclass(slots=True)
class Sent:
    """A message that left the shop, and how it was answered: 0 where nobody answered. webhook: 0 for the plugin's."""

    webhook: int
    topic: str
    address: str
    headers: dict[str, str]
    body: bytes
    status: int = 0

    @property
    def taken(self) -> bool:
        """Whether WooCommerce takes the answer for a success: a redirection is one."""
        return 200 <= self.status < 400


class Sender:
    """The shop's Action Scheduler. Switches may be set at any time.

    automatic: whether what is due is sent by itself; else `deliver` does it. delay_seconds: how late WP-Cron is.
    lost: so many of the next deliveries vanish. disorder: what waits is sent in any order.
    """

    def __init__(self, shop: PlayedShop) -> None:
        self._shop = shop
        self.automatic = False
        self.delay_seconds = 0.0
        self.lost = 0
        self.disorder = False
        self.sent: deque[Sent] = deque(maxlen=KEPT)
        self.post: Post = _post
        self._waiting: dict[tuple[int, str, int], float] = {}
        self._messages: deque[Sent] = deque()
        self._working = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        shop.listeners.append(self._happened)

    def _happened(self, happened: Happening) -> None:
        """Queue a delivery for each webhook that wants it: one that still waits stands for this one too."""
        wanting = [
            each for each in self._shop.webhooks.values() if each.topic == happened.topic and each.status == "active"
        ]
        with self._changed:
            for each in wanting:
                self._waiting.setdefault((each.id, each.topic, happened.id), time.monotonic() + self.delay_seconds)
            self._wake()

    def message(self, sent: Sent) -> None:
        """Send something of the plugin's: not held up by WP-Cron."""
        with self._changed:
            self._messages.append(sent)
            self._wake()

    def ping(self, webhook: Webhook) -> int:
        """What WooCommerce sends at once when a webhook is made: a form without a signature."""
        headers = {**self._agent(), "Content-Type": "application/x-www-form-urlencoded"}
        body = f"webhook_id={webhook.id}".encode()
        sent = self._send(Sent(webhook.id, "ping", webhook.delivery_url, headers, body))
        return sent.status

    def deliver(self) -> list[Sent]:
        """Send all that waits, due or not, and say what became of it."""
        found = []
        while (sent := self._next(everything=True)) is not None:
            found.append(sent)
        return found

    def again(self, sent: Sent) -> int:
        """Send the same bytes once more, as somebody who recorded them could."""
        return self._send(Sent(sent.webhook, sent.topic, sent.address, sent.headers, sent.body)).status

    def wait(self, seconds: float = 10.0) -> None:
        """Until nothing is left to send. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: not self._waiting and not self._messages and not self._working, seconds
            ):
                raise TimeoutError(f"{len(self._waiting)} webhooks still wait")

    def start(self) -> None:
        """Send by itself from now on, in a thread."""
        self.automatic = True
        with self._changed:
            self._wake()

    def close(self) -> None:
        """Send no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def sign(self, secret: str, body: bytes) -> str:
        """The signature of a body."""
        return base64.b64encode(hmac.new(secret.encode(), body, sha256).digest()).decode()

    def _wake(self) -> None:
        if self.automatic and self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        while not self._stopped():
            if self._next(everything=False) is None:
                with self._changed:
                    now = time.monotonic()
                    soonest = min((due - now for due in self._waiting.values()), default=None)
                    if not self._stopped() and not self._messages:
                        self._changed.wait(None if soonest is None else max(soonest, 0.001))

    def _stopped(self) -> bool:
        return self._closed

    def _next(self, *, everything: bool) -> Sent | None:
        """Send the next that is due; None where nothing is."""
        with self._changed:
            message = self._messages.popleft() if self._messages else None
            chosen = self._due(everything=everything) if message is None else None
            if message is None and chosen is None:
                return None
            if chosen is not None:
                del self._waiting[chosen]
            self._working += 1
        try:
            return self._send(message) if message is not None else self._deliver(chosen)
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def _due(self, *, everything: bool) -> tuple[int, str, int] | None:
        """What is to be delivered next, the longest waiting first."""
        if everything and self._waiting:
            return random.choice(list(self._waiting)) if self.disorder else next(iter(self._waiting))
        now = time.monotonic()
        due = (key for key, at in self._waiting.items() if at <= now)
        if self.disorder:
            every = list(due)
            return random.choice(every) if every else None
        return next(due, None)

    def _deliver(self, key: tuple[int, str, int] | None) -> Sent:
        assert key is not None
        number, topic, thing = key
        with self._shop.lock:
            webhook = self._shop.webhooks.get(number)
            if webhook is None or webhook.status != "active":
                return Sent(number, topic, "", {}, b"", 0)
            body = as_php(body_of(self._shop, topic, thing))
            sent = Sent(number, topic, webhook.delivery_url, self._headers(webhook, body), body)
        if self.lost > 0:
            self.lost -= 1
            return sent
        self._send(sent)
        self._judge(webhook, sent)
        return sent

    def _judge(self, webhook: Webhook, sent: Sent) -> None:
        """Count failures in a row: nothing is sent again, and the seventh disables the webhook."""
        with self._shop.lock:
            if sent.taken:
                webhook.failures = 0
            elif webhook.failures >= FORGIVEN:
                webhook.status, webhook.modified = "disabled", self._shop.clock()
            else:
                webhook.failures += 1

    def _headers(self, webhook: Webhook, body: bytes) -> dict[str, str]:
        resource, _, event = webhook.topic.partition(".")
        second = int(self._shop.clock().timestamp())
        # Of the webhook and the second alone: different things of one second share it.
        delivery = md5(f"{webhook.id}{second}".encode(), usedforsecurity=False).hexdigest()
        return {
            **self._agent(),
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self._shop.address}/",
            "X-WC-Webhook-Topic": webhook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": self.sign(webhook.secret, body),
            "X-WC-Webhook-ID": str(webhook.id),
            "X-WC-Webhook-Delivery-ID": delivery,
            "Connection": "close",
        }

    def _agent(self) -> dict[str, str]:
        agent = f"WooCommerce/{self._shop.version} Hookshot (WordPress/{self._shop.wordpress})"
        return {"User-Agent": agent, "Accept": "*/*", "Accept-Encoding": "deflate, gzip, br, zstd"}

    def _send(self, sent: Sent) -> Sent:
        try:
            sent.status = self.post(sent.address, sent.headers, sent.body)
        except requests.RequestException:
            sent.status = 0
        self.sent.append(sent)
        return sent


def body_of(shop: PlayedShop, topic: str, thing: int) -> Body:
    """What a delivery carries: built when it is sent. What can't be read then is told as REST's error."""
    resource, _, event = topic.partition(".")
    if event == "deleted":
        return {"id": thing}
    if resource == "product" and thing in shop.products:
        return product_body(shop, shop.products[thing])
    if resource == "order" and thing in shop.orders:
        return order_body(shop, shop.orders[thing])
    if resource == "customer" and thing in shop.customers:
        return customer_body(shop, shop.customers[thing])
    if resource == "coupon" and thing in shop.coupons:
        return coupon_body(shop, shop.coupons[thing])
    kinds = {"product": "product_", "order": "shop_order_", "coupon": "shop_coupon_"}
    code = f"woocommerce_rest_{kinds.get(resource, '')}invalid_id"
    return {"code": code, "message": "Invalid ID.", "data": {"status": 404}}


def _post(address: str, headers: Mapping[str, str], body: bytes) -> int:
    """The status of the answer; a redirection is an answer like any other."""
    answer = requests.post(address, data=body, headers=dict(headers), timeout=ANSWER_SECONDS, allow_redirects=False)
    return int(answer.status_code)
