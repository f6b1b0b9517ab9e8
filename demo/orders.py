"""Buying in the demo shop: the till takes the pieces, then signed webhooks tell Shelfwise, as any shop's would."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from connectors.direct import SIGNATURE_HEADER, sign
from demo.catalogue import DemoShop, WindowProduct, WindowVariant
from demo.till import Count, Message, Till

TIMEOUT_SECONDS = 3.0
ATTEMPTS = 2
BATCH = 50
RESEND_EVERY_SECONDS = 5.0
# The sender is told by these that the same delivery would be refused again (connectors/direct/README.md).
REFUSALS = frozenset({400, 413})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CartLine:
    """What lies in a cart: pieces of one variant."""

    product: WindowProduct
    variant: WindowVariant
    quantity: int


class Counter:
    """Where the demo shop is paid and its shelves are filled. Whatever happens there is told by webhook."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._post = Postman(till)

    def buy(self, shop: DemoShop, lines: Sequence[CartLine], *, visitor: str) -> str:
        """Sell a cart and return the order's id. `visitor` is empty without consent. Raises SoldOut."""
        order = uuid.uuid4().hex
        body = _order(shop, order, lines, visitor)
        taken = [(line.variant, line.quantity) for line in lines]

        def tell(counts: Sequence[Count]) -> list[Message]:
            return [*_inventory(shop, counts), _message(shop, "order.created", body)]

        self._till.sell(shop.key, order, _json(body), taken, tell)
        self._post.deliver()
        return order

    def empty(self, shop: DemoShop, product: WindowProduct) -> None:
        """Empty the shelf of a product."""
        self._till.empty(shop.key, product.variants, lambda counts: _inventory(shop, counts))
        self._post.deliver()

    def restock(self, shop: DemoShop, product: WindowProduct, pieces: int) -> None:
        """Put pieces of every variant of a product on the shelf."""
        self._till.restock(shop.key, product.variants, pieces, lambda counts: _inventory(shop, counts))
        self._post.deliver()


class Postman:
    """Sends what is in the till's outbox, and what could not be sent again later from a thread of its own."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def deliver(self) -> None:
        """Send everything that is due. What nobody takes stays in the outbox, and is sent again later."""
        with requests.Session() as session:
            for number, message in self._till.due(BATCH):
                self._send(session, number, message)
        if self._till.untold():
            self._send_again_later()

    def _send(self, session: requests.Session, number: int, message: Message) -> None:
        for _ in range(ATTEMPTS):
            try:
                answer = session.post(
                    message.address, data=message.body, headers=_headers(message), timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException as error:
                log.info("the intake can't be reached: %s", error)
                continue
            if answer.ok:
                self._till.told(number)
                return
            if answer.status_code in REFUSALS:
                log.warning("the intake refused %s: %s", message.topic, answer.text)
                self._till.refused(number, answer.text)
                return
        self._till.put_off(number)

    def _send_again_later(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._until_told, daemon=True)
                self._thread.start()

    def _until_told(self) -> None:
        pause = threading.Event()
        while self._till.untold():
            pause.wait(RESEND_EVERY_SECONDS)
            with requests.Session() as session:
                for number, message in self._till.due(BATCH):
                    self._send(session, number, message)


def _headers(message: Message) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Shelfwise-Topic": message.topic,
        "X-Shelfwise-Delivery-Id": message.delivery,
        SIGNATURE_HEADER: sign(message.secret, message.body),
    }


def _message(shop: DemoShop, topic: str, body: dict[str, Any]) -> Message:
    return Message(shop.intake, shop.webhook_secret, topic, uuid.uuid4().hex, _json(body))


def _inventory(shop: DemoShop, counts: Sequence[Count]) -> list[Message]:
    return [
        _message(
            shop,
            "inventory.updated",
            {
                "inventory_item": count.item,
                "location": count.location,
                "available": count.available,
                "updated_at": count.updated_at.isoformat(),
            },
        )
        for count in counts
    ]


def _order(shop: DemoShop, order: str, lines: Sequence[CartLine], visitor: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    body: dict[str, Any] = {
        "id": order,
        "ordered_at": now,
        "updated_at": now,
        "currency": shop.currency,
        "lines": [_line(order, place, line) for place, line in enumerate(lines, start=1)],
    }
    return {**body, "visitor": visitor} if visitor else body


def _line(order: str, place: int, line: CartLine) -> dict[str, Any]:
    return {
        "id": f"{order}-{place}",
        "product": line.product.external_id,
        "variant": line.variant.external_id,
        "quantity": line.quantity,
        "unit_price": f"{line.variant.price.amount:f}" if line.variant.price else "0",
        "title": line.product.title,
    }


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
