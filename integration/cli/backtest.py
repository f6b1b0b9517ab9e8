"""`shelfwise backtest`: what shoppers would have seen in the shop's last weeks, and how good it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from integration.cli.backtest_table import backtest_table
from integration.cli.store import open_store
from integration.cli.train import progress_bar
from integration.services.threads import leave_threads_to_implicit
from recommender.parameters import Parameters

if TYPE_CHECKING:
    from integration.settings import Settings
    from integration.storage.database import Database

LONGEST_DAYS = 366
USUAL = Parameters()
EXAMPLES = """\b
Examples:
  shelfwise backtest --shop demo
  shelfwise backtest --shop demo --html report.html
  shelfwise backtest --shop demo --days 56 --json > report.json
"""


@click.command(epilog=EXAMPLES)
@click.option("--shop", "key", metavar="KEY", required=True, help="The shop to test; `shelfwise shops` lists them.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON, for a script to read.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Also write the report as one page with plots, to read in a browser or to send on.",
)
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DAYS),
    default=USUAL.held_out_days,
    show_default=True,
    help="Hold back so many days at the end. Never more than a fifth of the history; more where they hold too few.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=USUAL.seed,
    show_default=True,
    help="Of what is drawn at random. The same orders and seed give the same report, byte for byte.",
)
def backtest(key: str, *, as_json: bool, page: Path | None, days: int, seed: int) -> None:
    """See how good the recommendations would have been in the shop's last weeks.

    The last weeks are held back, everything is learnt from the orders before them, and each order that was held back
    is asked: given what lay in the basket, was the product put in last among the ten suggestions? The answer stands
    beside that of plainer ways, best sellers first among them, with how sure it is.

    It only reads: what serves the shop's pages stays as it is, whatever comes out. A shop with too few orders is told
    how many are missing.
    """
    if page is not None and not page.parent.is_dir():
        raise click.ClickException(f"there is no folder {str(page.parent)!r} to write the report into")
    leave_threads_to_implicit()
    with open_store() as (settings, database):
        found = _found(database, settings, key, days, seed)
    if page is not None:
        _write(page, found)
    if as_json:
        click.echo(json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False))
    else:
        _print(Console(), found)
        if page is not None:
            click.echo(f"The report with its plots is in {page}.")


def _found(database: Database, settings: Settings, key: str, days: int, seed: int) -> dict[str, Any]:
    from integration.services import backtests
    from integration.services.shops import UnknownShop, get_shop
    from integration.services.training import NoOrders

    # Progress goes to where nobody reads figures, so that `--json > file` holds JSON alone.
    console = Console(stderr=True)
    try:
        shop = get_shop(database, key)
        with progress_bar(console) as bar:
            task = bar.add_task(key, total=100.0)
            return backtests.backtest(
                database.of(shop.id),
                settings,
                shop.id,
                days=days,
                seed=seed,
                progress=lambda stage, share: bar.update(task, completed=100 * share, description=f"{key}: {stage}"),
            )
    except UnknownShop as error:
        raise click.ClickException(str(error)) from None
    except NoOrders:
        raise click.ClickException(
            f"{key} has no orders yet, so there is nothing to test on; `shelfwise import` brings a shop's past in"
        ) from None


def _write(page: Path, found: Mapping[str, Any]) -> None:
    from integration.services.backtest_page import as_page

    try:
        page.write_text(as_page(found), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"the report can't be written: {error}") from None


def _print(console: Console, found: Mapping[str, Any]) -> None:
    from integration.services.backtest_words import sentences

    for sentence in sentences(found):
        console.print(escape(sentence), highlight=False, soft_wrap=True)
    if table := backtest_table(found.get("figures", {})):
        console.print(table)
