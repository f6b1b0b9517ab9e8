"""reconcile: what finding 1 % of drift costs in a shop of 50,000 products, with played platforms as other processes."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import func, select

import connectors
from benchmarks.drifted import NEW_TITLE, SHOPIFY, WOOCOMMERCE, Injected, Played, Serving
from benchmarks.figures import Benchmark, Figure, Options, Stage
from connectors.base import Reader
from integration import migrations
from integration.clock import system_clock
from integration.services import readings, refetches
from integration.services.secrets import Vault
from integration.services.shops import create_direct_shop
from integration.storage.database import Database
from integration.storage.reading_writes import LEVEL, PRODUCT

PRODUCTS, DRIFT = 50_000, 0.01
SHOP_ID = 1


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process used. memory_mb: at its peak; calls: to the platform; drift: what it said that it found."""

    cpu_seconds: float
    seconds: float
    memory_mb: float
    calls: int
    drift: Mapping[str, int] = field(default_factory=dict)


def run(options: Options) -> Iterator[Figure | Stage]:
    """On each platform: read the shop, have it drift, read it again as every day; beside a program that only parses."""
    products = max(400, int(PRODUCTS * options.scale))
    for begun, platform in enumerate((SHOPIFY, WOOCOMMERCE)):
        yield Stage(f"filling the played {platform}", begun / 2)
        with tempfile.TemporaryDirectory() as folder, Serving(platform, products, options.seed) as serving:
            url = f"sqlite:///{folder}/shop.db"
            yield Stage("reading it for the first time", begun / 2 + 0.1)
            _in_a_process(_first, serving.played, url)
            injected = serving.drift(int(products * DRIFT))
            yield Stage("reconciling it", begun / 2 + 0.3)
            ours = _in_a_process(_reconcile, serving.played, url)
            right = _put_right(url, injected)
            yield Stage("reading through it", begun / 2 + 0.45)
            plain = _in_a_process(_read_through, serving.played)
        yield from _figures(options, serving.played, ours, plain, injected, right)


def _figures(
    options: Options, played: Played, ours: Cost, plain: Cost, injected: Injected, right: int
) -> Iterator[Figure]:
    said = ", ".join(f"{count} {sort}" for sort, count in sorted(ours.drift.items()))
    data = f"{played.things}; drifted: {injected.count} ({said})"

    def figure(name: str, value: float, unit: str, baseline: float, named: str, least: str = "", aim: str = "") -> Any:
        bounds = (None, None, named, least, aim)
        return Figure(
            f"{played.platform}: {name}", value, unit, baseline, value / baseline, data, options.seed, *bounds
        )

    through = "each page parsed, nothing compared"
    yield figure("drift put right", right, "things", injected.count, "injected", "all", "all")
    yield figure("our CPU", ours.cpu_seconds, "s", plain.cpu_seconds, through, "", "60 s at full size")
    yield figure("from start to end", ours.seconds, "s", plain.seconds, through)
    yield figure("our memory at its peak", ours.memory_mb, "MB", plain.memory_mb, through)
    yield figure("requests", ours.calls, "calls", played.least, "least that tell catalogue and stock")


def _put_right(url: str, injected: Injected) -> int:
    """How many of the things that drifted are stored as they are on the platform."""
    with closing(Database(url)) as database, database.of(SHOP_ID).read() as connection:
        rows = connection.execute(select(PRODUCT).where(PRODUCT.c.shop_id == SHOP_ID)).all()
        pieces = select(LEVEL.c.inventory_item, func.sum(LEVEL.c.available)).where(LEVEL.c.shop_id == SHOP_ID)
        stock: dict[str, int] = dict(map(tuple, connection.execute(pieces.group_by(LEVEL.c.inventory_item))))
    titles = {row.external_id: row.title for row in rows if row.known and row.removed_at is None}
    right: int = sum(titles.get(own) == NEW_TITLE for own in injected.edited)
    right += sum(stock.get(item) == count for item, count in injected.stocked.items())
    return right + sum(own not in titles for own in injected.deleted) + sum(own in titles for own in injected.added)


def _in_a_process(work: Callable[..., tuple[int, Mapping[str, int]]], *args: Any) -> Cost:
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


def _measured(pipe: Connection, work: Callable[..., tuple[int, Mapping[str, int]]], *args: Any) -> None:
    began, cpu = time.monotonic(), time.process_time()
    calls, drift = work(*args)
    used = time.process_time() - cpu
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1e3
    pipe.send(Cost(used, time.monotonic() - began, peak, calls, drift))


def _first(played: Played, url: str) -> tuple[int, Mapping[str, int]]:
    with closing(Database(url)) as database:
        migrations.migrate(database, "head")
        vault = Vault(Fernet.generate_key().decode())
        shop_id, _ = create_direct_shop(database, vault, key="drift", name="Drift", currency="GBP")
        assert shop_id == SHOP_ID
        calls, reader = _reader(played)
        _read(database, played, reader, timedelta())
        return len(calls), {}


def _reconcile(played: Played, url: str) -> tuple[int, Mapping[str, int]]:
    """What a day later is read: the shelf whole, and what else changed."""
    with closing(Database(url)) as database:
        calls, reader = _reader(played)
        _read(database, played, reader, timedelta(hours=25))
        found = readings.progress(database.of(SHOP_ID), SHOP_ID)
        return len(calls), {sort: count for each in found for sort, count in each.drift.items()}


def _reader(played: Played) -> tuple[list[str], Reader]:
    """A reader, and a list that grows by each of its calls."""
    calls: list[str] = []

    def token() -> str:
        calls.append(played.token)
        return played.token

    make = connectors.get(played.platform).reader
    assert make is not None
    return calls, make(played.access(token, time.sleep))


def _read(database: Database, played: Played, reader: Reader, later: timedelta) -> None:
    own = database.of(SHOP_ID)

    def clock() -> datetime:
        return system_clock() + later

    readings.plan(own, SHOP_ID, played.platform, reader.kinds, now=clock())
    while not all(each.finished for each in readings.progress(own, SHOP_ID)):
        readings.run(own, SHOP_ID, reader, clock=clock)
        time.sleep(0.2)
    while refetches.fetch(own, SHOP_ID, reader, clock=clock):
        pass


def _read_through(played: Played) -> tuple[int, Mapping[str, int]]:
    """Have all of catalogue and stock told, and look at none of it."""
    calls, reader = _reader(played)
    things = 0
    for kind in sorted(connectors.get(played.platform).shelf):
        things += sum(len(page.changes) for page in reader.read(kind, position="", since=None))
    return len(calls), {"things": things}


BENCHMARK = Benchmark(
    name="reconcile",
    summary="finding 1 % of drift in shops of 50,000 products, on Shopify and WooCommerce",
    run=run,
    quick=False,
    minutes=15.0,
)
