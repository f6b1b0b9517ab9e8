"""`shelfwise read`: have a connected shop read again, and watch it."""

from __future__ import annotations

import time
from contextlib import closing

import click
from redis.exceptions import RedisError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from connectors.base import Page, Reader
from connectors.errors import ConnectorError
from integration.cli.store import open_store
from integration.clock import system_clock
from integration.jobs.queues import connect, enqueue
from integration.services import readings, refetches
from integration.services.secrets import BadSecretKeys, Vault
from integration.services.shops import UnknownShop, get_shop
from integration.settings import Settings
from integration.storage.database import Database

WRONG = 2
LOOK_EVERY_SECONDS = 1.0

EXAMPLE = """
\b
Examples:
  shelfwise read candles --watch
  shelfwise read candles --here
"""


@click.command(epilog=EXAMPLE)
@click.argument("key", metavar="SHOP")
@click.option("--watch", is_flag=True, help="Show how far it is until everything is read.")
@click.option("--here", is_flag=True, help="Read in this very process instead of leaving it to a worker.")
def read(key: str, watch: bool, here: bool) -> None:
    """Read all of a connected SHOP again: products, stock, orders.

    A shop is read by itself when it is connected, and again every week; what changed is read every hour. This asks for
    it now, as after an outage. What a reading tells never overwrites something newer, so it may be done at any time;
    one that breaks off goes on where it was. `--here` needs no worker and no Redis, and also asks for what was left
    open, such as products that the reading did not find any more.
    """
    try:
        with open_store() as (settings, store):
            shop_id = int(get_shop(store, key).id)
            database = store.of(shop_id)
            platform, reader = readings.open_reader(database, Vault(settings.secret_keys), settings, shop_id)
            with database.write() as connection:
                readings.start(connection, shop_id, platform, reader.kinds, now=system_clock())
            if not here:
                _announce(settings, shop_id)
            if here or watch:
                _show(database, shop_id, reader if here else None)
            while here and refetches.fetch(database, shop_id, reader):
                pass
    except (ConnectorError, BadSecretKeys, UnknownShop) as error:
        click.echo(f"shelfwise read: {error}", err=True)
        raise SystemExit(WRONG) from None


def _announce(settings: Settings, shop_id: int) -> None:
    with closing(connect(settings)) as redis:
        try:
            enqueue(redis, "read", shop_id)
        except RedisError:
            click.echo("Redis is away: a worker begins once it is back. Or read it here: --here", err=True)
        else:
            click.echo("A worker reads it.")


def _show(database: Database, shop_id: int, reader: Reader | None) -> None:
    """Bars until the shop is read; with a reader it is read here."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def look(_kind: str, _page: Page | None) -> None:
            _draw(bars, tasks, readings.progress(database, shop_id))

        while not _draw(bars, tasks, readings.progress(database, shop_id)):
            if reader is not None:
                readings.run(database, shop_id, reader, watch=look)
            time.sleep(LOOK_EVERY_SECONDS)


def _draw(bars: Progress, tasks: dict[str, TaskID], found: list[readings.Progress]) -> bool:
    """Bring the bars up to date. True once everything is read."""
    for each in found:
        if each.kind not in tasks:
            tasks[each.kind] = bars.add_task(each.kind, total=None, said="")
        total = each.read if each.finished else each.expected
        of_all = f" of {each.expected:,}" if each.expected and not each.finished else ""
        drift = f", {each.repaired:,} put right" if each.repaired else ""
        said = each.error or (f"{each.read:,}{of_all}{drift}" if each.read or each.finished else "being prepared")
        bars.update(
            tasks[each.kind], completed=each.read, total=max(total, 1) if total is not None else None, said=said
        )
        if each.finished:
            bars.update(tasks[each.kind], completed=max(each.read, 1))
    return all(each.finished for each in found)
