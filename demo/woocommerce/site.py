"""A played site as one thing: its shop, what it sends, its plugin and its carts."""

from __future__ import annotations

import secrets
from collections import Counter
from pathlib import Path

from demo.woocommerce.carts import Carts
from demo.woocommerce.plugin import Plugin
from demo.woocommerce.sender import Sender
from demo.woocommerce.state import PlayedShop


class Site:
    """One running site. app_url: the app that its plugin was made for. certificate: of its TLS port, for who trusts it.

    calls: how often each REST route was asked. nonce: what the merchant's own browser knows.
    """

    def __init__(self, shop: PlayedShop, *, app_url: str = "http://127.0.0.1:8000") -> None:
        self.shop = shop
        self.sender = Sender(shop)
        self.plugin = Plugin(shop, self.sender)
        self.app_url = app_url
        self.carts = Carts(shop)
        self.nonce = secrets.token_hex(5)
        self.certificate: Path | None = None
        self.calls: Counter[str] = Counter()

    @property
    def requests(self) -> int:
        """All REST requests so far."""
        return self.calls.total()

    def close(self) -> None:
        """Stop what runs beside the requests."""
        self.sender.close()
