"""REST keys, and how WooCommerce checks them: Basic or in the query over TLS, OAuth 1.0a over plain HTTP too."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256
from urllib.parse import quote, unquote

from demo.woocommerce.things import Key

WINDOW_SECONDS = 15 * 60
NEEDED = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
METHODS = {"HMAC-SHA1": sha1, "HMAC-SHA256": sha256}


class NotAllowed(Exception):
    """A key that is wrong in itself, in WooCommerce's words. `code`: of the REST error, whose status is 401."""

    def __init__(self, message: str, code: str = "woocommerce_rest_authentication_error") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """A request as far as a signature covers it. url: without its query; query: pairs, percent-decoded."""

    method: str
    url: str
    query: Sequence[tuple[str, str]]
    authorization: str
    tls: bool


class Keyring:
    """All keys of a shop."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self._nonces: dict[tuple[str, str], int] = {}

    def make(self, permissions: str = "read_write", *, description: str = "") -> Key:
        """A new key."""
        key = Key(
            len(self.keys) + 1, f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}", permissions, description
        )
        self.keys[key.key] = key
        return key

    def revoke(self, key: str) -> None:
        """Take a key away."""
        self.keys.pop(key, None)

    def check(self, call: Call) -> Key | None:
        """Whose call it is; None for nobody's. Raises NotAllowed."""
        found = self._basic(call) if call.tls else None
        found = found or self._oauth(call)
        if found is not None and call.method in {"GET", "HEAD"} and "read" not in found.permissions:
            raise NotAllowed("The API key provided does not have read permissions.")
        if found is not None and call.method not in {"GET", "HEAD", "OPTIONS"} and "write" not in found.permissions:
            raise NotAllowed("The API key provided does not have write permissions.")
        return found

    def _basic(self, call: Call) -> Key | None:
        given = dict(call.query)
        key, secret = given.get("consumer_key", ""), given.get("consumer_secret", "")
        if not (key and secret):
            key, _, secret = _decoded(call.authorization).partition(":")
        found = self.keys.get(key)
        if found is not None and not hmac.compare_digest(found.secret.encode(), secret.encode()):
            raise NotAllowed("Consumer secret is invalid.")
        return found

    def _oauth(self, call: Call) -> Key | None:
        given = {**_from_header(call.authorization), **dict(call.query)}
        there = [name for name in NEEDED if given.get(name)]
        if not there:
            return None
        if missing := [name for name in NEEDED if name not in there]:
            raise NotAllowed(
                f"Missing OAuth parameter {', '.join(missing)}", "woocommerce_rest_authentication_missing_parameter"
            )
        found = self.keys.get(given["oauth_consumer_key"])
        if found is None:
            raise NotAllowed("Consumer key is invalid.")
        pairs = [*call.query, *_from_header(call.authorization).items()]
        _check_signature(call, pairs, given, found)
        self._check_nonce(given["oauth_consumer_key"], given["oauth_timestamp"], given["oauth_nonce"])
        return found

    def _check_nonce(self, key: str, timestamp: str, nonce: str) -> None:
        now = int(time.time())
        if not timestamp.isdigit() or abs(now - int(timestamp)) > WINDOW_SECONDS:
            raise NotAllowed("Invalid timestamp.")
        self._nonces = {each: at for each, at in self._nonces.items() if at > now - WINDOW_SECONDS}
        if (key, nonce) in self._nonces:
            raise NotAllowed("Invalid nonce - nonce has already been used.")
        self._nonces[key, nonce] = now


def _check_signature(call: Call, pairs: Sequence[tuple[str, str]], given: Mapping[str, str], key: Key) -> None:
    algorithm = METHODS.get(given["oauth_signature_method"])
    if algorithm is None:
        raise NotAllowed("Invalid signature - signature method is invalid.")
    query = "&".join(f"{name}={_encoded(value)}" for name, value in _as_php_signs(pairs))
    text = "&".join((call.method, _encoded(call.url), _encoded(query)))
    digest = hmac.new(f"{key.secret}&".encode(), text.encode(), algorithm).digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), given["oauth_signature"]):
        raise NotAllowed("Invalid signature - provided signature does not match.")


def _as_php_signs(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The names, encoded, with their values, in the order in which they are signed.

    PHP makes a list of what is called name[]: its values are signed with their places, which no standard says.
    """
    found = sorted((each for each in pairs if each[0] != "oauth_signature"), key=lambda each: each[0].encode())
    places: Counter[str] = Counter()
    named = []
    for name, value in found:
        plain = name.removesuffix("[]")
        key = _encoded(plain) if plain == name else f"{_encoded(plain)}%5B{places[plain]}%5D"
        places[plain] += 1
        named.append((key, value))
    return named


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def _decoded(authorization: str) -> str:
    kind, _, rest = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest).decode()
    except ValueError:
        return ""


def _from_header(authorization: str) -> dict[str, str]:
    kind, _, rest = authorization.partition(" ")
    if kind.lower() != "oauth":
        return {}
    pairs = (each.strip().partition("=") for each in rest.split(","))
    return {name: unquote(value.strip('"')) for name, _, value in pairs if name != "realm"}
