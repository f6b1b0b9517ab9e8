"""`shelfwise shopify`: what an operator needs to offer the app on Shopify."""

from __future__ import annotations

import os

import click

from integration.settings import BadSettings, Settings


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
