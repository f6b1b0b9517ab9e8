"""`shelfwise import`: bring files into a shop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from connectors.base import Contents, Import, ImportReport, ImportRequest
from connectors.errors import ConnectorError
from integration.cli.store import open_store
from integration.services.imports import ImportProgress, Watch, apply_import, in_order, open_source
from integration.services.secrets import BadSecretKeys, Vault
from integration.services.shops import ShopTaken, UnknownShop, create_direct_shop, find_shop, get_shop
from integration.settings import Settings
from integration.storage.database import Database

WRONG_FILE = 2

EXAMPLE = """
\b
Examples:
  shelfwise import products_export.csv orders_export.csv --shop candles
  shelfwise import till.parquet --shop candles --create --currency GBP
  shelfwise import till.csv --shop candles --json | jq .skipped
"""


@click.command(name="import", epilog=EXAMPLE)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--shop", "key", required=True, metavar="KEY", help="The shop that the files belong to.")
@click.option("--create", is_flag=True, help="Make the shop if it is not there yet.")
@click.option("--currency", default="", metavar="CODE", help="Of prices that name none; else the shop's own currency.")
@click.option(
    "--as",
    "contents",
    type=click.Choice([each.value for each in Contents]),
    default=Contents.AUTO.value,
    show_default=True,
    help="What the files hold; auto tells by their columns.",
)
@click.option(
    "--as-of",
    metavar="TIME",
    help="Of which time a product file's prices and stock are; else when the file was last changed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON a file instead of bars and tables.")
def import_(
    files: Sequence[str], key: str, create: bool, currency: str, contents: str, as_of: str | None, as_json: bool
) -> None:
    """Bring products and orders from files into a shop.

    A FILE is CSV (also packed with gzip) or parquet: order lines from a till or an export, or products as Shopify and
    WooCommerce export them. What it is is told by its columns. Every file is checked to its last row before anything
    is written: a wrong one ends this command with code 2 and a sentence that says what to correct. Importing a file
    again changes nothing; importing a corrected one corrects. docs/merchants/files.md lists the columns.
    """
    console = Console(stderr=True)
    try:
        with open_store() as (settings, database):
            if not create:
                shop = get_shop(database, key)
                currency = currency or str(shop.currency)
            request = ImportRequest(currency.upper(), Contents(contents), _time(as_of))
            with bars(console, quiet=as_json) as bar:
                opened = in_order([open_source("file", file, request, progress=bar(file)) for file in files])
                shop_id = _shop(database, settings, key, opened, request.currency)
                reports = [
                    apply_import(database.of(shop_id), shop_id, each, progress=bar(each.report.source))
                    for each in opened
                ]
    except (ConnectorError, BadSecretKeys, UnknownShop, ShopTaken) as error:
        click.echo(f"shelfwise import: {error}", err=True)
        raise SystemExit(WRONG_FILE) from None
    for report in reports:
        if as_json:
            click.echo(json.dumps(asdict(report), ensure_ascii=False))
        else:
            Console().print(report_table(report))


def report_table(report: ImportReport) -> Table:
    """The report as a table: what became of each row of the source."""
    table = Table(title=report.source, title_justify="left", show_header=False, show_footer=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_row("read", f"{report.read:,}", style="bold", end_section=True)
    for what, rows in report.kept.items():
        table.add_row(Text(f"kept: {what}"), f"{rows:,}", style="green")
    for reason, rows in sorted(report.skipped.items(), key=lambda item: -item[1]):
        table.add_row(Text(f"skipped: {reason}"), f"{rows:,}", style="yellow")
    if report.notes:
        table.caption = Text("\n".join(report.notes))
        table.caption_justify = "left"
    return table


def _time(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        when = datetime.fromisoformat(written)
    except ValueError:
        raise click.BadParameter(f"{written!r} is no time such as 2026-05-31T18:00", param_hint="--as-of") from None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _shop(database: Database, settings: Settings, key: str, opened: Sequence[Import], currency: str) -> int:
    """The shop's id; it is made if need be, with a secret for the webhooks of its own till."""
    shop = find_shop(database, key)
    if shop is not None:
        return int(shop.id)
    named = next((each.currency for each in opened if each.currency), currency) or "USD"
    return create_direct_shop(database, Vault(settings.secret_keys), key=key, name=key, currency=named)[0]


@contextmanager
def bars(console: Console, *, quiet: bool) -> Iterator[Callable[[str], Watch]]:
    """Makes a bar for each file and stage, with its rate and the time that remains."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:>11,} rows {task.fields[rate]:>9,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=quiet) as progress:

        def bar(source: str) -> Watch:
            tasks: dict[str, TaskID] = {}

            def show(now: ImportProgress) -> None:
                if now.stage not in tasks:
                    name = f"{now.stage} {Path(source).name}"
                    tasks[now.stage] = progress.add_task(name, total=1.0, rows=0, rate=0.0)
                task = tasks[now.stage]
                elapsed = progress.tasks[progress.task_ids.index(task)].elapsed or 0.0
                rate = now.rows / elapsed if elapsed else 0.0
                progress.update(task, completed=now.fraction, rows=now.rows, rate=rate)

            return show

        yield bar
