"""store: how far SQLite goes, and what one more writer, a million kept deliveries and a thousand shops cost it."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.figures import Benchmark, Figure, Options, Stage
from connectors.base import Delivery as Arrival
from integration.jobs.sweep import DUE
from integration.migrations import migrate
from integration.services import upkeep
from integration.settings import Settings
from integration.storage import delivery_writes
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.shops import Shop
from integration.storage.upsert import table_of

SECONDS = 4.0
WRITERS = (1, 2, 4, 8)
THREADS = 2
KEPT = 1_000_000
SHOPS = 1000
AT_ONCE = 20_000
BODY = b"x" * 2000
START = datetime(2026, 11, 1, tzinfo=UTC)
SHOP = table_of(Shop)


def run(options: Options) -> Iterator[Figure | Stage]:
    """Deliveries that are kept, each on the disk before its answer, by ever more processes; and beside many rows."""
    seconds, kept = max(1.0, SECONDS * options.scale), int(KEPT * options.scale)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'store.sqlite3'}"
        _make(url, shops=10)
        yield Stage("writers", 0.0)
        rates = {writers: _rate(url, writers, seconds) for writers in WRITERS}
        data = f"2 kB bodies, {THREADS} threads a process, SQLite, every delivery on the disk, {seconds:.0f} s each"
        for writers, rate in rates.items():
            name = f"deliveries kept, {writers} processes" if writers > 1 else "deliveries kept, 1 process"
            yield _figure(name, rate, "a second", rates[1], "1 process", data, options)
        yield Stage("rows", 0.4)
        _fill(url, kept)
        full = f"{data}; {kept:,} deliveries kept before"
        yield _figure(
            "deliveries kept beside many", _rate(url, 2, seconds), "a second", rates[2], "an empty store", full, options
        )
        yield Stage("shops", 0.8)
        few = _sweep_seconds(url)
        shops = max(20, int(SHOPS * options.scale))
        _make(url, shops=shops - 10)
        said = f"{shops:,} shops, SQLite"
        yield _figure("sweep of all shops", _sweep_seconds(url), "s", few, "10 shops", said, options)


def _figure(name: str, value: float, unit: str, base: float, beside: str, data: str, options: Options) -> Figure:
    return Figure(name, value, unit, base, value / base, data, options.seed, baseline_name=beside)


def _make(url: str, *, shops: int) -> None:
    with closing(Database(url)) as database:
        migrate(database)
        with database.across_shops().write() as connection:
            there = int(connection.execute(sa.select(sa.func.count()).select_from(SHOP)).scalar_one())
            named = [{"key": f"shop-{there + each}", "name": "Shop", "created_at": START} for each in range(shops)]
            connection.execute(SHOP.insert(), named)


def _rate(url: str, writers: int, seconds: float) -> float:
    """Deliveries a second that so many processes keep together."""
    context = multiprocessing.get_context("spawn")
    kept = context.Queue()
    ready = context.Barrier(writers)
    processes = [context.Process(target=_write, args=(url, each, seconds, ready, kept)) for each in range(writers)]
    for each in processes:
        each.start()
    total = sum(kept.get(timeout=60 + seconds) for _ in processes)
    for each in processes:
        each.join()
    return float(total) / seconds


def _write(url: str, writer: int, seconds: float, ready: Any, kept: Any) -> None:
    with closing(Database(url)) as database, ThreadPoolExecutor(THREADS) as pool:
        ready.wait()
        until = time.monotonic() + seconds
        threads = [
            pool.submit(_keep_on, database, 1 + writer % 10, f"{writer}-{each}", until) for each in range(THREADS)
        ]
        kept.put(sum(each.result() for each in threads))


def _keep_on(database: Database, shop_id: int, name: str, until: float) -> int:
    shop, number = database.of(shop_id), 0
    while time.monotonic() < until:
        arrival = Arrival("direct", "orders", f"{name}-{until}-{number}", BODY)
        shop.write_together(partial(_keep, shop_id, arrival))
        number += 1
    return number


def _keep(shop_id: int, arrival: Arrival, connection: sa.Connection) -> int | None:
    waits, now = DeliveryStatus.WAITING, datetime.now(UTC)
    return delivery_writes.keep(connection, shop_id, arrival, received_at=now, status=waits)


def _fill(url: str, rows: int) -> None:
    """Applied deliveries, which keep no body, and their keys."""
    settled = {"shop_id": 1, "platform": "direct", "topic": "orders", "body": b"", "status": DeliveryStatus.APPLIED}
    with closing(Database(url)) as database:
        for first in range(0, rows, AT_ONCE):
            many = [
                {**settled, "delivery_key": f"old-{each:x}", "received_at": START + timedelta(seconds=each)}
                for each in range(first, min(rows, first + AT_ONCE))
            ]
            with database.of(1).write(durable=False) as connection:
                keys = [{column.name: row[column.name] for column in delivery_writes.KEY.c} for row in many]
                connection.execute(delivery_writes.KEY.insert(), keys)
                connection.execute(delivery_writes.DELIVERY.insert(), many)


def _sweep_seconds(url: str) -> float:
    """How long the scheduler asks the store what is due, which it does every 20 seconds."""
    settings = Settings.from_environ({"SHELFWISE_DATABASE_URL": url})
    with closing(Database(url)) as opened:
        database, now = opened.across_shops(), datetime.now(UTC)
        began = time.monotonic()
        upkeep.due_fits(database, settings, now)
        for due in DUE.values():
            due(database, settings, now)
        return time.monotonic() - began


BENCHMARK = Benchmark("store", "how far SQLite goes: writers, rows, shops", run, quick=False, minutes=2)
