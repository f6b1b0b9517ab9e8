"""Sends webhooks as Shopify does: signed, again after a failure, in whatever order, and now and then twice."""

from __future__ import annotations

import base64
import hmac
import json
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from hashlib import sha256
from typing import Any

import requests

from demo.shopify.app_file import COMPLIANCE_TOPICS, Wish, wishes
from demo.shopify.bodies import body_of
from demo.shopify.graphql.schema import VERSION
from demo.shopify.state import PlayedShop
from demo.shopify.things import Happening, Subscription

# Seconds until the next try, eight times over four hours; `pace` makes them shorter.
BACKOFF = (60, 120, 300, 600, 1200, 2400, 3600, 6000)
CONNECT_SECONDS, ANSWER_SECONDS = 1.0, 5.0
KEPT = 5000
CLASSIC = "X-Shopify-"

# Takes an address, headers and a body; gives the status of the answer.
Post = Callable[[str, Mapping[str, str], bytes], int]


@dataclass(slots=True)
class Sent:
    """A webhook, and how it was answered: statuses in order, 0 where nobody answered in time."""

    shop: str
    topic: str
    address: str
    headers: dict[str, str]
    body: bytes
    own: Subscription | None = None
    answers: list[int] = field(default_factory=list)
    due: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether it was answered as it should."""
        return bool(self.answers) and 200 <= self.answers[-1] < 300

    @property
    def webhook_id(self) -> str:
        """What a repeat shares with it."""
        return next(value for name, value in self.headers.items() if name.lower().endswith("webhook-id"))


class Webhooks:
    """All webhooks of a platform. Switches may be set at any time.

    pace: how much faster than Shopify failures are tried again. double: send each twice. disorder: shuffle what waits.
    held: keep everything back. generation: the family of headers. secret: what they are signed with.
    """

    def __init__(self, secret: Callable[[], str], app_url: Callable[[], str], *, pace: float = 0.0005) -> None:
        self._secret, self._app_url = secret, app_url
        self.pace, self.generation = pace, CLASSIC
        self.double = self.disorder = self.held = False
        self.delay_seconds = 0.0
        self.sent: deque[Sent] = deque(maxlen=KEPT)
        self.post: Post = _Http().post
        self.wishes: tuple[Wish, ...] = wishes()
        self._shops: dict[str, PlayedShop] = {}
        self._waiting: list[Sent] = []
        self._sending = 0
        self._changed = threading.Condition()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def listen(self, shop: PlayedShop) -> None:
        """Tell the app of what happens in a shop from now on."""
        self._shops[shop.domain] = shop
        shop.listeners.append(lambda happened: self._happened(shop, happened))

    def send(self, shop: PlayedShop, happened: Happening, *, body: Any = None) -> None:
        """Send what the app's subscriptions want of something that happened. body: instead of the usual one."""
        own = [each for each in shop.subscriptions.values() if each.topic == happened.topic]
        wanted = [(each, None) for each in self.wishes if each.topic == happened.topic]
        for wish, subscription in [*wanted, *((Wish.of(each), each) for each in own)]:
            whole = body if body is not None else body_of(shop, happened)
            self._queue(shop, happened, wish, subscription, json.dumps(wish.cut(whole)).encode())

    def wait(self, seconds: float = 10.0) -> None:
        """Until everything was taken or given up. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting and not self._sending, seconds):
                raise TimeoutError(f"{len(self._waiting)} webhooks still wait")

    def release(self) -> None:
        """Send what was held back."""
        with self._changed:
            self.held = False
            self._changed.notify_all()

    def close(self) -> None:
        """Send no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def again(self, sent: Sent) -> None:
        """Send one again, as after an answer that was lost on its way."""
        with self._changed:
            self._put(sent, 0.0)

    def _happened(self, shop: PlayedShop, happened: Happening) -> None:
        if shop.installation is not None or happened.topic in COMPLIANCE_TOPICS:
            self.send(shop, happened)

    def _queue(self, shop: PlayedShop, happened: Happening, wish: Wish, own: Subscription | None, body: bytes) -> None:
        address = wish.uri if "://" in wish.uri else self._app_url().rstrip("/") + wish.uri
        headers = self._headers(shop, happened, wish, body)
        with self._changed:
            for _ in range(2 if self.double else 1):
                sent = Sent(shop.domain, happened.topic, address, headers, body, own)
                self.sent.append(sent)
                self._put(sent, self.delay_seconds)

    def _put(self, sent: Sent, seconds: float) -> None:
        sent.due = time.monotonic() + seconds
        self._waiting.append(sent)
        if not self._threads:
            self._threads = [threading.Thread(target=self._work, daemon=True)]
            self._threads[0].start()
        self._changed.notify_all()

    def _headers(self, shop: PlayedShop, happened: Happening, wish: Wish, body: bytes) -> dict[str, str]:
        digest = hmac.new(self._secret().encode(), body, sha256).digest()
        said = {
            "Topic": happened.topic,
            "Hmac-Sha256": base64.b64encode(digest).decode(),
            "Shop-Domain": shop.domain,
            "API-Version": VERSION,
            "Webhook-Id": str(uuid.uuid4()),
            "Event-Id": happened.action,
            "Triggered-At": happened.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
            **({"Name": wish.name} if wish.name else {}),
        }
        named = {f"{self.generation}{name}": value for name, value in said.items()}
        return {**named, "Content-Type": "application/json", "User-Agent": "Shopify-Captain-Hook"}

    def _work(self) -> None:
        while (sent := self._next()) is not None:
            try:
                status = self.post(sent.address, sent.headers, sent.body)
            except requests.RequestException:
                status = 0
            sent.answers.append(status)
            with self._changed:
                self._sending -= 1
                self._judge(sent)
                self._changed.notify_all()

    def _next(self) -> Sent | None:
        """The next that is due; None once there will be no more."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                due = [] if self.held else [each for each in self._waiting if each.due <= now]
                if due:
                    chosen = random.choice(due) if self.disorder else due[0]
                    self._waiting.remove(chosen)
                    self._sending += 1
                    return chosen
                soonest = min((each.due - now for each in self._waiting), default=None)
                self._changed.wait(None if self.held or soonest is None else max(soonest, 0.001))
        return None

    def _judge(self, sent: Sent) -> None:
        """Decide what becomes of one that was not taken; a subscription of the app's own ends with it."""
        if sent.taken:
            return
        if len(sent.answers) <= len(BACKOFF):
            self._put(sent, BACKOFF[len(sent.answers) - 1] * self.pace)
        elif sent.own is not None:
            self._shops[sent.shop].subscriptions.pop(sent.own.id, None)


class _Http:
    """Connections that are kept open, one set for each thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def post(self, address: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer; a redirection is an answer like any other."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        answer = session.post(
            address, data=body, headers=headers, timeout=(CONNECT_SECONDS, ANSWER_SECONDS), allow_redirects=False
        )
        return int(answer.status_code)
