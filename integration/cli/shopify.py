"""`shelfwise shopify`: what an operator needs to offer the app on Shopify."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.markup import escape

from connectors.errors import PlatformError
from integration.cli.store import open_store
from integration.services.secrets import BadSecretKeys
from integration.settings import BadSettings, Settings

if TYPE_CHECKING:
    from connectors.shopify.check import Check


@click.group()
def shopify() -> None:
    """Offer this installation as an app on Shopify: see docs/merchants/shopify.md."""


@shopify.command()
def config() -> None:
    """Print shopify.app.toml for this installation: its addresses, client ID, scopes and webhooks.

    Write it over templates/shopify/shopify.app.toml in a copy of that folder, and run `shopify app deploy` there.
    """
    from integration.services.shopify.app_config import NotReady, app_config

    try:
        text = app_config(Settings.from_environ(os.environ))
    except (BadSettings, NotReady) as error:
        raise click.ClickException(str(error)) from None
    click.echo(text, nl=False)


@shopify.command()
@click.option("--shop", "name", metavar="KEY", required=True, help="Its key, or its domain: example.myshopify.com.")
@click.option("--json", "as_json", is_flag=True, help="For a script to read.")
def check(name: str, *, as_json: bool) -> None:
    """Ask a shop at Shopify how it stands with the app: the first thing to do when something is wrong with it.

    Ends with 1 where the shop can't be asked, or where the merchant has not granted all that the app needs.
    """
    from integration.services.shopify.check import NotConnected
    from integration.services.shopify.check import check as ask

    with open_store() as (settings, database):
        try:
            found = ask(database, settings, name)
        except (NotConnected, PlatformError, BadSecretKeys) as error:
            raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(_as_dict(found)))
    else:
        _print(Console(), found)
    if found.missing or found.trouble:
        raise click.exceptions.Exit(1)


@shopify.command()
@click.option("--shop", "key", metavar="KEY", required=True, help="Its key, as `shelfwise shops` lists it.")
@click.option("--on/--off", "wanted", default=None, help="Have them put into the shop, or taken out of it.")
def lists(key: str, *, wanted: bool | None) -> None:
    """Say how many lists of products stand in a shop for its theme to show, or switch them on or off.

    What is switched happens within a minute where a worker and a scheduler run.
    """
    from integration.services.shopify.published_lists import progress, switch
    from integration.services.shops import UnknownShop, get_shop

    with open_store() as (_, store):
        try:
            shop_id = get_shop(store, key).id
            database = store.of(shop_id)
        except UnknownShop as error:
            raise click.ClickException(str(error)) from None
        if wanted is not None:
            switch(database, shop_id, on=wanted)
            click.echo(f"{key}: its lists will be {'put into the shop' if wanted else 'taken out of the shop'}")
        with database.read() as connection:
            written, total = progress(connection, shop_id)
    click.echo(f"{key}: {written:,} of {total:,} lists are in the shop")


def _as_dict(found: Check) -> dict[str, object]:
    missing = {"missing": found.missing, "optional_missing": found.optional_missing}
    points = msgspec.structs.asdict(found.points) if found.points else None
    return {**asdict(found), **missing, "points": points}


def _print(console: Console, found: Check) -> None:
    facts, points = found.facts, found.points
    if facts is not None:
        console.print(f"[bold]{escape(facts.name)}[/bold]  {escape(facts.url)}, {facts.currency}, {facts.timezone}")
        console.print(f"  granted    {', '.join(facts.scopes) or 'nothing'}")
        console.print(f"  missing    {', '.join(found.missing) or 'nothing'}")
        console.print(f"  could have {', '.join(found.optional_missing) or 'nothing more'}")
    fallen = "" if found.served in {"", found.version} else f", but {escape(found.served)} answers: update Shelfwise"
    console.print(f"  version    {found.version}{fallen}")
    if found.locations is not None:
        console.print(f"  locations  {found.locations}, of which {found.online} sell online")
    for topic, uri in found.webhooks or ():
        console.print(f"  webhook    {escape(topic)} also goes to {escape(uri)}")
    if found.consent is not None:
        console.print(f"  consent    is asked in: {', '.join(found.consent) or 'no region'}")
    if points is not None:
        left, most = points.currently_available, points.maximum_available
        console.print(f"  points     {left:,.0f} of {most:,.0f}, {points.restore_rate:,.0f} a second")
    for part, why in found.trouble.items():
        console.print(f"  [red]{part}[/red]: {escape(why)}")
