"""One-legged OAuth 1.0a (RFC 5849) as WooCommerce checks it: what a call over plain http is signed with.

There is no token, so that the key is the consumer secret with an "&" behind it; parameters travel in the query. HMAC
is taken of the method, the address and the sorted parameters (section 3.4.1); WooCommerce takes SHA-1 and SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from connectors.woocommerce.keys import Keys

METHOD = "HMAC-SHA256"
_NONCE_BYTES = 16


def signed(
    method: str, url: str, parameters: Mapping[str, str], keys: Keys, *, at: int | None = None, nonce: str = ""
) -> dict[str, str]:
    """The parameters with those of the signature. url: without a query. at: the time, in seconds since 1970."""
    own = {
        "oauth_consumer_key": keys.key,
        "oauth_nonce": nonce or secrets.token_hex(_NONCE_BYTES),
        "oauth_signature_method": METHOD,
        "oauth_timestamp": str(int(time.time()) if at is None else at),
    }
    every = {**parameters, **own}
    text = base_string(method, url, every.items())
    digest = hmac.digest(f"{escaped(keys.secret)}&".encode(), text.encode(), hashlib.sha256)
    return {**every, "oauth_signature": b64encode(digest).decode()}


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What is signed: parameters escaped, then sorted, then escaped once more with the rest."""
    pairs = sorted((escaped(name), escaped(value)) for name, value in parameters)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return "&".join((method.upper(), escaped(url), escaped(joined)))


def escaped(text: str) -> str:
    """RFC 3986's escapes, as PHP's rawurlencode writes them."""
    return quote(text, safe="-._~")
