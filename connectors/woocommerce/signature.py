"""HMAC-SHA256 over the raw body, in base64, keyed with the secret that the webhook was made with."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

HEADER = "X-WC-Webhook-Signature"


def sign(secret: str, body: bytes) -> str:
    """The value of the signature header for these very bytes."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def is_signed(signature: str, body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets made this signature; an empty one makes none.

    Takes the same time wherever they differ.
    """
    given = signature.encode("utf-8", "replace")
    signed = False
    for secret in secrets:
        signed |= bool(secret) & hmac.compare_digest(given, sign(secret, body).encode())
    return signed
