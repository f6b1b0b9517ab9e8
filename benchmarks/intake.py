"""webhooks: signed deliveries that a web server keeps in a second on PostgreSQL, beside an empty 200 of the same."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from benchmarks import load
from benchmarks.figures import Benchmark, Figure, NoData, Options
from benchmarks.web_server import constant_served, served
from benchmarks.wire import get_bytes, post_bytes
from connectors.direct import sign
from integration.migrations import migrate
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.delivery_writes import DELIVERY
from tests.servers import find_postgres, postgres_server

SECONDS = 10.0
SHOPS = 20
BODY_BYTES = 2000
CONNECTIONS = 16
MOST_A_SECOND = 3000
HALF = 0.5
SECRET = "a secret of the benchmark's own"  # noqa: S105 -- made up
# As PostgreSQL comes: an answer is on the disk.
AS_IT_COMES = ("max_connections=60",)
ROLE = "shelfwise_bench"


def run(options: Options) -> Iterator[Figure]:
    """Deliveries a second with every connection busy, their latency at half of that, and how many were lost."""
    if find_postgres() is None:
        raise NoData("there is no PostgreSQL for this machine: install the development requirements")
    seconds = max(2.0, SECONDS * options.scale)
    with tempfile.TemporaryDirectory() as folder, postgres_server(AS_IT_COMES) as server:
        settings = _settings(Path(folder), server)
        names = _made(settings, server)
        with constant_served(settings, 2) as port:
            empty = load.run(port, [get_bytes("/constant")], seconds=seconds, connections=CONNECTIONS)
        draw = random.Random(options.seed)
        with served(settings) as port:
            count = int(MOST_A_SECOND * seconds)
            full = load.run(port, list(_requests(count, names, draw)), seconds=seconds, connections=CONNECTIONS)
            rate = full.per_second * HALF
            half = load.run(
                port,
                list(_requests(int(rate * seconds), names, draw)),
                rate=rate,
                seconds=seconds,
                connections=CONNECTIONS,
            )
        lost = full.requests + half.requests - _kept(settings)
    data = (
        f"orders of 2 kB of {SHOPS} shops, PostgreSQL (every answer is on the disk), {settings.web_processes} web "
        f"processes, {CONNECTIONS} connections of a second process, {seconds:.0f} s"
    )
    figure = partial(Figure, data=data, seed=options.seed, baseline_name="an empty 200")
    kept, ratio = full.per_second, full.per_second / empty.per_second
    yield figure("deliveries kept", kept, "/s", empty.per_second, ratio, at_least=">= 600", aim=">= 1500")
    yield figure("as part of an empty 200", ratio, "", 1.0, ratio, at_least=">= 0.3", aim=">= 0.6")
    for name, done, bounds in (("all busy", full, ("<= 200", "<= 50")), ("at half", half, ("", ""))):
        at_least, aim = bounds
        yield figure(f"answered, p99, {name}", done.p99_ms, "ms", empty.p99_ms, None, at_least=at_least, aim=aim)
    wrong = max(0, lost) + full.wrong + half.wrong
    yield figure("refused or lost", wrong, "deliveries", None, None, at_least="0", aim="0")


def _settings(folder: Path, server: str) -> Settings:
    url = make_url(server).set(database=ROLE, username=ROLE)
    return Settings.from_environ(
        {
            "SHELFWISE_DATA_DIR": str(folder),
            "SHELFWISE_DATABASE_URL": url.render_as_string(hide_password=False),
            "SHELFWISE_REDIS_URL": f"unix://{folder / 'none.sock'}",
            "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
        }
    )


def _made(settings: Settings, server: str) -> list[str]:
    """The shops' names, in a store whose tables another role owns, as they should."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {ROLE} LOGIN")
        connection.exec_driver_sql(f"CREATE DATABASE {ROLE}")
    engine.dispose()
    with _opened(make_url(server).set(database=ROLE).render_as_string(hide_password=False)) as database:
        migrate(database, role=ROLE)
    names = [f"shop-{number}" for number in range(SHOPS)]
    with _opened(settings.database_url) as database:
        for name in names:
            vault = Vault(settings.secret_keys)
            create_shop(
                database, vault, key=name, name=name, platform="direct", external_id=name, webhook_secret=SECRET
            )
    return names


def _requests(count: int, names: list[str], draw: random.Random) -> Iterator[bytes]:
    """Orders, each once, as ready-made requests."""
    for _ in range(count):
        number = f"{draw.getrandbits(64):016x}"
        told = {"id": number, "ordered_at": "2026-11-20T10:00:00+00:00", "updated_at": "2026-11-20T10:00:00+00:00"}
        line = {"id": "l1", "product": "p1", "variant": "v1", "quantity": 1, "unit_price": "9.90"}
        body = json.dumps({**told, "currency": "EUR", "lines": [line], "note": ""})
        body = json.dumps({**told, "currency": "EUR", "lines": [line], "note": "x" * (BODY_BYTES - len(body))})
        headers = {
            "Content-Type": "application/json",
            "X-Shelfwise-Topic": "order.created",
            "X-Shelfwise-Delivery-Id": number,
            "X-Shelfwise-Signature": sign(SECRET, body.encode()),
        }
        yield post_bytes(f"/webhooks/direct/{draw.choice(names)}", body.encode(), headers)


def _kept(settings: Settings) -> int:
    with _opened(settings.database_url) as database, database.across_shops().read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(DELIVERY)).scalar_one())


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


BENCHMARK = Benchmark(
    name="webhooks",
    summary="signed deliveries kept a second on PostgreSQL, and how long each waits for its answer",
    run=run,
    quick=False,
    minutes=1,
)
