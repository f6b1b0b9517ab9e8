"""shopify-backfill: what reading a whole Shopify shop costs us, from the played platform as a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from benchmarks.figures import Benchmark, Figure, Options, Stage
from connectors.base import Access
from demo.shopify.fill import Size, fill
from demo.shopify.graphql.cost import Bucket
from demo.shopify.platform import Platform
from demo.shopify.server import running
from demo.shopify.state import PlayedShop
from integration import migrations
from integration.clock import system_clock
from integration.services import readings
from integration.services.secrets import Vault
from integration.services.shops import create_direct_shop
from integration.storage.database import Database

# Some three variants a product, and eight orders a customer: 150,000 variants and 200,000 orders.
PRODUCTS, CUSTOMERS = 50_000, 26_100
SHOP = "backfill.myshopify.com"
PLUS = Bucket(20_000, 1_000)


@dataclass(frozen=True, slots=True)
class Played:
    """Where the played shop is called, and what is in it."""

    address: str
    token: str
    variants: int
    orders: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process used. memory_mb: at its peak; rows: lines or things that it came through."""

    cpu_seconds: float
    seconds: float
    memory_mb: float
    rows: int
    requests: int = 0


def run(options: Options) -> Iterator[Figure | Stage]:
    """CPU and memory of a backfill, beside a reader that parses the same results and stores nothing."""
    yield Stage("filling the played shop", 0.0)
    size = Size(options.seed, max(20, int(PRODUCTS * options.scale)), max(20, int(CUSTOMERS * options.scale)))
    with tempfile.TemporaryDirectory() as folder, _server(size) as played:
        yield Stage("reading it", 0.2)
        ours = _in_a_process(_backfill, played, f"sqlite:///{folder}/shop.db")
        yield Stage("reading through it", 0.9)
        plain = _in_a_process(_read_through, played)
    data = f"{size.products:,} products, {played.variants:,} variants, {played.orders:,} orders"

    def figure(name: str, value: float, unit: str, baseline: float, at_least: str = "", aim: str = "") -> Figure:
        named = "json.loads of each line, nothing stored"
        return Figure(
            name, value, unit, baseline, value / baseline, data, options.seed, None, None, named, at_least, aim
        )

    yield figure("our CPU", ours.cpu_seconds, "s", plain.cpu_seconds, "180 s at full size", "60 s")
    yield figure("our memory at its peak", ours.memory_mb, "MB", plain.memory_mb, "600 MB", "250 MB")
    yield figure("from start to end", ours.seconds, "s", plain.seconds)
    yield figure("requests", ours.requests, "calls", plain.requests)
    yield figure("things stored a CPU second", ours.rows / ours.cpu_seconds, "1/s", plain.rows / plain.cpu_seconds)


class _server:  # noqa: N801 - reads as what it does
    """The played platform in a process of its own, until the block ends."""

    def __init__(self, size: Size) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._here, self._there = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(self._there, size), daemon=True)

    def __enter__(self) -> Played:
        self._process.start()
        self._there.close()
        played = self._here.recv()
        assert isinstance(played, Played)
        return played

    def __exit__(self, *_: object) -> None:
        self._here.send("stop")
        self._process.join(10)
        self._process.terminate()


def _serve(pipe: Connection, size: Size) -> None:
    with running("c" * 32, "shpss_" + "b" * 32) as platform:
        shop = platform.add(fill(PlayedShop(SHOP), size))
        platform.install(shop)
        platform.grant(shop)
        platform.limit(shop, PLUS)
        address = f"{platform.url}/{SHOP}"
        pipe.send(Played(address, _token(platform, shop), len(shop.variants), len(shop.orders)))
        pipe.recv()


def _token(platform: Platform, shop: PlayedShop) -> str:
    answer = requests.post(
        f"{platform.url}/{SHOP}/admin/oauth/access_token",
        data={
            "client_id": platform.client_id,
            "client_secret": platform.client_secret,
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": platform.tokens.id_token(shop),
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
        },
        timeout=30,
    )
    return str(answer.json()["access_token"])


def _in_a_process(work: Callable[..., tuple[int, int]], *args: Any) -> Cost:
    """What a piece of work costs in a fresh process."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_measured, args=(there, work, *args))
    process.start()
    there.close()
    try:
        cost = here.recv()
    finally:
        process.join()
    assert isinstance(cost, Cost)
    return cost


def _measured(pipe: Connection, work: Callable[..., tuple[int, int]], *args: Any) -> None:
    began, cpu = time.monotonic(), time.process_time()
    rows, calls = work(*args)
    used = time.process_time() - cpu
    pipe.send(Cost(used, time.monotonic() - began, _peak_mb(), rows, calls))


def _peak_mb() -> float:
    # getrusage would tell the parent's peak where that is larger: it is handed down from before the process began.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


def _backfill(played: Played, database_url: str) -> tuple[int, int]:
    from connectors.shopify.reader import ShopReader

    with closing(Database(database_url)) as database:
        migrations.migrate(database, "head")
        vault = Vault(Fernet.generate_key().decode())
        shop_id, _ = create_direct_shop(database, vault, key="backfill", name="Backfill", currency="GBP")
        calls: list[str] = []

        def token() -> str:
            calls.append(played.token)
            return played.token

        reader = ShopReader(Access(SHOP, played.address, token, time.sleep))
        with database.write() as connection:
            readings.start(connection, shop_id, "shopify", reader.kinds, now=system_clock())
        while not all(each.finished for each in readings.progress(database, shop_id)):
            readings.run(database, shop_id, reader)
            time.sleep(1.0)
        return sum(each.read for each in readings.progress(database, shop_id)), len(calls)


def _read_through(played: Played) -> tuple[int, int]:
    """Download the results that the backfill left behind, and parse each line."""
    urls = _results(played)
    rows = 0
    for url in urls:
        with requests.get(url, stream=True, timeout=60) as answer:
            rows += sum(json.loads(line) is not None for line in answer.iter_lines(1 << 18))
    return rows, 1 + len(urls)


def _results(played: Played) -> list[str]:
    from connectors.shopify.api import API_VERSION

    query = "{ bulkOperations(first: 10) { nodes { url } } }"
    answer = requests.post(
        f"{played.address}/admin/api/{API_VERSION}/graphql.json",
        json={"query": query},
        headers={"X-Shopify-Access-Token": played.token},
        timeout=60,
    )
    return [each["url"] for each in answer.json()["data"]["bulkOperations"]["nodes"] if each["url"]]


BENCHMARK = Benchmark(
    name="shopify-backfill",
    summary="CPU and memory of reading a Shopify shop of 50,000 products and 200,000 orders",
    run=run,
    quick=False,
    minutes=15.0,
)
