"""Forged and foreign WooCommerce deliveries: how many get in, at the shop that they are sent to and at another.

The baseline is the receiver that is usually written: one secret, and nothing else looked at. It refuses what is forged
as well, and loses what was signed with the secret of before, while the shop changes to a new one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
from collections.abc import Callable, Iterator, Mapping
from random import Random
from types import MappingProxyType

from benchmarks.figures import Benchmark, Figure, Options, Stage
from connectors.errors import BadSignature
from connectors.woocommerce.webhooks import WooCommerceWebhooks

DRAWN = 100_000
SECRET, OLD_SECRET, OTHER_SHOPS = "a secret of this shop", "its secret of before", "a secret of another shop"
SECRETS = (SECRET, OLD_SECRET)
TOPICS = ("product.updated", "product.deleted", "order.created", "customer.updated", "shelfwise.stock")
HEADER = "X-WC-Webhook-Signature"
Sent = tuple[dict[str, str], bytes]
"""Headers and body."""


def _body(rng: Random) -> bytes:
    shape = {"id": rng.randrange(1, 10**9), "type": "simple", "status": "publish", "name": "x" * rng.randrange(60)}
    return json.dumps(rng.choice((shape, {"id": shape["id"]}))).encode()


def _mac(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def _signature(secret: str, body: bytes) -> str:
    return base64.b64encode(_mac(secret, body)).decode()


def _sent(rng: Random, body: bytes, signature: str) -> Sent:
    topic = rng.choice(TOPICS)
    told = {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-ID": str(rng.randrange(40)), HEADER: signature}
    told["X-WC-Webhook-Delivery-ID"] = f"{rng.getrandbits(128):032x}"
    return told, body


def genuine(rng: Random) -> Sent:
    """As the shop sends it, with its secret or the one of before."""
    body = _body(rng)
    return _sent(rng, body, _signature(rng.choice(SECRETS), body))


def _of_another_shop(rng: Random) -> Sent:
    body = _body(rng)
    return _sent(rng, body, _signature(OTHER_SHOPS, body))


def _wrong_signature(rng: Random) -> Sent:
    body = _body(rng)
    right = _signature(SECRET, body)
    place = rng.randrange(len(right) - 2)
    letter = rng.choice([each for each in string.ascii_letters + string.digits if each != right[place]])
    wrong = (
        right[:place] + letter + right[place + 1 :],
        _mac(SECRET, body).hex(),
        _signature("", body),
        right[:-1],
        f"{right}{right}",
        right.swapcase() + "=",
        "",
        "é" * 44,
        "".join(rng.choices(string.printable.strip(), k=rng.randint(0, 100))),
    )
    return _sent(rng, body, rng.choice(wrong))


def _changed_on_its_way(rng: Random) -> Sent:
    body = _body(rng)
    place = rng.randrange(len(body))
    other = bytes([(body[place] + rng.randint(1, 255)) % 256])
    changed = (body[:place] + other + body[place + 1 :], body + b" ", body[:-1], b"", b"\xef\xbb\xbf" + body)
    return _sent(rng, rng.choice(changed), _signature(SECRET, body))


def _of_another_body(rng: Random) -> Sent:
    body = _body(rng)
    return _sent(rng, body + b"\n", _signature(SECRET, body))


def _dressed_as_a_ping(rng: Random) -> Sent:
    """A new webhook's trial has no headers of WooCommerce: with one, it has to be signed."""
    return {"X-WC-Webhook-Topic": rng.choice(TOPICS)}, b"webhook_id=%d" % rng.randrange(1, 99)


def _unsigned(rng: Random) -> Sent:
    headers, body = genuine(rng)
    headers.pop(HEADER)
    return headers, body


FORGED: Mapping[str, Callable[[Random], Sent]] = MappingProxyType(
    {
        "of another shop": _of_another_shop,
        "with a wrong signature": _wrong_signature,
        "changed on its way": _changed_on_its_way,
        "of another body": _of_another_body,
        "dressed as a ping": _dressed_as_a_ping,
        "unsigned": _unsigned,
    }
)


def _ours(sent: Sent) -> bool:
    try:
        WooCommerceWebhooks().verify(*sent, SECRETS)
    except BadSignature:
        return False
    return True


def _plain(sent: Sent) -> bool:
    headers, body = sent
    return headers.get(HEADER, "") == _signature(SECRET, body)


def run(options: Options) -> Iterator[Figure | Stage]:
    """Yield two figures: forged and foreign deliveries that got in, and genuine ones that did."""
    drawn = max(1, round(DRAWN * options.scale))
    yield Stage("forged and foreign deliveries", 0)
    ours, plain = _let_in(Random(options.seed), list(FORGED.values()), drawn)
    yield _figure("forged or foreign deliveries accepted", ours, plain, drawn, "0", options)
    yield Stage("genuine deliveries", 0.5)
    ours, plain = _let_in(Random(options.seed + 1), [genuine], drawn)
    yield _figure("genuine deliveries accepted", ours, plain, drawn, "all", options)


def _let_in(rng: Random, made: list[Callable[[Random], Sent]], drawn: int) -> tuple[int, int]:
    ours = plain = 0
    for turn in range(drawn):
        sent = made[turn % len(made)](rng)
        ours += _ours(sent)
        plain += _plain(sent)
    return ours, plain


def _figure(name: str, ours: int, plain: int, drawn: int, wanted: str, options: Options) -> Figure:
    return Figure(
        name=name,
        value=ours,
        unit=f"of {drawn:,}",
        baseline=plain,
        ratio=ours / plain if plain else None,
        data=f"drawn at random: {len(FORGED)} ways to forge, two valid secrets",
        seed=options.seed,
        baseline_name="one secret",
        at_least=wanted,
        aim=f"{wanted} (of 1,000,000 with --scale 10)",
    )


BENCHMARK = Benchmark(
    name="woocommerce-forgeries",
    summary="forged and foreign WooCommerce deliveries are refused, genuine ones taken",
    run=run,
    quick=False,
    minutes=1,
)
