"""`shelfwise plugin-zip`: the WooCommerce plugin, packed."""

from __future__ import annotations

from pathlib import Path

import click

from integration.services.woocommerce.plugin_zip import plugin_version
from integration.services.woocommerce.plugin_zip import plugin_zip as packed


@click.command("plugin-zip")
@click.option(
    "--api", default="", metavar="URL", help="The app's public address, that Connect goes to; typed if left out."
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("dist"),
    show_default=True,
    help="The folder to write it into.",
)
def plugin_zip(api: str, folder: Path) -> None:
    """Pack the WooCommerce plugin, to be uploaded under Plugins in WordPress."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"shelfwise-{plugin_version()}.zip"
    file.write_bytes(packed(api))
    click.echo(f"{file}")
