"""`shelfwise bundles`: what could be sold together, from a shop's own orders."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration.cli.store import open_store

if TYPE_CHECKING:
    from integration.services.bundles import ShopBundle, ShopBundles


@click.command()
@click.option("--shop", "key", metavar="KEY", required=True, help="The shop to look at.")
@click.option("--top", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="For a script to read.")
def bundles(key: str, top: int, *, as_json: bool) -> None:
    """Products that are bought together more often than chance, two to four at a time, and the margin they carry.

    Only products that can be bought now are named. The orders are exact and meant for the merchant: a count under 10
    must not be shown to shoppers.
    """
    from integration.services.bundles import bundles_of
    from integration.services.shops import UnknownShop, get_shop

    with open_store() as (_settings, database):
        try:
            found = bundles_of(database, get_shop(database, key), top=top)
        except UnknownShop as error:
            raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(asdict(found), default=_plain))
    elif not found.bundles:
        click.echo(f"{key}: no products go together often enough yet in {found.orders:,} orders.")
    else:
        Console().print(_table(key, found))


def _plain(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _table(key: str, found: ShopBundles) -> Table:
    table = Table(
        title=f"Bundles of {escape(key)}, from {found.orders:,} orders",
        caption="Confidence: at least this share of the orders with one of the products hold all of them. Lift: times\n"
        f"as often as chance. Price and margin of one piece each, in {escape(found.currency)}; - is not known.",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("products")
    for heading in ("orders together", "confidence", "lift", "price", "margin"):
        table.add_column(heading, justify="right")
    for bundle in found.bundles:
        table.add_row(*_cells(bundle))
    return table


def _cells(bundle: ShopBundle) -> tuple[str, ...]:
    names = "\n".join(escape(product.title or product.product) for product in bundle.products)
    rates = (f"{bundle.orders:,}", f"{100 * bundle.confidence:.0f} %", f"{bundle.lift:.1f}")
    return (names, *rates, *("-" if amount is None else f"{amount:,f}" for amount in (bundle.price, bundle.margin)))
