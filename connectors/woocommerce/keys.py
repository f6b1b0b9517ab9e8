"""The pair of keys that WooCommerce gives for its REST API, kept as one token: "ck_…:cs_…"."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field

from connectors.errors import ConnectorError

# WooCommerce makes 40 hexadecimal digits; other things that give out keys keep to the prefixes alone.
_KEY = re.compile(r"ck_[A-Za-z0-9]{8,128}", re.ASCII)
_SECRET = re.compile(r"cs_[A-Za-z0-9]{8,128}", re.ASCII)


class BadKeys(ConnectorError):
    """What was given is no pair of keys. The message says what to do, and never holds them."""


@dataclass(frozen=True, slots=True)
class Keys:
    """A consumer key and its secret."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def token(self) -> str:
        """Both in one."""
        return f"{self.key}:{self.secret}"

    @property
    def basic(self) -> str:
        """The value of the Authorization header."""
        return f"Basic {b64encode(self.token.encode()).decode()}"


def pasted(key: str, secret: str) -> Keys:
    """What a merchant pasted into a form. Raises BadKeys."""
    key, secret = key.strip(), secret.strip()
    if _SECRET.fullmatch(key) and _KEY.fullmatch(secret):
        key, secret = secret, key
    if not _KEY.fullmatch(key):
        raise BadKeys(
            "The consumer key has to begin with ck_. Copy it from WooCommerce > Settings > Advanced > REST API."
        )
    if not _SECRET.fullmatch(secret):
        raise BadKeys("The consumer secret has to begin with cs_. WooCommerce shows it only once: make a new key.")
    return Keys(key, secret)


def parse(token: str) -> Keys:
    """The pair in a token. Raises BadKeys."""
    key, _, secret = token.partition(":")
    return pasted(key, secret)
