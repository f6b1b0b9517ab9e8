"""flood: how long a kept delivery waits until it is applied, also while another shop floods the queue."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from benchmarks.web_server import environment, free_port
from connectors.base import Delivery
from integration.jobs.queues import Enqueuer
from integration.migrations import migrate
from integration.services.secrets import Vault
from integration.services.shops import create_direct_shop
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.delivery_writes import DELIVERY, keep

SHOPS, SECONDS = 20, 20.0
# Deliveries a second: of each shop while it is calm, of the one that floods, and half of what intake has to take.
CALM, FLOOD, HALF_LOAD = 2.0, 200.0, 300.0
# What waits of the flood before the others are looked at, for each second of that: so that it does not end before.
BACKLOG = 1000.0
AT_ONCE = 20
LINES, TITLE = 8, "A made-up thing of a made-up shop, as good as new, in a box" * 2
SETTLE_SECONDS, PATIENCE_SECONDS = 2.0, 120.0


@dataclass(frozen=True, slots=True)
class _Rig:
    """Shops whose deliveries come in; workers drain them in processes of their own."""

    settings: Settings
    database: Database
    enqueuer: Enqueuer
    shops: Sequence[int]
    draw: random.Random

    def arrive(self, shop_id: int, count: int = 1) -> None:
        """What a web process does with a delivery that waits: keep it, then say so."""
        now = datetime.now(UTC)
        with self.database.of(shop_id).write() as connection:
            for _ in range(count):
                arrival = _order(self.draw.getrandbits(40), now)
                keep(connection, shop_id, arrival, received_at=now, status=DeliveryStatus.WAITING)
        self.enqueuer.drain(shop_id)

    def send(self, rate: float, seconds: float, *, flood: float = 0.0) -> datetime:
        """Deliveries of all shops but the first at a steady rate, and those of a flood of the first, for a time.

        Returns when it began.
        """
        began, start = datetime.now(UTC), time.monotonic()
        sent = flooded = 0
        while (passed := time.monotonic() - start) < seconds:
            if sent < rate * passed:
                self.arrive(self.draw.choice(self.shops[1:]))
                sent += 1
            elif flood * passed - flooded >= AT_ONCE:
                self.arrive(self.shops[0], AT_ONCE)
                flooded += AT_ONCE
            else:
                time.sleep(0.001)
        return began

    def lag_ms(self, since: datetime) -> float:
        """p99 of the milliseconds from arrival to being applied, of all shops but the first."""
        others = (DELIVERY.c.received_at >= since, DELIVERY.c.shop_id != self.shops[0])
        until = time.monotonic() + PATIENCE_SECONDS
        while self._count(*others, DELIVERY.c.status != DeliveryStatus.APPLIED):
            if time.monotonic() > until:
                raise RuntimeError("deliveries were not applied in time")
            time.sleep(0.1)
        with self.database.across_shops().read() as connection:
            rows = connection.execute(select(DELIVERY.c.received_at, DELIVERY.c.applied_at).where(*others)).all()
        return float(np.percentile([(row.applied_at - row.received_at).total_seconds() * 1000 for row in rows], 99))

    def left_of_flood(self) -> int:
        """How many deliveries of the first shop still wait."""
        return self._count(DELIVERY.c.shop_id == self.shops[0], DELIVERY.c.status == DeliveryStatus.WAITING)

    def _count(self, *conditions: object) -> int:
        with self.database.across_shops().read() as connection:
            return int(connection.execute(select(func.count()).where(*conditions)).scalar_one())  # type: ignore[arg-type]


def run(options: Options) -> Iterator[Figure | Stage]:
    """p99 of the others' lag beside the same without the flood, for one worker and for two; and lag at half load."""
    seconds = max(4.0, SECONDS * options.scale)
    server = f"PostgreSQL without fsync, Redis, {SHOPS} shops, orders of {LINES} lines, {seconds:.0f} s"
    for place, workers in enumerate((1, 2)):
        yield Stage(f"a flood, {workers} workers", place / 3)
        calm, flooded, left = _flood(options.seed, seconds, workers)
        data = f"{server}, {CALM:.0f}/s of each; one sends {FLOOD:.0f}/s, {left:,} of it waiting at the end"
        name = f"others' lag under a flood, p99, {workers} intake worker{'s' if workers > 1 else ''}"
        bounds = ("<= 3 x", "<= 1.2 x")
        beside = "the same without the flood"
        ratio = flooded / calm
        yield Figure(
            name, flooded, "ms", calm, ratio, data, options.seed, None, None, beside, at_least=bounds[0], aim=bounds[1]
        )
    yield Stage("half load", 2 / 3)
    with _rig(options.seed, 1) as rig:
        rig.lag_ms(rig.send(CALM * SHOPS, SETTLE_SECONDS))
        lag = rig.lag_ms(rig.send(HALF_LOAD, seconds))
    data = f"{server}, {HALF_LOAD:.0f}/s together, one intake worker"
    name = "queue to applied, p99"
    yield Figure(name, lag, "ms", None, None, data, options.seed, at_least="<= 5000", aim="<= 1000")


