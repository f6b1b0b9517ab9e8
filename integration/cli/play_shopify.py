"""`shelfwise play-shopify`: a server that plays Shopify, to try the app on without a shop."""

from __future__ import annotations

import os
import secrets
import signal

import click

from integration.cli.local import need_free_port
from integration.settings import BadSettings, Settings

DOMAIN = "fern-and-ladle.myshopify.com"
HOST = "127.0.0.1"


@click.command("play-shopify")
@click.option("--port", type=click.IntRange(1, 65535), default=8100, show_default=True, help="Where it answers.")
@click.option("--seed", default=20, show_default=True, help="The same seed makes the same shop.")
@click.option("--products", type=click.IntRange(1, 200_000), default=300, show_default=True, help="How many goods.")
@click.option("--customers", type=click.IntRange(0, 1_000_000), default=1500, show_default=True, help="And buyers.")
@click.option("--orders", type=click.IntRange(1, 5_000_000), help="So many of the last 60 days, for load.")
@click.option("--app-url", help="Where the app answers; SHELFWISE_PUBLIC_URL unless given.")
def play_shopify(port: int, seed: int, products: int, customers: int, orders: int | None, app_url: str | None) -> None:
    """Play Shopify: its admin, API, webhooks and a storefront, with a made-up shop, until Ctrl-C.

    The app in it is the one of SHELFWISE_SHOPIFY_CLIENT_ID and SHELFWISE_SHOPIFY_CLIENT_SECRET; one is made up and
    printed where they are not set. The shop is kept in memory alone: the next start makes it anew.
    """
    from demo.shopify.fill import Size, fill
    from demo.shopify.large import fill_quickly
    from demo.shopify.server import running
    from demo.shopify.state import PlayedShop

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = Settings.from_environ(os.environ)
    except BadSettings as error:
        raise click.ClickException(str(error)) from None
    need_free_port(HOST, port)
    client_id, secret = _app(settings, port)
    shop = PlayedShop(DOMAIN)
    size = Size(seed, products, customers)
    if orders is None:
        fill(shop, size)
    else:
        fill_quickly(shop, size, orders=orders)
    try:
        with running(client_id, secret, host=HOST, port=port) as platform:
            platform.app_url = app_url or settings.public_url
            platform.add(shop)
            click.echo(f"Played Shopify: {platform.url}/{DOMAIN}/admin (its app is expected at {platform.app_url})")
            signal.pause()
    except KeyboardInterrupt:
        click.echo("The played Shopify has stopped.")


def _app(settings: Settings, port: int) -> tuple[str, str]:
    if settings.shopify_client_id and settings.shopify_client_secret:
        return settings.shopify_client_id, settings.shopify_client_secret
    made = secrets.token_hex(16), f"shpss_{secrets.token_hex(16)}"
    click.echo("The app is made up: start Shelfwise with")
    click.echo(f"  SHELFWISE_SHOPIFY_CLIENT_ID={made[0]} SHELFWISE_SHOPIFY_CLIENT_SECRET={made[1]}")
    click.echo(f"  SHELFWISE_SHOPIFY_PLAY_URL=http://{HOST}:{port}")
    return made
