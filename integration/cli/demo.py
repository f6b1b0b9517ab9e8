"""`shelfwise demo`: the shop to try things on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from connectors.base import Import, ImportRequest
from connectors.errors import ConnectorError
from demo.source import SOURCE, DemoImporter
from demo.stocking import Stocked
from demo.till import Till, till_file
from integration.cli.imports import bars, report_table
from integration.cli.store import open_store
from integration.services.imports import CHECKING, ImportProgress, Watch, apply_import, open_source
from integration.services.secrets import BadSecretKeys, Vault
from integration.services.shops import create_direct_shop, find_shop
from integration.settings import Settings
from integration.storage.database import Database

NAME = "Fern & Ladle"
WRONG_SOURCE = 2


@click.group()
def demo() -> None:
    """A made-up shop, or one made from your own orders, with a storefront at /demo."""


@demo.command()
@click.option("--shop", "key", default="demo", show_default=True, metavar="KEY", help="The shop to load.")
@click.option("--name", default="", help="What its storefront is called.")
@click.option("--size", default="", metavar="SIZE", help='Such as "seed=3&products=60&customers=40".')
@click.option("--orders", metavar="FILE", help="A file of orders to make the shop from; its stock is made up.")
@click.option("--currency", default="GBP", show_default=True, metavar="CODE", help="Of prices that name none.")
def load(key: str, name: str, size: str, orders: str | None, currency: str) -> None:
    """Load a demo shop: its goods, its stock and two years of orders. Loading it again changes what has changed."""
    try:
        with open_store() as (settings, database), bars(Console(stderr=True), quiet=False) as bar:
            opened = _open(orders, size, ImportRequest(currency.upper()), bar)
            shop_id = _shop(database, settings, key, name or _name(orders), opened.currency or currency)
            report = apply_import(database.of(shop_id), shop_id, opened, progress=bar(opened.report.source))
            Till(till_file(settings.data_dir)).forget(key)
    except (ConnectorError, BadSecretKeys) as error:
        click.echo(f"shelfwise demo: {error}", err=True)
        raise SystemExit(WRONG_SOURCE) from None
    Console().print(report_table(report))


def _open(orders: str | None, size: str, request: ImportRequest, bar: Callable[[str], Watch]) -> Import:
    watch = bar(orders or SOURCE)
    if orders is not None:
        return Stocked(open_source("file", orders, request, progress=watch))

    def checking(fraction: float, rows: int) -> None:
        watch(ImportProgress(CHECKING, fraction, rows))

    return DemoImporter(datetime.now(UTC)).open(size, replace(request, progress=checking))


def _name(orders: str | None) -> str:
    return Path(orders).stem.replace("_", " ").replace("-", " ").title() if orders else NAME


def _shop(database: Database, settings: Settings, key: str, name: str, currency: str) -> int:
    """The shop's id; it is made if need be, with a secret that its till signs its webhooks with."""
    shop = find_shop(database, key)
    if shop is not None:
        return int(shop.id)
    return create_direct_shop(database, Vault(settings.secret_keys), key=key, name=name, currency=currency.upper())[0]