def _flood(seed: int, seconds: float, workers: int) -> tuple[float, float, int]:
    """The others' lag without and with the flood, and how much of the flood was left when it had been measured."""
    with _rig(seed, workers) as rig:
        rig.lag_ms(rig.send(CALM * SHOPS, SETTLE_SECONDS))
        calm = rig.lag_ms(rig.send(CALM * SHOPS, seconds))
        for _ in range(int(BACKLOG * seconds / AT_ONCE)):
            rig.arrive(rig.shops[0], AT_ONCE)
        began = rig.send(CALM * SHOPS, seconds, flood=FLOOD)
        left = rig.left_of_flood()
        return calm, rig.lag_ms(began), left


@contextmanager
def _rig(seed: int, workers: int) -> Iterator[_Rig]:
    """Shops on a PostgreSQL and a Redis of their own, a scheduler, and so many workers of the intake queue."""
    try:
        from tests.servers import find_postgres, postgres_server, redis_server
    except ImportError:
        raise NoData("this needs the project's folder, with its tests: run it from a checkout") from None
    if find_postgres() is None:
        raise NoData("there is no PostgreSQL here: `make setup-dev` installs one")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings.from_environ(
            {
                "SHELFWISE_DATA_DIR": str(folder / "var"),
                "SHELFWISE_DATABASE_URL": stack.enter_context(postgres_server()),
                "SHELFWISE_REDIS_URL": stack.enter_context(redis_server()),
                "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
            }
        )
        database = Database(settings.database_url)
        stack.callback(database.close)
        migrate(database)
        vault = Vault(settings.secret_keys)
        made = [create_direct_shop(database, vault, key=f"s{n}", name="S", currency="GBP")[0] for n in range(SHOPS + 1)]
        enqueuer = Enqueuer(settings)
        stack.callback(enqueuer.close)
        for command in (["scheduler"], *[["worker", "--queue", "intake"]] * workers):
            stack.enter_context(_running(settings, command))
        yield _Rig(settings, database, enqueuer, made, random.Random(seed))


@contextmanager
def _running(settings: Settings, command: Sequence[str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "integration.cli", *command],
        env=os.environ | environment(settings, free_port()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _order(number: int, now: datetime) -> Delivery:
    lines = [
        {"id": f"{number}-{line}", "product": f"p{line}", "variant": "v", "quantity": 1, "unit_price": "9.90"}
        for line in range(LINES)
    ]
    when = (now - timedelta(seconds=1)).isoformat()
    order = {"id": f"o{number % 5000}", "ordered_at": when, "updated_at": when, "currency": "GBP"}
    body = json.dumps({**order, "lines": [{**line, "title": TITLE} for line in lines]}).encode()
    return Delivery("direct", "order.updated", f"d{number}", body, f"order/o{number % 5000}", now)


BENCHMARK = Benchmark(
    name="flood",
    summary="how long a kept delivery waits to be applied, beside one shop that sends a hundred times as much",
    run=run,
    quick=False,
    minutes=3,
)
