"""What `shelfwise up --platform woocommerce` does besides: a played shop beside the app, and the way of a merchant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import requests
from rich.console import Console
from rich.panel import Panel

from integration.cli import main as shelfwise
from integration.cli import rounds
from integration.cli.rounds import PORTS_APART
from integration.cli.supervisor import READY
from integration.settings import PREFIX, Settings

FOLDER = "played-woocommerce"
PATIENCE_SECONDS = 30.0


def fresh_folder(data_dir: Path) -> Path:
    """An empty folder for a round."""
    return rounds.fresh_folder(data_dir, FOLDER)


def environment(folder: Path, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """What all processes of a round are started with: the played shop stands on this machine, so that is allowed."""
    return rounds.with_own({"DATA_DIR": str(folder), "ALLOW_LOOPBACK": "yes"}, port, inherited)


def command(environ: Mapping[str, str]) -> tuple[str, str]:
    """The process that plays the shop: its name and how it is started."""
    return "woocommerce", f"shelfwise play-woocommerce --port {int(environ[PREFIX + 'PORT']) + PORTS_APART}"


def prepare(settings: Settings) -> None:
    """Go the way of a merchant: make keys, connect with them, and let the app read the shop and learn."""
    site = f"http://127.0.0.1:{settings.port + PORTS_APART}"
    rounds.wait_for(f"{site}/wp-json/", "the played WooCommerce")
    rounds.wait_for(f"{settings.public_url}/health", "Shelfwise")
    _connect(settings, site)
    _shop_id, key = rounds.shop_of(site)
    shelfwise.main(["read", key, "--here"], standalone_mode=False)
    shelfwise.main(["train", "--shop", key], standalone_mode=False)
    (settings.data_dir / "run" / READY).touch()
    _announce(settings, site, key)


def _connect(settings: Settings, site: str) -> None:
    """Make a key in the shop, and connect with it: over plain HTTP WooCommerce hands keys to nobody itself."""
    made = requests.post(f"{site}/play/key", json={}, timeout=PATIENCE_SECONDS)
    made.raise_for_status()
    key = made.json()
    file = settings.data_dir / "secret"
    file.touch(mode=0o600)
    try:
        file.write_text(key["consumer_secret"])
        asked = ["woocommerce", "connect", site, "--key", key["consumer_key"], "--secret-file", str(file)]
        shelfwise.main(asked, standalone_mode=False)
    finally:
        file.unlink()
    click.echo("Connected by keys; webhooks are made, and the plugin is linked.")


def _announce(settings: Settings, site: str, key: str) -> None:
    admin, plugin = f"{site}/wp-admin/", f"{site}/wp-admin/admin.php?page=shelfwise"
    lines = [
        "A played WooCommerce shop, and Shelfwise connected to it. Nothing leaves this machine.",
        "",
        f"The shop:              [bold link={site}/]{site}/[/]",
        f"The merchant's admin:  [bold link={admin}]{admin}[/]",
        f"Shelfwise in it:       [bold link={plugin}]{plugin}[/]",
        f"The app:               [bold]{settings.public_url}[/]",
        "",
        "Empty a shelf in the admin, under Products and stock, and load a page of the shop again:",
        "what is gone is in no list. Under Webhooks and troubles stands what the app was told.",
        "",
        f"Commands take this shop as --shop {key}, with SHELFWISE_DATA_DIR={settings.data_dir}",
        "Ctrl-C stops everything; the next start makes the shop anew.",
    ]
    Console().print(
        Panel("\n".join(lines), title="Shelfwise runs beside a played WooCommerce", expand=False, padding=(1, 2))
    )
