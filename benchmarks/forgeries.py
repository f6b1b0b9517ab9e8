"""shopify-forgeries: forged, expired, foreign and malformed ID tokens, webhooks and proxy queries that are taken: none.

Each forgery is something valid with one thing wrong: a byte, a claim, a parameter, the time, the secret. The baseline
is how many of them Shopify's own library takes by itself, or answers with an error of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt

from benchmarks.figures import Benchmark, Figure, Options
from connectors.errors import BadSignature
from connectors.shopify import id_tokens, proxy
from connectors.shopify.api import App
from connectors.shopify.signature import sign
from connectors.shopify.webhooks import ShopifyWebhooks

FORGERIES = 100_000
# Of each kind so many are shown to the library too.
BASELINE_SHARE = 10
SECRET, OLD_SECRET = "shpss_a-made-up-secret-of-the-benchmark", "shpss_the-one-before-it-of-the-benchmark"
APP = App("0123456789abcdef0123456789abcdef", SECRET, old_secret=OLD_SECRET)
CONFIG = {"client_id": APP.client_id, "client_secret": SECRET, "old_client_secret": OLD_SECRET}
SHOP = "fern-and-ladle.myshopify.com"
ELSEWHERE = ("evil.example.com", f"{SHOP}.evil.example.com", "evil.example.com/?x=fern.myshopify.com", "", "localhost")
BODY = b'{"id":788032119674292922,"admin_graphql_api_id":"gid://shopify/Product/788032119674292922","variants":[]}'
_webhooks = ShopifyWebhooks()


@dataclass(frozen=True, slots=True)
class Kind:
    """name: of many. valid: what is right, wire: as it is sent. wrongs: each makes something forged of it.

    taken, by_library: whether it is believed.
    """

    name: str
    valid: Callable[[random.Random], Any]
    wire: Callable[[Any], Any]
    wrongs: Sequence[Callable[[random.Random, Any], Any]]
    taken: Callable[[Any], bool]
    by_library: Callable[[Any], bool]


def run(options: Options) -> Iterator[Figure]:
    """So many forgeries of each kind, each a new one; 100,000 at scale 1."""
    count = max(1000, int(FORGERIES * options.scale))
    for kind in KINDS:
        chance = random.Random(options.seed)
        if not (kind.taken(kind.wire(kind.valid(chance))) and kind.by_library(kind.wire(kind.valid(chance)))):
            raise AssertionError(f"right {kind.name} are refused: forged ones would say nothing")
        taken = by_library = 0
        for number in range(count):
            forged = chance.choice(kind.wrongs)(chance, kind.valid(chance))
            taken += kind.taken(forged)
            by_library += number % BASELINE_SHARE == 0 and kind.by_library(forged)
        data = f"{count:,} forgeries; of each {BASELINE_SHARE}th what the library alone makes of it"
        yield Figure(
            f"forged {kind.name} that are taken",
            taken,
            "forgeries",
            by_library,
            None,
            data,
            options.seed,
            baseline_name="shopifyapp alone",
            at_least="0",
            aim="0 in 1,000,000",
        )


Fields = dict[str, str]


def _query(chance: random.Random) -> Fields:
    page = {"placement": "product", "product": str(chance.randrange(10**9)), "count": "4"}
    own = {"shop": SHOP, "logged_in_customer_id": "7", "path_prefix": "/apps/shelfwise", "timestamp": str(_now())}
    return {**page, **own}


def _sent(fields: Fields) -> str:
    return urlencode({**fields, "signature": _signed(fields)})


def _query_of_other_bytes(chance: random.Random, fields: Fields) -> str:
    return _unlike(chance, _sent(fields), lambda text: sorted(parse_qsl(text, keep_blank_values=True)))


def _query_of_other_fields(chance: random.Random, fields: Fields) -> str:
    changed = {chance.choice([*fields, "added"]): str(chance.randrange(10**6))}
    return urlencode({**fields, **changed, "signature": _signed(fields)})


def _query_of_another_time(chance: random.Random, fields: Fields) -> str:
    return _sent({**fields, "timestamp": str(_now() + chance.choice((-1, 1)) * chance.randrange(100, 10**6))})


def _query_of_no_shop(chance: random.Random, fields: Fields) -> str:
    return _sent({**fields, "shop": chance.choice(ELSEWHERE)})


def _query_signed_by_another(chance: random.Random, fields: Fields) -> str:
    return urlencode({**fields, "signature": _signed(fields, f"{SECRET}{chance.randrange(10**6)}")})


def _query_run_together(_chance: random.Random, fields: Fields) -> str:
    return _sent(fields).replace("count=4&", "count=4").replace("&product=", "product%3D")


def _signed(fields: Fields, secret: str = SECRET) -> str:
    return proxy.sign({name: [value] for name, value in fields.items()}, secret)


def _takes_query(query: str) -> bool:
    try:
        proxy.verify(query.encode(), APP.secrets, datetime.now(UTC))
    except BadSignature:
        return False
    return True


Claims = dict[str, Any]


def _claims(chance: random.Random) -> Claims:
    now = _now()
    return {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": APP.client_id,
        "sub": str(chance.randrange(10**9)),
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": str(chance.random()),
        "sid": str(chance.random()),
    }


def _token(claims: Claims, secret: str = SECRET) -> str:
    return jwt.encode(claims, secret, "HS256")


def _token_of_other_bytes(chance: random.Random, claims: Claims) -> str:
    return _unlike(chance, _token(claims), str)


def _token_of_another_time(chance: random.Random, claims: Claims) -> str:
    away = chance.randrange(30, 10**6)
    return _token({**claims, **chance.choice(({"exp": _now() - away}, {"nbf": _now() + away}))})


def _token_of_two_shops(chance: random.Random, claims: Claims) -> str:
    other = chance.choice((*ELSEWHERE, "another-shop.myshopify.com"))
    return _token({**claims, chance.choice(("iss", "dest")): f"https://{other}"})


def _token_of_no_shop(chance: random.Random, claims: Claims) -> str:
    elsewhere = chance.choice(ELSEWHERE)
    return _token({**claims, "iss": f"https://{elsewhere}/admin", "dest": f"https://{elsewhere}"})


def _token_of_another_app(chance: random.Random, claims: Claims) -> str:
    return _token({**claims, "aud": f"{chance.getrandbits(128):032x}"})


def _token_that_lacks_something(chance: random.Random, claims: Claims) -> str:
    gone = chance.choice(("iss", "dest", "aud", "sub", "exp", "nbf", "jti", "sid"))
    return _token({name: value for name, value in claims.items() if name != gone})


def _token_signed_by_another(chance: random.Random, claims: Claims) -> str:
    return _token(claims, f"{SECRET}{chance.randrange(10**6)}")


def _takes_token(token: str) -> bool:
    try:
        id_tokens.check(token, APP)
    except id_tokens.BadIdToken:
        return False
    return True


Delivery = tuple[dict[str, str], bytes]


def _body(chance: random.Random) -> bytes:
    return BODY.replace(b"variants", f"n{chance.randrange(10**9)}".encode())


def _delivered(body: bytes) -> Delivery:
    return _headers(sign(SECRET, body)), body


def _delivery_of_other_bytes(chance: random.Random, body: bytes) -> Delivery:
    return _headers(sign(SECRET, body)), _unlike(chance, body.decode(), str).encode()


def _delivery_of_another_body(chance: random.Random, body: bytes) -> Delivery:
    return _headers(sign(SECRET, body)), chance.choice((body + b" ", body[:-1], b"", b"{}", body * 2))


def _delivery_of_another_signature(chance: random.Random, body: bytes) -> Delivery:
    right = sign(SECRET, body)
    return _headers(chance.choice((_unlike(chance, right, str), "", "é" * 44, right.swapcase(), right[:-1]))), body


def _delivery_signed_by_another(chance: random.Random, body: bytes) -> Delivery:
    return _headers(sign(f"{SECRET}{chance.randrange(10**6)}", body)), body


def _headers(signature: str) -> dict[str, str]:
    return {
        "X-Shopify-Topic": "products/update",
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Triggered-At": "2026-11-23T11:59:00Z",
        "X-Shopify-API-Version": "2026-10",
    }


def _takes_delivery(delivery: Delivery) -> bool:
    try:
        _webhooks.verify(*delivery, APP.secrets)
    except BadSignature:
        return False
    return True


def _unlike(chance: random.Random, text: str, meaning: Callable[[str], object]) -> str:
    """The text with one character of it changed, so that it means something else."""
    while True:
        place = chance.randrange(len(text))
        forged = text[:place] + chance.choice(("", chr(chance.randrange(33, 127)))) + text[place + 1 :]
        if meaning(forged) != meaning(text):
            return forged


def _library(
    name: str, asked: Callable[[Any], dict[str, Any]], more: Mapping[str, str] = MappingProxyType({})
) -> Callable[[Any], bool]:
    def takes(forged: Any) -> bool:
        import shopify_app

        try:
            return bool(getattr(shopify_app, name)(asked(forged), CONFIG, **more).ok)
        except Exception:  # noqa: BLE001 - an error of its own, for bytes of a stranger's, is what is counted
            return True

    return takes


def _asked(url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> dict[str, Any]:
    return {"method": "POST" if body else "GET", "headers": headers or {}, "url": url, "body": body.decode()}


def _now() -> int:
    return int(time.time())


KINDS = (
    Kind(
        "ID tokens",
        _claims,
        _token,
        (
            _token_of_other_bytes,
            _token_of_another_time,
            _token_of_two_shops,
            _token_of_no_shop,
            _token_of_another_app,
            _token_that_lacks_something,
            _token_signed_by_another,
        ),
        _takes_token,
        _library(
            "verify_app_home_req",
            lambda token: _asked(f"https://app.example/shopify/app?shop={SHOP}&embedded=1&id_token={token}"),
            {"app_home_patch_id_token_path": "/shopify/app/bounce"},
        ),
    ),
    Kind(
        "webhooks",
        _body,
        _delivered,
        (
            _delivery_of_other_bytes,
            _delivery_of_another_body,
            _delivery_of_another_signature,
            _delivery_signed_by_another,
        ),
        _takes_delivery,
        _library("verify_webhook_req", lambda each: _asked("https://app.example/webhooks/shopify", *each)),
    ),
    Kind(
        "proxy queries",
        _query,
        _sent,
        (
            _query_of_other_bytes,
            _query_of_other_fields,
            _query_of_another_time,
            _query_of_no_shop,
            _query_signed_by_another,
            _query_run_together,
        ),
        _takes_query,
        _library("verify_app_proxy_req", lambda query: _asked(f"https://app.example/shopify/proxy/slates?{query}")),
    ),
)

BENCHMARK = Benchmark(
    name="shopify-forgeries",
    summary="forged, expired, foreign and malformed ID tokens, webhooks and proxy queries that are taken: none",
    run=run,
    quick=True,
    minutes=1.0,
)
