"""What every part of Shopify's side agrees on: the version of the API, the app's name there, where a shop is called."""

from __future__ import annotations

import re
from dataclasses import dataclass

PLATFORM = "shopify"
# The one place where the version is pinned; shopify.app.toml has to say the same, which a test holds us to.
API_VERSION = "2026-10"

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,61}\.myshopify\.com")


@dataclass(frozen=True, slots=True)
class App:
    """The app as Shopify knows it.

    secret: signs now; old_secret: "" or the one before it, still believed while the app's secret is being rotated.
    play_url: "" or where a server plays Shopify, which then takes every call.
    """

    client_id: str
    secret: str
    old_secret: str = ""
    handle: str = "shelfwise"
    play_url: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those that a signature may be made with, newest first."""
        return tuple(each for each in (self.secret, self.old_secret) if each)

    def address(self, shop: str) -> str:
        """Where the shop is called, without a slash at the end. shop: as `is_shop` takes it."""
        return f"{self.play_url.rstrip('/')}/{shop}" if self.play_url else f"https://{shop}"


def is_shop(domain: str) -> bool:
    """Whether it is a shop's own domain at Shopify, in lower case, such as "example.myshopify.com"."""
    return _SHOP.fullmatch(domain) is not None
