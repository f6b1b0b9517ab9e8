"""What `shelfwise up` does while its processes start: load the shop, train it, and say where it is."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import requests
from rich.console import Console
from rich.panel import Panel

from integration.cli import main as shelfwise
from integration.cli import shopify_round, woocommerce_round
from integration.cli.local import LocalShop
from integration.cli.supervisor import READY
from integration.services.shops import find_shop
from integration.settings import Settings
from integration.storage.database import Database

READY_SECONDS = 60.0


@click.command()
@click.option("--orders", type=click.Path(path_type=Path))
@click.option("--currency", default="GBP")
@click.option("--platform", type=click.Choice(["shopify", "woocommerce"]))
@click.option("--stop", "parent", type=int, required=True, help="The process to stop should this fail.")
def prepare(orders: Path | None, currency: str, platform: str | None, parent: int) -> None:
    """Load and train the shop, unless that was done before; then say where the storefront is."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = Settings.from_environ(os.environ)
        if platform == "woocommerce":
            woocommerce_round.prepare(settings)
        elif platform:
            shopify_round.prepare(settings)
        else:
            _prepare(settings, LocalShop.of(orders), currency)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(0)
    except BaseException:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which is what the parent will send us now
        os.kill(parent, signal.SIGTERM)
        raise


def _prepare(settings: Settings, shop: LocalShop, currency: str) -> None:
    _load(settings, shop, currency)
    _train(settings, shop)
    _wait_for_web(settings)
    (settings.data_dir / "run" / READY).touch()
    _announce(settings, shop)


def _load(settings: Settings, shop: LocalShop, currency: str) -> None:
    mark = settings.data_dir / "loaded" / f"{shop.key}.json"
    state = _state_of(shop)
    loaded = json.loads(mark.read_text()) if mark.is_file() else None
    if loaded == state and _row(settings, shop) is not None:
        return
    if loaded is not None and shop.orders is not None:
        click.echo(f"{shop.orders} has changed since it was loaded: loading it again.")
    orders = [] if shop.orders is None else ["--orders", str(shop.orders), "--currency", currency]
    shelfwise.main(["demo", "load", "--shop", shop.key, *orders], standalone_mode=False)
    mark.parent.mkdir(exist_ok=True)
    mark.write_text(json.dumps(state))


def _state_of(shop: LocalShop) -> dict[str, Any]:
    if shop.orders is None:
        return {"shop": shop.key}
    about = shop.orders.stat()
    return {"shop": shop.key, "file": str(shop.orders), "bytes": about.st_size, "changed_ns": about.st_mtime_ns}


def _train(settings: Settings, shop: LocalShop) -> None:
    row = _row(settings, shop)
    if row is None or row.serving_version is None:
        shelfwise.main(["train", "--shop", shop.key], standalone_mode=False)
    else:
        shelfwise.main(["status", "--shop", shop.key], standalone_mode=False)


def _row(settings: Settings, shop: LocalShop) -> Any:
    with closing(Database(settings.database_url)) as database:
        return find_shop(database, shop.key)


def _wait_for_web(settings: Settings) -> None:
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104 -- asked, not listened on
    address = f"http://{host}:{settings.port}/demo/"
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            answer = requests.get(address, timeout=5)
            if answer.ok:
                return
            said = f"it answers {answer.status_code}"
        except requests.RequestException as error:
            said = type(error).__name__
        if time.monotonic() > end:
            raise click.ClickException(f"the storefront at {address} does not come up ({said})")
        time.sleep(0.1)


def _announce(settings: Settings, shop: LocalShop) -> None:
    other = (
        f"This shop is [bold]{shop.key}[/]; the demo shop stands beside it: [bold]make run[/]"
        if shop.orders
        else "Your own orders get a shop of their own: [bold]make run ORDERS=file.csv[/]"
    )
    lines = [
        f"The storefront is at [bold link={settings.public_url}/demo/]{settings.public_url}/demo/[/]",
        "Buy the last piece of something and see it vanish from every widget,",
        f"or empty a shelf by hand at [bold]{settings.public_url}/demo/shelf[/]",
        "",
        other,
        f"Your data are kept in {settings.data_dir}",
        "Ctrl-C stops everything.",
    ]
    Console().print(Panel("\n".join(lines), title="Shelfwise runs", expand=False, padding=(1, 2)))


if __name__ == "__main__":
    prepare()
