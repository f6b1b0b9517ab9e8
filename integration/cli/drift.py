"""`shelfwise drift`: how far what is stored of a shop was from what its platform says, reading by reading."""

from __future__ import annotations

import json
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from integration.cli.store import open_store
from integration.services import readings
from integration.services.shops import UnknownShop, get_shop

EXAMPLE = """
\b
Examples:
  shelfwise drift candles
  shelfwise drift candles --last 200 --json
"""


@click.command(epilog=EXAMPLE)
@click.argument("key", metavar="SHOP")
@click.option("--last", default=20, show_default=True, type=click.IntRange(1, 1000), help="So many readings.")
@click.option("--json", "as_json", is_flag=True, help="For a script to read.")
def drift(key: str, last: int, as_json: bool) -> None:
    """What the last readings of a connected SHOP found to differ from its platform, and put right.

    What changed is read every hour and everything every day. Missing, stale, gone: what the store did not have, had in
    another state, or still had. Some of it may have been on its way by webhook. `shelfwise read SHOP` reads it now.
    """
    try:
        with open_store() as (_settings, store):
            shop_id = int(get_shop(store, key).id)
            found = readings.history(store.of(shop_id), shop_id, limit=last)
    except UnknownShop as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps([_plain(each) for each in found]))
    elif not found:
        click.echo("It was not read yet; `shelfwise read` reads a connected shop.")
    else:
        Console().print(_table(found))


def _plain(each: readings.Progress) -> dict[str, object]:
    began = each.started_at.isoformat() if each.started_at else None
    drift = {"repaired": each.repaired, "drift": dict(each.drift)}
    return {"at": began, "kind": each.kind, "whole": each.whole, "read": each.read, **drift}


def _table(found: list[readings.Progress]) -> Table:
    table = Table("began (UTC)", "of", "what", "read", "put right", box=None)
    for each in found:
        what = "everything" if each.whole else "what changed"
        put_right = ", ".join(f"{count:,} {sort}" for sort, count in sorted(each.drift.items())) or "nothing"
        table.add_row(_moment(each.started_at), each.kind, what, f"{each.read:,}", put_right)
    return table


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
