"""A shop's REST and Store API as the round needs them: apart from the app's own client, so that it can judge it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

SECONDS = 60
BUYER = {
    "first_name": "Made",
    "last_name": "Up",
    "address_1": "1 Example Street",
    "city": "Portland",
    "state": "OR",
    "postcode": "97201",
    "country": "US",
    "phone": "5550100",
}


class Failed(Exception):
    """A step that did not go as it should. advice: what to do about it."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.advice = advice


@dataclass
class RestShop:
    """url: the shop's address, without a slash at the end. key, secret: REST keys that may read and write."""

    url: str
    key: str
    secret: str
    web: requests.Session = field(default_factory=requests.Session)

    def ask(self, method: str, path: str, body: object = None, **query: str) -> requests.Response:
        """One call below wp-json. Raises Failed where nobody answers."""
        address = f"{self.url}/wp-json/{path}"
        auth = None
        if self.url.startswith("https:"):
            auth = (self.key, self.secret)
        else:
            query = signed(method, address, query, self.key, self.secret)
        try:
            return self.web.request(method, address, params=query, json=body, auth=auth, timeout=SECONDS)
        except requests.exceptions.SSLError as error:
            raise Failed(f"the shop's certificate is not trusted: {error}", CERTIFICATE) from None
        except requests.RequestException as error:
            raise Failed(
                f"{address} does not answer: {error}", "Is the address right, and the server running?"
            ) from None

    def told(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """The same, as JSON. Raises Failed for an error, in the shop's own words."""
        answer = self.ask(method, path, body, **query)
        try:
            said = answer.json()
        except ValueError:
            raise Failed(
                f"{method} {path}: {answer.status_code}, and no JSON: {answer.text[:200]!r}", NO_JSON
            ) from None
        if not answer.ok:
            word = said.get("message", said) if isinstance(said, dict) else said
            raise Failed(f"{method} {path}: {answer.status_code}, {word}", ADVICE.get(answer.status_code, ""))
        return said

    def total(self, path: str, **query: str) -> int:
        """How many things a list of the shop has."""
        answer = self.ask("GET", path, per_page="1", **query)
        return int(answer.headers.get("X-WP-Total", "-1"))


CERTIFICATE = "Name the authority in REQUESTS_CA_BUNDLE, and for the app in SSL_CERT_FILE."
NO_JSON = (
    "A page stands before the REST API: permalinks, maintenance, or a security plugin (the failures at the page's end)."
)
ADVICE: Mapping[int, str] = {
    401: "Are the keys right, do they belong to an administrator or shop manager, and do they have Read/Write?",
    403: "A security plugin or the server keeps the REST API to itself: allow /wp-json/wc/ and /wp-json/wc-shelfwise/.",
    404: "Is WooCommerce active, and are permalinks anything but 'Plain' (Settings, Permalinks)?",
}


def signed(method: str, address: str, query: Mapping[str, str], key: str, secret: str) -> dict[str, str]:
    """The query with OAuth 1.0a of WooCommerce, one-legged (RFC 5849, section 3.4): what keys over plain HTTP need."""
    told = {
        **query,
        "oauth_consumer_key": key,
        "oauth_nonce": secrets.token_hex(12),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
    }
    pairs = "&".join(f"{quote(name, safe='')}={quote(told[name], safe='')}" for name in sorted(told))
    base = "&".join(quote(each, safe="") for each in (method.upper(), address, pairs))
    made = hmac.new(f"{secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return {**told, "oauth_signature": base64.b64encode(made).decode()}


@dataclass
class Buyer:
    """A guest at the till, through the Store API."""

    url: str
    web: requests.Session = field(default_factory=requests.Session)

    def buy(self, product: int, pieces: int = 1) -> dict[str, Any]:
        """Put it into the cart and check out, paid on delivery. Raises Failed."""
        self._call("GET", "cart")
        self._call("POST", "cart/add-item", {"id": product, "quantity": pieces})
        mail = f"e2e-{secrets.token_hex(4)}@example.com"
        address = {**BUYER, "email": mail}
        order: dict[str, Any] = self._call(
            "POST",
            "checkout",
            {"billing_address": address, "shipping_address": BUYER, "payment_method": "cod"},
        )
        return order

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer = self.web.request(method, f"{self.url}/wp-json/wc/store/v1/{path}", json=body, timeout=SECONDS)
        if "Nonce" in answer.headers:
            self.web.headers["Nonce"] = answer.headers["Nonce"]
        if not answer.ok:
            raise Failed(f"Store API, {method} {path}: {answer.status_code}, {answer.text[:300]}", TILL)
        return answer.json()


TILL = "Is 'Cash on delivery' on (WooCommerce, Settings, Payments), and does the shop sell to the US?"
