"""Forged, stale, foreign and malformed ID tokens, webhooks and proxy queries: how many get in, with us and with others.

Each is drawn at random and shown to our own verifier and to shopifyapp's, as it is meant to be called. A verifier that
falls over has not refused. As many genuine ones are shown to both: who refuses everything refuses too much.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Benchmark, Figure, Options, Stage
from benchmarks.forged import (
    CLIENT_ID,
    FORGED_QUERIES,
    FORGED_TOKENS,
    FORGED_WEBHOOKS,
    OLD_SECRET,
    SECRET,
    Webhook,
    genuine_query,
    genuine_token,
    genuine_webhook,
)
from connectors.errors import BadSignature
from connectors.shopify import proxy
from connectors.shopify.api import App
from connectors.shopify.id_tokens import BadIdToken, check
from connectors.shopify.webhooks import ShopifyWebhooks

if TYPE_CHECKING:
    from shopify_app import ShopifyApp

DRAWN = 100_000
SECRETS = (SECRET, OLD_SECRET)
APP = App(CLIENT_ID, SECRET, old_secret=OLD_SECRET)
PAGE = "https://shelfwise.example/shopify"
Made = Callable[[Random, int], Any]


@dataclass(frozen=True, slots=True)
class Door:
    """Something that is verified. ours, theirs: whether it gets in. forged: ways to forge it, by name."""

    name: str
    genuine: Made
    forged: Mapping[str, Made]
    ours: Callable[[Any], bool]
    theirs: Callable[[Any], bool]


def _token_ours(token: str) -> bool:
    try:
        check(token, APP)
    except BadIdToken:
        return False
    return True


def _webhook_ours(sent: Webhook) -> bool:
    try:
        ShopifyWebhooks().verify(*sent, SECRETS)
    except BadSignature:
        return False
    return True


def _query_ours(query: str) -> bool:
    try:
        proxy.verify(query.encode(), SECRETS, datetime.now(UTC))
    except BadSignature:
        return False
    return True


@cache
def _library() -> ShopifyApp:
    from shopify_app import ShopifyApp

    return ShopifyApp(CLIENT_ID, SECRET, OLD_SECRET)


def _token_theirs(token: str) -> bool:
    asked = {"method": "GET", "headers": {"Authorization": f"Bearer {token}"}, "url": f"{PAGE}/app", "body": ""}
    return _library().verify_app_home_req(asked, "/bounce").ok  # type: ignore[arg-type]


def _webhook_theirs(sent: Webhook) -> bool:
    headers, body = sent
    asked = {"method": "POST", "headers": headers, "url": PAGE, "body": body.decode("utf-8")}
    return _library().verify_webhook_req(asked).ok  # type: ignore[arg-type]


def _query_theirs(query: str) -> bool:
    asked = {"method": "GET", "headers": {}, "url": f"{PAGE}/proxy/slates?{query}", "body": ""}
    return _library().verify_app_proxy_req(asked).ok  # type: ignore[arg-type]


DOORS = (
    Door("ID tokens", genuine_token, FORGED_TOKENS, _token_ours, _token_theirs),
    Door("webhooks", genuine_webhook, FORGED_WEBHOOKS, _webhook_ours, _webhook_theirs),
    Door("proxy queries", genuine_query, FORGED_QUERIES, _query_ours, _query_theirs),
)


def run(options: Options) -> Iterator[Figure | Stage]:
    """Yield two figures a door: forged ones refused, and genuine ones let in."""
    drawn = max(1, round(DRAWN * options.scale))
    for place, door in enumerate(DOORS):
        yield Stage(f"forged {door.name}", (2 * place) / (2 * len(DOORS)))
        refused = _count(drawn, options.seed, door, list(door.forged.values()), wanted=False)
        yield _figure(f"forged {door.name} refused", refused, drawn, f"{len(door.forged)} ways to forge", options)
        yield Stage(f"genuine {door.name}", (2 * place + 1) / (2 * len(DOORS)))
        let_in = _count(drawn, options.seed + 1, door, [door.genuine], wanted=True)
        yield _figure(f"genuine {door.name} let in", let_in, drawn, "of the new secret and the old one", options)


def _count(drawn: int, seed: int, door: Door, made: Sequence[Made], *, wanted: bool) -> tuple[int, int]:
    """How often our verdict was the wanted one, and how often the library's was. made: taken in turn."""
    rng, ours, theirs = Random(seed), 0, 0
    for turn in range(drawn):
        shown = made[turn % len(made)](rng, int(time.time()))
        ours += _verdict(door.ours, shown) is wanted
        theirs += _verdict(door.theirs, shown) is wanted
    return ours, theirs


def _verdict(let_in: Callable[[Any], bool], shown: Any) -> bool | None:
    """None: it fell over."""
    try:
        return let_in(shown)
    except Exception:  # noqa: BLE001 - that it fell over is what is counted
        return None


def _figure(name: str, counts: tuple[int, int], drawn: int, ways: str, options: Options) -> Figure:
    ours, theirs = counts
    return Figure(
        name=name,
        value=ours,
        unit=f"of {drawn:,}",
        baseline=theirs,
        ratio=ours / theirs if theirs else None,
        data=f"drawn at random: {ways}",
        seed=options.seed,
        baseline_name="shopifyapp alone",
        at_least="100,000 of 100,000",
        aim="1,000,000 of 1,000,000 (--scale 10)",
    )


BENCHMARK = Benchmark(
    name="shopify-forgeries",
    summary="forged ID tokens, webhooks and proxy queries are refused, genuine ones let in",
    run=run,
    quick=False,
    minutes=3,
)
