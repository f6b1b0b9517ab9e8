"""`shelfwise vectors`: ask the index of the serving model what is alike, under the stock of this moment."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration.cli.store import open_store


@click.command()
@click.option("--shop", "key", required=True, metavar="KEY", help="Whose products.")
@click.option(
    "--product", default="", metavar="ID", help="Its id on the platform; the one that trends most if left out."
)
@click.option("--category", default="", metavar="TYPE", help="Only products of this type.")
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="For a script to read.")
def vectors(key: str, product: str, category: str, count: int, as_json: bool) -> None:
    """Which products that can be bought now are alike, by the vectors of the model that serves.

    SHELFWISE_VECTORS says which index is asked; a server that does not hold this model yet is filled first.
    """
    from integration.services.shops import UnknownShop
    from integration.services.vectors import NothingToSearch, alike
    from integration.storage.vectors.base import NoVectorServer, Replaced

    with open_store() as (settings, database):
        try:
            answer = alike(database, settings, key, product=product, category=category, count=count)
        except (UnknownShop, NothingToSearch, NoVectorServer, Replaced) as error:
            raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(asdict(answer)))
        return
    said = (
        f"{answer.product}: {answer.allowed:,} of {answer.held:,} products allowed, by {answer.kind}, {answer.version}"
    )
    table = Table("product", "title", "cosine", title=escape(said), title_justify="left")
    for each in answer.found:
        table.add_row(escape(each.product), escape(each.title), f"{each.score:.4f}")
    Console().print(table)
