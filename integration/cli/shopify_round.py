"""What `shelfwise up --platform shopify` does besides: a played Shopify beside the app, and the way of a merchant."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

import click
import requests
from rich.console import Console
from rich.panel import Panel

from integration.cli import main as shelfwise
from integration.cli import rounds
from integration.cli.play_shopify import DOMAIN
from integration.cli.rounds import PORTS_APART
from integration.cli.supervisor import READY
from integration.settings import PREFIX, Settings

FOLDER = "played-shopify"
PATIENCE_SECONDS = 30.0
# What the played Partner API answers to.
PARTNER = ("4321", "prtapi_played")


def fresh_folder(data_dir: Path) -> Path:
    """An empty folder for a round."""
    return rounds.fresh_folder(data_dir, FOLDER)


def environment(folder: Path, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """What all processes of a round are started with, over what the operator has set."""
    own = {
        "DATA_DIR": str(folder),
        "SHOPIFY_CLIENT_ID": secrets.token_hex(16),
        "SHOPIFY_CLIENT_SECRET": f"shpss_{secrets.token_hex(16)}",
        "SHOPIFY_PLAY_URL": f"http://127.0.0.1:{port + PORTS_APART}",
        "SHOPIFY_PARTNER_ID": PARTNER[0],
        "SHOPIFY_PARTNER_TOKEN": PARTNER[1],
    }
    return rounds.with_own(own, port, inherited)


def command(environ: Mapping[str, str]) -> tuple[str, str]:
    """The process that plays Shopify: its name and how it is started."""
    port = environ[PREFIX + "SHOPIFY_PLAY_URL"].rpartition(":")[2]
    return "shopify", f"shelfwise play-shopify --port {port}"


def prepare(settings: Settings) -> None:
    """Go the way of a merchant: install the app, let it read the shop and learn, and see its lists on the theme."""
    from integration.jobs.published_lists import publish
    from integration.jobs.set_up import set_up_shop

    admin = f"{settings.shopify_play_url}/{DOMAIN}/admin"
    rounds.wait_for(f"{settings.shopify_play_url}/", "the played Shopify")
    rounds.wait_for(f"{settings.public_url}/health", "Shelfwise")
    _install(settings, admin)
    shop_id, key = rounds.shop_of(DOMAIN)
    click.echo(f"Set-up: {set_up_shop(shop_id)}")
    shelfwise.main(["read", key, "--here"], standalone_mode=False)
    shelfwise.main(["train", "--shop", key], standalone_mode=False)
    click.echo(f"Lists for the theme: {publish(shop_id)}")
    (settings.data_dir / "run" / READY).touch()
    _announce(settings, admin, key)


def _install(settings: Settings, admin: str) -> None:
    """Press Install, as a merchant would, and open the app in its frame."""
    with requests.Session() as browser:
        browser.post(f"{admin}/install", timeout=PATIENCE_SECONDS).raise_for_status()
        path = {"path": "/shopify/app"}
        found = browser.get(f"{admin}/apps/{settings.shopify_app_handle}/open", params=path, timeout=PATIENCE_SECONDS)
        found.raise_for_status()
        opened = browser.get(found.json()["address"], timeout=PATIENCE_SECONDS, headers={"Sec-Fetch-Dest": "iframe"})
        opened.raise_for_status()
    click.echo(f"Installed in {DOMAIN}: the app has its token.")


def _announce(settings: Settings, admin: str, key: str) -> None:
    store = f"{settings.shopify_play_url}/{DOMAIN}/"
    lines = [
        "A played Shopify and Shelfwise in it. Nothing of it is Shopify's; nothing leaves this machine.",
        "",
        f"The merchant's admin:  [bold link={admin}]{admin}[/]",
        f"The online store:      [bold link={store}]{store}[/]",
        "",
        "Empty a shelf in the admin, under Products and stock, and load a page of the store again:",
        "what is gone is in no list. Under Webhooks stands what the app was told.",
        "",
        f"Commands take this shop as --shop {key}, with SHELFWISE_DATA_DIR={settings.data_dir}",
        "Ctrl-C stops everything; the next start makes the shop anew.",
    ]
    Console().print(Panel("\n".join(lines), title="Shelfwise runs in a played Shopify", expand=False, padding=(1, 2)))
