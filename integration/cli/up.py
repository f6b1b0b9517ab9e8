"""`shelfwise up`: everything on one machine, with one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import click

from integration.cli import local, shopify_round, woocommerce_round
from integration.cli.sessions import end_sessions
from integration.cli.supervisor import run_together
from integration.migrations import MigrationError, migrate_as_set
from integration.settings import BadSettings, Settings

ROUNDS: Mapping[str, ModuleType] = {"shopify": shopify_round, "woocommerce": woocommerce_round}


@click.command()
@click.option("--orders", type=click.Path(path_type=Path), help="Learn from this file of orders, not the demo.")
@click.option("--currency", default="GBP", show_default=True, metavar="CODE", help="Of its prices, if it names none.")
@click.option("--platform", type=click.Choice(sorted(ROUNDS)), help="Show the app with a played platform instead.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where the storefront answers; 8000 unless set.")
def up(orders: Path | None, currency: str, platform: str | None, port: int | None) -> None:
    """Start web, worker, scheduler and Redis, load a shop, train it, and say where its storefront is.

    Data are kept in var/ (SHELFWISE_DATA_DIR): a second start goes on where the first one ended. Each file of orders
    has a shop of its own, named after the file, beside the demo shop. Ctrl-C stops everything.

    With --platform a server plays Shopify or WooCommerce beside it, with a shop that the app is installed in as a
    merchant would: that shop is made anew at each start.
    """
    if platform and orders:
        raise click.ClickException("a played shop is made up: leave --orders out, or --platform")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if platform:
            _up_played(platform, port)
        else:
            _up(orders, currency, port)
    except KeyboardInterrupt:
        click.echo("\nStopped before anything was started.")


def _up(orders: Path | None, currency: str, port: int | None) -> None:
    orders = orders and orders.expanduser()
    if orders is not None and not orders.is_file():
        raise click.ClickException(f"there is no file {orders}")
    given = _given()
    chosen = port or given.port
    local.need_free_port(given.host, chosen)
    with local.only_one(given.data_dir.absolute()) as data_dir:
        shop = local.LocalShop.of(None if orders is None else orders.absolute())
        environ = local.environment(data_dir, shop, chosen, {**os.environ, **_port(port)})
        _release(Settings.from_environ(environ))
        orders_file = [] if shop.orders is None else ["--orders", str(shop.orders)]
        _run([*orders_file, "--currency", currency], environ, data_dir, local.commands(os.environ))


def _up_played(platform: str, port: int | None) -> None:
    """The same, with a played platform."""
    given = _given()
    chosen = port or given.port
    local.need_free_port(given.host, chosen)
    with local.only_one(given.data_dir.absolute()) as data_dir:
        going = ROUNDS[platform]
        folder = going.fresh_folder(data_dir)
        played = going.environment(folder, chosen, {**os.environ, **_port(port)})
        environ = local.environment(folder, local.LocalShop.of(None), chosen, played)
        _release(Settings.from_environ(environ))
        name, started = going.command(environ)
        commands = {**local.commands(os.environ), name: started}
        _run(["--platform", platform], environ, folder, commands)


def _given() -> Settings:
    try:
        return Settings.from_environ(os.environ)
    except BadSettings as error:
        raise click.ClickException(str(error)) from None


def _port(port: int | None) -> dict[str, str]:
    """A port on the command line counts more than one in the environment."""
    return {} if port is None else {"SHELFWISE_PORT": str(port)}


def _release(settings: Settings) -> None:
    """The Procfile's release step, here and now: no process may meet a schema of another version."""
    try:
        migrate_as_set(settings)
    except MigrationError as error:
        raise click.ClickException(str(error)) from None


def _run(asked: list[str], environ: Mapping[str, str], data_dir: Path, commands: Mapping[str, str]) -> NoReturn:
    path = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    environ = {**environ, "PATH": path}
    # The first of them: it has the terminal to itself while it loads and trains. Should that fail, it stops the rest.
    prepare = subprocess.Popen(
        [sys.executable, "-m", "integration.cli.prepare", *asked, "--stop", str(os.getpid())],
        env=environ,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        ended = run_together(commands, environ, data_dir, prepare)
    finally:
        end_sessions([prepare.pid])
    failed = prepare.wait() > 0
    for name, code in ended.items():
        click.echo(
            f"shelfwise: {name} ended (code {code}), so the rest was stopped; see {data_dir}/shelfwise.log", err=True
        )
    if not ended and not failed:
        click.echo("\nShelfwise has stopped. Your data are kept: start again with the same command.")
    sys.exit(1 if ended or failed else 0)
