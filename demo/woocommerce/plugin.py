"""The part of our own plugin that talks to the app, played: the stock push, and what its settings page asks."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import requests

from demo.woocommerce.sender import Sender, Sent
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Product

TOPIC = "shelfwise.stock"
MOST_ITEMS = 500
PATIENCE_SECONDS = 10.0


class NoAnswer(Exception):
    """The app can't be reached, or answers with an error."""


class Plugin:
    """The plugin of one shop. pushes: whether stock is told at once, as it is unless somebody turned it off."""

    def __init__(self, shop: PlayedShop, sender: Sender) -> None:
        self._shop, self._sender = shop, sender
        self.pushes = True
        shop.stock_listeners.append(self._stock)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the app something, signed with the link's secret. path: after /woocommerce/shops/{shop}/."""
        link = self._shop.link
        if link is None:
            raise NoAnswer("the plugin is not linked to an app")
        address = f"{link['api'].rstrip('/')}/woocommerce/shops/{link['shop']}/{path}"
        text = json.dumps(body) if body is not None else ""
        headers = {**signed(link["secret"], urlsplit(address).path, text), "Content-Type": "application/json"}
        try:
            answer = requests.request(method, address, data=text, headers=headers, timeout=PATIENCE_SECONDS)
            answer.raise_for_status()
            return answer.json() if answer.content else {}
        except (requests.RequestException, ValueError) as error:
            raise NoAnswer(str(error)) from None

    def _stock(self, ids: list[int]) -> None:
        link = self._shop.link
        if link is None or not self._shop.plugin or not self.pushes:
            return
        items = [self._item(each) for number in ids for each in self._with_forms(number)]
        at = self._shop.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for begin in range(0, len(items), MOST_ITEMS):
            body = json.dumps({"sent_at": at, "items": items[begin : begin + MOST_ITEMS]}).encode()
            headers = {
                "Content-Type": "application/json",
                "X-WC-Webhook-Topic": TOPIC,
                "X-WC-Webhook-Signature": self._sender.sign(link["secret"], body),
                "X-WC-Webhook-ID": "0",
                "X-WC-Webhook-Source": f"{self._shop.address}/",
            }
            address = f"{link['api'].rstrip('/')}/webhooks/woocommerce/{link['shop']}"
            self._sender.message(Sent(0, TOPIC, address, headers, body))

    def _with_forms(self, number: int) -> list[Product]:
        """A product whose stock changed, and the variations that it counts for."""
        found = self._shop.products.get(number)
        if found is None:
            return []
        forms = [each for each in self._shop.variations(number) if not each.managed] if found.managed else []
        return [found, *forms]

    def _item(self, product: Product) -> dict[str, Any]:
        counting = self._shop.counted_by(product)
        manages: bool | str = counting is product if counting is product or counting is None else "parent"
        return {
            "id": product.id,
            "parent_id": product.parent_id,
            "type": product.type,
            "manages": manages,
            "quantity": counting.stock if counting else None,
            "status": self._shop.stock_status(product),
            "backorders": (counting or product).backorders,
        }


def signed(secret: str, path: str, body: str, at: int | None = None) -> dict[str, str]:
    """The headers that say who asks: over the time, the path and the body."""
    moment = str(int(time.time()) if at is None else at)
    digest = hmac.new(secret.encode(), f"{moment}.{path}.{body}".encode(), sha256).digest()
    return {"X-Shelfwise-Time": moment, "X-Shelfwise-Signature": base64.b64encode(digest).decode()}
