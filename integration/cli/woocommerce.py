"""`shelfwise woocommerce`: a shop's connection from the command line, and the plugin's zip."""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.errors import ConnectorError, PlatformError
from integration.cli.store import open_store
from integration.services.secrets import BadSecretKeys, Vault

if TYPE_CHECKING:
    from integration.services.woocommerce.connected import Linked
    from integration.storage.database import Database


@click.group()
def woocommerce() -> None:
    """Connect WooCommerce shops: see docs/merchants/woocommerce.md."""


@woocommerce.command()
@click.argument("address")
@click.option("--key", required=True, metavar="ck_...", help="The consumer key of the shop's REST API.")
@click.option("--secret-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Holds the secret.")
@click.option("--secret-stdin", is_flag=True, help="Read the secret from standard input.")
def connect(address: str, key: str, secret_file: Path | None, *, secret_stdin: bool) -> None:
    """Connect the shop at ADDRESS with keys that were made in it, with the permission Read/Write.

    The secret never stands on the command line, which other users of a machine can read. What is there to be read is
    read by a worker; `shelfwise read --shop KEY` reads it at once.
    """
    from connectors.woocommerce.keys import pasted
    from integration.services.set_up import set_up
    from integration.services.woocommerce import attempts
    from integration.services.woocommerce.connect import find_site, finish

    if (secret_file is None) == (not secret_stdin):
        raise click.UsageError("give the secret by --secret-file or by --secret-stdin")
    secret = secret_file.read_text() if secret_file else sys.stdin.readline()
    with open_store() as (settings, database):
        try:
            vault, now = Vault(settings.secret_keys), datetime.now(UTC)
            keys = pasted(key, secret).token
            site = find_site(address, settings).address
            nobody = secrets.token_urlsafe(32)
            begun = attempts.begin(database, site=site, return_to="", browser=nobody, asker="", now=now)
            attempts.keys_came(database, vault, begun.token, keys, now)
            outcome = finish(database, vault, settings, begun.attempt_id)
            if outcome is None or outcome.shop_id is None:
                raise click.ClickException(outcome.reason if outcome else "another process connects it right now")
            trouble = set_up(database.of(outcome.shop_id), vault, settings, outcome.shop_id)
        except (ConnectorError, BadSecretKeys, attempts.TooManyAttempts) as error:
            raise click.ClickException(getattr(error, "sentence", str(error))) from None
    click.echo(f"{outcome.key}: connected, at {site}")
    for sentence in trouble.values():
        click.echo(f"  not yet: {sentence}", err=True)


@woocommerce.command()
@click.option("--shop", "name", metavar="KEY", required=True, help="Its key, or its address.")
def check(name: str) -> None:
    """Look after a shop's connection now: keys, facts, webhooks, plugin. Ends with 1 where something is wrong."""
    from integration.services.set_up import set_up
    from integration.services.woocommerce.state import standing

    with open_store() as (settings, database):
        vault = Vault(settings.secret_keys)
        shop = _shop(database, vault, name)
        try:
            trouble = set_up(database.of(shop.shop_id), vault, settings, shop.shop_id)
        except (PlatformError, BadSecretKeys) as error:
            raise click.ClickException(getattr(error, "sentence", str(error))) from None
        found = standing(database, shop.shop_id, shop.key, datetime.now(UTC))
    plugin = found.plugin.get("plugin")
    click.echo(f"{shop.key}  {shop.site}")
    click.echo(f"  webhooks  {found.webhooks.active} of {found.webhooks.of} active")
    click.echo(f"  plugin    {plugin or 'not installed, or not active'}")
    click.echo(f"  read      {found.products:,} products, {found.orders:,} orders")
    for sentence in trouble.values():
        click.echo(f"  trouble   {sentence}")
    if trouble:
        raise click.exceptions.Exit(1)


@woocommerce.command()
@click.option("--shop", "name", metavar="KEY", required=True, help="Its key, or its address.")
def disconnect(name: str) -> None:
    """Take webhooks and the plugin's link out of a shop, and forget its keys; its data are erased 30 days later."""
    from integration.services.set_up import set_up
    from integration.services.woocommerce.leaving import ask_to_leave

    with open_store() as (settings, database):
        vault, now = Vault(settings.secret_keys), datetime.now(UTC)
        shop = _shop(database, vault, name)
        ask_to_leave(database.of(shop.shop_id), shop.shop_id, now, now)
        trouble = set_up(database.of(shop.shop_id), vault, settings, shop.shop_id)
    if trouble:
        why = " ".join(trouble.values())
        raise click.ClickException(f"{shop.key}: not reached, and tried again by a worker. {why}")

    click.echo(f"{shop.key}: disconnected")


@woocommerce.command()
@click.option("--shop", "name", metavar="KEY", required=True, help="Its key, or its address so far.")
@click.argument("address")
def move(name: str, address: str) -> None:
    """Call a shop at another ADDRESS from now on: its domain has changed. Its keys are tested there first."""
    from integration.services.set_up import set_up
    from integration.services.woocommerce.connect import site_of
    from integration.services.woocommerce.leaving import ask_to_move

    with open_store() as (settings, database):
        vault = Vault(settings.secret_keys)
        shop = _shop(database, vault, name)
        try:
            ask_to_move(database.of(shop.shop_id), shop.shop_id, site_of(address), datetime.now(UTC))
            trouble = set_up(database.of(shop.shop_id), vault, settings, shop.shop_id)
        except (ConnectorError, BadSecretKeys) as error:
            raise click.ClickException(getattr(error, "sentence", str(error))) from None
    if "address" in trouble:
        raise click.ClickException(trouble["address"])
    click.echo(f"{shop.key}: moved to {site_of(address)}")


@woocommerce.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def plugin(file: Path) -> None:
    """Write the plugin's zip, with this installation's public address in it, to FILE."""
    from integration.services.woocommerce.plugin_zip import plugin_zip

    with open_store() as (settings, _database):
        file.write_bytes(plugin_zip(settings.public_url))
    click.echo(f"{file}: written, for {settings.public_url}")


def _shop(database: Database, vault: Vault, name: str) -> Linked:
    from integration.services.woocommerce.connected import linked_by_name

    with database.across_shops().read() as connection:
        found = linked_by_name(connection, vault, name)
    if found is None:
        raise click.ClickException(f"there is no WooCommerce shop {name!r}; `shelfwise shops` lists all shops")
    return found
