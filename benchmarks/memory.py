"""memory: what a web process holds, with one shop and with fifty."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import sqlalchemy as sa

from benchmarks.figures import Benchmark, Figure, Options
from benchmarks.made_shop import MadeShop, made_shop
from benchmarks.web_server import served
from benchmarks.wire import Client, get_bytes
from integration.services.shops import SHOP
from integration.storage.database import Database

USERS, ITEMS, LINES = 2000, 2000, 40_000
SHOPS = 50
SLATES_A_SHOP = 50
COPIED = ("product", "variant", "inventory_level")


def run(options: Options) -> Iterator[Figure]:
    """Resident memory of one web process after it served slates of 1 shop, and of 50."""
    items = max(100, int(ITEMS * options.scale))
    with made_shop(users=USERS, items=items, lines=LINES, seed=options.seed, web_processes=1) as shop:
        keys = [shop.key, *_copies(shop)]
        sizes = [_resident_after(shop, keys[:count]) for count in (0, 1, SHOPS)]
    data = f"synthetic, {items:,} products a shop"
    empty, one, fifty = sizes
    seed = options.seed

    def figure(name: str, value: float, baseline: float, baseline_name: str) -> Figure:
        return Figure(name, value, "MB", baseline, value / baseline, data, seed, baseline_name=baseline_name)

    yield figure("web process with 1 shop", one, empty, "the same process with no shop")
    yield figure("web process with 50 shops", fifty, one, "with 1 shop")
    yield figure("each further shop", (fifty - one) / (SHOPS - 1), empty, "the process with no shop")


def _copies(shop: MadeShop) -> list[str]:
    """More shops like this one: rows and artifact copied."""
    database = Database(shop.settings.database_url)
    keys = []
    artifacts = shop.settings.artifacts_dir
    for number in range(2, SHOPS + 1):
        keys.append(f"copy-{number}")
        with database.write() as connection:
            row = connection.execute(sa.select(SHOP).where(SHOP.c.id == shop.shop_id)).mappings().one()
            connection.execute(SHOP.insert().values(**{**row, "id": number, "key": keys[-1]}))
            for table in COPIED:
                _copy(connection, table, shop, number)
        shutil.copytree(artifacts / str(shop.shop_id), artifacts / str(number))
    database.close()
    return keys


def _copy(connection: sa.Connection, table: str, shop: MadeShop, number: int) -> None:
    found = [each["name"] for each in sa.inspect(connection).get_columns(table)]
    columns = [name for name in found if name not in {"id", "shop_id"}]
    # A copy's products keep their order, a shop's length further on, so that its variants still find them.
    chosen = [f"product_id + {shop.items * (number - 1)}" if name == "product_id" else name for name in columns]
    identity = f"id + {shop.items * (number - 1)}"
    connection.exec_driver_sql(
        f"INSERT INTO {table} (id, shop_id, {', '.join(columns)})"  # noqa: S608 - our own column names
        f" SELECT {identity}, {number}, {', '.join(chosen)} FROM {table} WHERE shop_id = {shop.shop_id}"
    )


def _resident_after(shop: MadeShop, keys: list[str]) -> float:
    """Resident megabytes of the one worker of a fresh server that has these shops alone, after slates of each."""
    database = Database(shop.settings.database_url)
    with database.write() as connection:
        connection.execute(sa.update(SHOP).values(uninstalled_at=datetime.now(UTC)))
        connection.execute(sa.update(SHOP).where(SHOP.c.key.in_(keys)).values(uninstalled_at=None))
    database.close()
    with served(replace(shop.settings, web_processes=1)) as port:
        client = Client(port)
        for key in keys:
            for number in range(SLATES_A_SHOP):
                path = f"/v1/slates?shop={key}&placement=product&product=p{number}"
                status, body = client.send(get_bytes(path))
                if status != 200 or b'"product"' not in body:
                    raise RuntimeError(f"a slate of {key} was answered with {status}: {body[:100]!r}")
        client.close()
        # The server's own process is small; its one worker is what holds the shops.
        return max(int(each.memory_info().rss) for each in psutil.Process().children(recursive=True)) / 1e6


BENCHMARK = Benchmark(
    name="memory", summary="memory of a web process with 1 and with 50 shops", run=run, quick=True, minutes=1.0
)
