"""woocommerce-import: calls, CPU and memory that importing a WooCommerce shop costs, from the played shop."""

from __future__ import annotations

import json
import math
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from benchmarks.figures import Benchmark, Figure, Options, Stage
from connectors.base import Access
from demo.woocommerce.large import fill_quickly
from demo.woocommerce.server import running
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Refund, RefundLine
from integration import migrations
from integration.clock import system_clock
from integration.services import readings
from integration.services.secrets import Vault
from integration.services.shops import create_direct_shop
from integration.storage.database import Database

PRODUCTS, VARIATIONS, ORDERS, CUSTOMERS = 10_000, 30_000, 50_000, 5_000
# Every so many orders one has money back for its first line.
ORDERS_A_REFUND = 25
A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Played:
    """Where the played shop is called, and how many things of each kind are in it."""

    address: str
    token: str
    things: Mapping[str, int]

    @property
    def least(self) -> int:
        """The fewest calls that could tell all of it."""
        return sum(math.ceil(each / A_PAGE) for each in self.things.values())


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process used. memory_mb: at its peak; calls: to the shop."""

    cpu_seconds: float
    seconds: float
    memory_mb: float
    calls: int


def run(options: Options) -> Iterator[Figure | Stage]:
    """What our import costs, beside a program that asks for the same pages, parses them, and stores nothing."""
    yield Stage("filling the played shop", 0.0)
    with tempfile.TemporaryDirectory() as folder, _server(options) as played:
        yield Stage("importing it", 0.1)
        ours = _in_a_process(_import, played, f"sqlite:///{folder}/shop.db")
        yield Stage("reading through it", 0.8)
        plain = _in_a_process(_read_through, played)
    data = ", ".join(f"{count:,} {kind}" for kind, count in played.things.items())

    def figure(
        name: str, value: float, unit: str, baseline: float, named: str, at_least: str = "", aim: str = ""
    ) -> Any:
        ratio = value / baseline
        return Figure(name, value, unit, baseline, ratio, data, options.seed, None, None, named, at_least, aim)

    through = "json.loads of each page, nothing stored"
    yield figure("requests made", ours.calls, "calls", played.least, "least possible", "1.3 times", "1.05 times")
    yield figure("our CPU", ours.cpu_seconds, "s", plain.cpu_seconds, through)
    yield figure("our memory at its peak", ours.memory_mb, "MB", plain.memory_mb, through)
    yield figure("from start to end", ours.seconds, "s", plain.seconds, through)


class _server:  # noqa: N801 - reads as what it does
    """The played shop in a process of its own, until the block ends."""

    def __init__(self, options: Options) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, self._there = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._there, options.scale, options.seed), daemon=True)

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


def _serve(pipe: Connection, scale: float, seed: int) -> None:
    counts = [max(20, int(each * scale)) for each in (PRODUCTS, VARIATIONS, ORDERS, CUSTOMERS)]
    products, variations, orders, customers = counts
    shop = fill_quickly(
        PlayedShop(), products=products, variations=variations, orders=orders, customers=customers, seed=seed
    )
    refunds = _give_back(shop)
    shop.changed()
    kinds = ("products", "variations", "orders", "customers")
    with running(shop) as site:
        key = shop.keyring.make()
        pipe.send(
            Played(
                shop.address, f"{key.key}:{key.secret}", {**dict(zip(kinds, counts, strict=True)), "refunds": refunds}
            )
        )
        pipe.recv()
        assert site.requests


def _give_back(shop: PlayedShop) -> int:
    """Some orders have money back. Returns how many."""
    some = list(shop.orders.values())[::ORDERS_A_REFUND]
    for order in some:
        line = order.lines[0]
        back = RefundLine(line.id + 5, line.id, line.product_id, line.variation_id, line.name, 1, line.total)
        order.refunds.append(Refund(order.id + 1, order.id, order.modified, line.total, lines=(back,)))
    return len(some)


def _in_a_process(work: Callable[..., int], *args: Any) -> Cost:
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


def _measured(pipe: Connection, work: Callable[..., int], *args: Any) -> None:
    began, cpu = time.monotonic(), time.process_time()
    calls = work(*args)
    used = time.process_time() - cpu
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1e3
    pipe.send(Cost(used, time.monotonic() - began, peak, calls))


def _access(played: Played) -> Access:
    return Access(played.address, played.address, lambda: played.token, time.sleep, allow_loopback=True)


def _import(played: Played, database_url: str) -> int:
    from connectors.woocommerce.reader import ShopReader

    with closing(Database(database_url)) as database:
        migrations.migrate(database, "head")
        vault = Vault(Fernet.generate_key().decode())
        shop_id, _ = create_direct_shop(database, vault, key="import", name="Import", currency="GBP")
        reader = ShopReader(_access(played))
        with database.write() as connection:
            readings.start(connection, shop_id, "woocommerce", reader.kinds, now=system_clock())
        while not all(each.finished for each in readings.progress(database, shop_id)):
            readings.run(database, shop_id, reader)
        return reader.requests


def _read_through(played: Played) -> int:
    """Ask for every page by its number, and parse it."""
    from connectors.woocommerce import lists
    from connectors.woocommerce.client import Shop

    shop = Shop(_access(played))
    questions = {
        lists.PRODUCTS: lists.PRODUCT,
        lists.VARIATIONS: lists.VARIATION,
        lists.ORDERS: lists.ORDER,
        lists.CUSTOMERS: lists.CUSTOMER,
        lists.REFUNDS: lists.REFUND,
    }
    for path, parameters in questions.items():
        page, told = 1, True
        while told:
            reply = shop.get(path, {**parameters, "per_page": str(A_PAGE), "page": str(page)})
            told = bool(json.loads(reply.body)) and page * A_PAGE < (reply.total or 0)
            page += 1
    return shop.requests


BENCHMARK = Benchmark(
    name="woocommerce-import",
    summary="calls, CPU and memory of importing a WooCommerce shop of 10,000 products and 50,000 orders",
    run=run,
    quick=False,
    minutes=6.0,
)
