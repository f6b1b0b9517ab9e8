"""slates: how many slates a web process serves, against a constant answer of the same size on the same server."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from benchmarks import load
from benchmarks.figures import Benchmark, Figure, Options
from benchmarks.load import Load
from benchmarks.made_shop import MadeShop, made_shop
from benchmarks.web_server import constant_served, served
from benchmarks.wire import Client, get_bytes

USERS, ITEMS, LINES = 20_000, 10_000, 300_000
REQUESTS = 5000
SESSION = 4
CONNECTIONS = 16
STEADY_RATE = 1000.0
SECONDS = 10.0
ROUNDS = 3


def run(options: Options) -> Iterator[Figure]:
    """One web process, the load in a second one.

    As many as can be in turns with the constant view, then at a steady rate.
    """
    users, items, lines = (max(200, int(size * options.scale)) for size in (USERS, ITEMS, LINES))
    seconds = max(1.0, SECONDS * min(options.scale, 1.0))
    with made_shop(users=users, items=items, lines=lines, seed=options.seed, web_processes=1) as shop:
        requests = _requests(shop, options.seed)
        with served(shop.settings) as port:
            Client(port).send(requests[0])
            length = int(load.run(port, requests, seconds=1.0, connections=CONNECTIONS).mean_bytes)
            slates, constant = [], []
            with constant_served(shop.settings, length - HEAD) as plain_port:
                plain = [get_bytes("/constant")]
                for _ in range(ROUNDS):
                    slates.append(load.run(port, requests, seconds=seconds / 2, connections=CONNECTIONS))
                    constant.append(load.run(plain_port, plain, seconds=seconds / 2, connections=CONNECTIONS))
                steady = load.run(port, requests, seconds=seconds, rate=STEADY_RATE, connections=CONNECTIONS)
                plain_steady = load.run(plain_port, plain, seconds=seconds, rate=STEADY_RATE, connections=CONNECTIONS)
        best = max(slates, key=lambda each: each.per_second)
        yield from _figures(best, max(constant, key=lambda each: each.per_second), steady, plain_steady, shop, options)


# What an answer's head takes, roughly: the constant's body is made that much shorter.
HEAD = 200


def _requests(shop: MadeShop, seed: int) -> list[bytes]:
    """Product pages of made-up visits: half of them a visit's first page, half with what was in view before it."""
    draw = random.Random(seed)
    made = []
    for number in range(REQUESTS):
        seen = "&product=".join(draw.choices(shop.products, k=SESSION if number % 2 else 1))
        made.append(get_bytes(f"/v1/slates?shop={shop.key}&placement=product&product={seen}&count=8"))
    return made


def _figures(
    slates: Load, constant: Load, steady: Load, plain_steady: Load, shop: MadeShop, options: Options
) -> Iterator[Figure]:
    wrong = slates.wrong + steady.wrong
    if wrong:
        raise RuntimeError(f"{wrong} slates were not answered with 200")

    data = f"{shop.data}; product pages, half of them a visit's first, half with {SESSION} products seen"

    def figure(name: str, value: float, unit: str, baseline: float | None, **more: Any) -> Figure:
        ratio = value / baseline if baseline else None
        named = "constant JSON view" if baseline else ""
        return Figure(name, value, unit, baseline, ratio, data, options.seed, baseline_name=named, **more)

    yield figure("slates", slates.per_second, "/s", constant.per_second, at_least="ratio 0.15", aim="ratio 0.4")
    for part in ("p50", "p90", "p99"):
        yield figure(f"slate, as many as can be, {part}", _ms(slates, part), "ms", _ms(constant, part))
    for part in ("p50", "p90"):
        yield figure(f"slate at {STEADY_RATE:.0f}/s, {part}", _ms(steady, part), "ms", _ms(plain_steady, part))
    bounds = {"at_least": "25 ms", "aim": "10 ms"}
    yield figure(f"slate at {STEADY_RATE:.0f}/s, p99", steady.p99_ms, "ms", plain_steady.p99_ms, **bounds)


def _ms(measured: Load, part: str) -> float:
    value: float = getattr(measured, f"{part}_ms")
    return value


BENCHMARK = Benchmark(
    name="slates",
    summary="slates a second and their latency over HTTP, against a constant JSON view on the same server",
    run=run,
    quick=True,
    minutes=2.0,
)
