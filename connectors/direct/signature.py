"""HMAC-SHA256 over the raw body."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

SIGNATURE_HEADER = "X-Shelfwise-Signature"
PREFIX = "sha256="


def sign(secret: str, body: bytes) -> str:
    """The value of the signature header for these very bytes."""
    return PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(signature: str, body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets made this signature. Takes the same time wherever they differ."""
    given = signature.encode("utf-8", "replace")
    signed = False
    for secret in secrets:
        signed |= hmac.compare_digest(given, sign(secret, body).encode())
    return signed
