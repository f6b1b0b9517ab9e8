"""The app proxy: whether Shopify itself sent a shopper's request on to us, and for which shop and customer.

Shopify signs the query: HMAC-SHA256 in hexadecimal over the decoded "name=value" texts, sorted by name and joined
without anything between them; a name that is repeated has its values joined by ",".
https://shopify.dev/docs/apps/build/online-store/app-proxies/authenticate-app-proxies
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_to_bytes

from connectors.errors import BadSignature
from connectors.shopify.api import is_shop

TOLERANCE_SECONDS = 90
MOST_PARAMETERS = 200

_SIGNATURE = re.compile(rb"[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_CUSTOMER = re.compile(r"[0-9]{0,20}")
# Of these a request has one each, apart from the customer, of whom not every request speaks.
_OWN = frozenset({"shop", "timestamp", "path_prefix", "logged_in_customer_id", "signature"})


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """A request that Shopify passed on.

    shop: its full domain. customer: the number of who is signed in, "" for nobody. path_prefix: where the shop's pages
    reach the proxy, such as "/apps/shelfwise". parameters: those that the page itself sent, decoded.
    """

    shop: str
    customer: str
    path_prefix: str
    parameters: Mapping[str, Sequence[str]]


def verify(query: bytes, secrets: Sequence[str], now: datetime) -> ProxyRequest:
    """What a signed query says. Raises BadSignature, whatever is wrong with it.

    query: as it arrived, without the "?". secrets: valid ones, newest first.

    What is signed does not say where one parameter ends and the next begins: "a=1&b=2" and "a=1b%3D2" are signed
    alike, so a name or value with a "=" of its own is refused. "a=1&a=2" and "a=1%2C2" are signed alike too: whoever
    reads a parameter has to take either several values without a comma, or one.
    """
    found = _decoded(query)
    signature = found.pop("signature", [])
    if len(signature) != 1 or not _SIGNATURE.fullmatch(signature[0].encode()):
        raise BadSignature("the query has no signature")
    if not _is_signed(found, signature[0], secrets):
        raise BadSignature("the query was not signed with a secret of this app")
    shop, timestamp, path_prefix = (_once(found, name) for name in ("shop", "timestamp", "path_prefix"))
    if not is_shop(shop):
        raise BadSignature("the query names no shop")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise BadSignature(f"the query was signed more than {TOLERANCE_SECONDS} seconds ago")
    customer = _once(found, "logged_in_customer_id") if "logged_in_customer_id" in found else ""
    if not _CUSTOMER.fullmatch(customer):
        raise BadSignature("the query's customer is no number")
    rest = {name: values for name, values in found.items() if name not in _OWN}
    return ProxyRequest(shop, customer, path_prefix, rest)


def sign(parameters: Mapping[str, Sequence[str]], secret: str) -> str:
    """The signature of a query's decoded parameters."""
    text = "".join(f"{name}={','.join(values)}" for name, values in sorted(parameters.items()))
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


def _is_signed(parameters: Mapping[str, Sequence[str]], signature: str, secrets: Sequence[str]) -> bool:
    return any(hmac.compare_digest(sign(parameters, secret), signature) for secret in secrets if secret)


def _decoded(query: bytes) -> dict[str, list[str]]:
    parts = [part for part in query.split(b"&") if part]
    if len(parts) > MOST_PARAMETERS:
        raise BadSignature(f"the query has more than {MOST_PARAMETERS} parameters")
    found: dict[str, list[str]] = {}
    for part in parts:
        name, _, value = part.partition(b"=")
        try:
            texts = [unquote_to_bytes(each.replace(b"+", b" ")).decode() for each in (name, value)]
        except UnicodeDecodeError:
            raise BadSignature("the query is no text") from None
        if "=" in texts[0] or "=" in texts[1]:
            raise BadSignature("a name or value has a = of its own, so that the signature could mean something else")
        found.setdefault(texts[0], []).append(texts[1])
    return found


def _once(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name, ())
    if len(values) != 1:
        raise BadSignature(f"the query has {name} {len(values)} times")
    return values[0]
