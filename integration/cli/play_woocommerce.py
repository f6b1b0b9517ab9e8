"""`shelfwise play-woocommerce`: a server that plays a WooCommerce shop, to try the app on without one."""

from __future__ import annotations

import os
import signal

import click

from integration.cli.local import need_free_port
from integration.settings import BadSettings, Settings

HOST = "127.0.0.1"
OLD_VERSION = "9.8.5"


@click.command("play-woocommerce")
@click.option("--port", type=click.IntRange(1, 65535), default=8200, show_default=True, help="Where it answers.")
@click.option("--seed", default=20, show_default=True, help="The same seed makes the same shop.")
@click.option("--products", type=click.IntRange(1, 200_000), default=300, show_default=True, help="How many goods.")
@click.option("--customers", type=click.IntRange(0, 1_000_000), default=1500, show_default=True, help="And buyers.")
@click.option("--orders", type=click.IntRange(1, 5_000_000), help="So many of the last 60 days, for load.")
@click.option("--variations", type=click.IntRange(0, 2_000_000), default=0, help="With --orders: so many in all.")
@click.option("--app-url", help="Where the app answers; SHELFWISE_PUBLIC_URL unless given.")
@click.option("--cron-seconds", type=click.FloatRange(0, 3600), default=1.0, show_default=True, help="Webhooks' delay.")
@click.option("--tls", is_flag=True, help="Answer over HTTPS, with a certificate that signs itself.")
@click.option("--old", is_flag=True, help="Play a shop older than WooCommerce 10.3.")
@click.option("--http-callback", is_flag=True, help="Hand keys over to an app without HTTPS too, as no real shop does.")
def play_woocommerce(
    port: int,
    seed: int,
    products: int,
    customers: int,
    orders: int | None,
    variations: int,
    app_url: str | None,
    cron_seconds: float,
    *,
    tls: bool,
    old: bool,
    http_callback: bool,
) -> None:
    """Play WooCommerce: its REST and Store APIs, webhooks with their quirks, wp-admin and a shop, until Ctrl-C.

    The plugin is played too. The shop is kept in memory alone: the next start makes it anew.
    """
    from demo.woocommerce.fill import Size, fill
    from demo.woocommerce.large import fill_quickly
    from demo.woocommerce.server import running
    from demo.woocommerce.state import PlayedShop

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    need_free_port(HOST, port)
    shop = PlayedShop()
    shop.callback_needs_tls, shop.has_variations_route = not http_callback, not old
    shop.version = OLD_VERSION if old else shop.version
    try:
        if orders is None:
            fill(shop, Size(seed, products, customers))
        else:
            fill_quickly(shop, products, variations, orders, customers, seed)
        with running(shop, host=HOST, port=port, tls=tls, app_url=app_url or _public_url()) as site:
            site.sender.delay_seconds = cron_seconds
            site.sender.start()
            click.echo(f"Played WooCommerce: {shop.address}/wp-admin/ (its app is expected at {site.app_url})")
            signal.pause()
    except KeyboardInterrupt:
        click.echo("The played WooCommerce has stopped.")


def _public_url() -> str:
    try:
        return Settings.from_environ(os.environ).public_url
    except BadSettings as error:
        raise click.ClickException(str(error)) from None
