"""`shelfwise shops`: the shops of this installation, and what each does with what is sold out."""

from __future__ import annotations

from datetime import timedelta

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration.cli.store import open_store
from integration.clock import system_clock
from integration.services.secrets import BadSecretKeys, Vault
from integration.services.shops import (
    ShopTaken,
    UnknownShop,
    all_shops,
    create_direct_shop,
    rotate_secret,
    set_stock_policy,
)
from integration.storage.shops import StockPolicy


@click.group(invoke_without_command=True)
@click.pass_context
def shops(context: click.Context) -> None:
    """List the shops; `add` makes one, `set` changes what it does with sold-out products."""
    if context.invoked_subcommand is not None:
        return
    with open_store() as (_settings, database):
        found = all_shops(database)
    if not found:
        click.echo(
            "There are no shops yet: `make run` loads the demo shop, `shelfwise shops add` makes one of your own."
        )
        return
    table = Table("key", "name", "currency", "sold out", "low stock at", "model")
    for row in found:
        policy = "hidden" if row.stock_policy == StockPolicy.HIDE else "last, back soon"
        low = str(row.low_stock_threshold)
        table.add_row(escape(row.key), escape(row.name), row.currency, policy, low, row.serving_version or "none yet")
    Console().print(table)


@shops.command()
@click.argument("key")
@click.option("--name", help="What shoppers call it; the key if left out.")
@click.option("--currency", default="USD", show_default=True, help="ISO 4217 code.")
def add(key: str, name: str | None, currency: str) -> None:
    """Make a shop that sends webhooks in Shelfwise's own format, and print where to and with which secret.

    The secret is shown this once; it is kept encrypted. The format stands in connectors/direct/README.md.
    """
    if not (key.isascii() and key.replace("-", "").isalnum() and len(key) <= 64):
        raise click.UsageError("a key is made of up to 64 letters, digits and hyphens")
    if not (currency.isascii() and currency.isalpha() and currency.isupper() and len(currency) == 3):
        raise click.UsageError("a currency is an ISO 4217 code, such as EUR")
    with open_store() as (settings, database):
        try:
            vault = Vault(settings.secret_keys)
            _, secret = create_direct_shop(database, vault, key=key, name=name or key, currency=currency)
        except (ShopTaken, BadSecretKeys) as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"webhooks to  {settings.public_url}/webhooks/direct/{key}\nsecret       {secret}")


@shops.command(name="rotate-secret")
@click.argument("key")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 24 * 90),
    default=24,
    show_default=True,
    help="For how long the secret of before is valid too; 0 ends it at once.",
)
def rotate_secret_(key: str, overlap_hours: int) -> None:
    """Give a shop that sends webhooks in Shelfwise's own format a new secret, and print it this once."""
    with open_store() as (settings, database):
        try:
            vault, overlap = Vault(settings.secret_keys), timedelta(hours=overlap_hours)
            secret, until = rotate_secret(database, vault, key, now=system_clock(), overlap=overlap)
        except UnknownShop:
            raise click.ClickException(
                f"there is no shop {key!r} in Shelfwise's own format; `shelfwise shops` lists all. Shopify's secret is "
                "rotated in its Dev Dashboard, WooCommerce's by connecting the shop again"
            ) from None
        except BadSecretKeys as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"secret                {secret}\nthe one of before is valid until {until:%Y-%m-%d %H:%M} UTC")


@shops.command(name="set")
@click.argument("key")
@click.option("--sold-out", type=click.Choice([each.value for each in StockPolicy]), help="Hide it, or show it last.")
@click.option(
    "--low-stock", type=click.IntRange(0, 1_000_000), help="Mark as low at so many pieces or fewer; 0: never."
)
def set_(key: str, sold_out: str | None, low_stock: int | None) -> None:
    """Change what a shop does with products that are sold out or nearly so; the next slate follows it."""
    if sold_out is None and low_stock is None:
        raise click.UsageError("say what to set: --sold-out, --low-stock or both")
    policy = None if sold_out is None else StockPolicy(sold_out)
    with open_store() as (_settings, database):
        try:
            set_stock_policy(database, key, policy=policy, low_stock_threshold=low_stock)
        except UnknownShop as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{key}: set")
