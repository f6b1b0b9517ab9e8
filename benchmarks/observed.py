"""observed: what metrics cost a slate, against the same slates without them, in turns in one process."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from benchmarks.figures import Benchmark, Figure, Options
from benchmarks.made_shop import MadeShop, made_shop
from integration.app import create_app
from integration.observability import metrics
from integration.observability.catalogue import METRICS, SLATE_SECONDS
from integration.services import slates
from integration.web.services import KEY, Services

USERS, ITEMS, LINES = 20_000, 10_000, 300_000
BLOCK = 200
BLOCKS = 60
SESSION = 4


class _Nothing:
    """A metric that counts nothing."""

    def observe(self, _value: float, *_labels: str) -> None:
        """Nothing."""


def run(options: Options) -> Iterator[Figure]:
    """Slates as the web process answers them, without a server around it; CPU time, blocks of each kind in turns."""
    users, items, lines = (max(200, int(size * options.scale)) for size in (USERS, ITEMS, LINES))
    with made_shop(users=users, items=items, lines=lines, seed=options.seed, web_processes=1) as shop:
        metrics.share(shop.settings.data_dir, "web", METRICS)
        app = create_app(shop.settings)
        services: Services = app.extensions[KEY]
        queries = _queries(shop, options.seed)
        pairs = _in_turns(lambda: _block(app.wsgi_app, queries), max(4, int(BLOCKS * options.scale)))
        services.slate_log.close()
        services.database.close()
        measured, plain = (statistics.median(each) * 1e6 / BLOCK for each in zip(*pairs, strict=True))
        data = f"{shop.data}; product pages, a visit's first or with {SESSION} products seen"
        yield Figure(
            "slate with metrics",
            measured,
            "us",
            plain,
            measured / plain,
            data,
            options.seed,
            baseline_name="without",
            at_least="ratio 1.02",
            aim="ratio 1.01",
        )


def _in_turns(block: Callable[[], float], count: int) -> list[tuple[float, float]]:
    """Seconds of a block with metrics and of one without, so often; first warmed."""
    block()
    pairs = []
    for number in range(count):
        # Whichever is second finds the processor's caches as the first left them.
        order = (True, False) if number % 2 else (False, True)
        seconds = {is_measured: _switched(block, is_measured=is_measured) for is_measured in order}
        pairs.append((seconds[True], seconds[False]))
    return pairs


def _switched(block: Callable[[], float], *, is_measured: bool) -> float:
    with patch.object(slates, "SLATE_SECONDS", SLATE_SECONDS if is_measured else _Nothing()):
        return block()


def _queries(shop: MadeShop, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [
        f"shop={shop.key}&placement=product&count=8&product="
        + "&product=".join(draw.choices(shop.products, k=SESSION if number % 2 else 1))
        for number in range(BLOCK)
    ]


def _block(app: Any, queries: list[str]) -> float:
    began = time.process_time()
    for query in queries:
        environ = {"PATH_INFO": "/v1/slates", "REQUEST_METHOD": "GET", "QUERY_STRING": query}
        app(environ, _start)
    return time.process_time() - began


def _start(status: str, _headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], object]:
    if not status.startswith("200"):
        raise RuntimeError(f"a slate was answered with {status}")
    return lambda _body: None


BENCHMARK = Benchmark(
    name="observed",
    summary="what metrics cost a slate",
    run=run,
    quick=True,
    minutes=0.5,
)
