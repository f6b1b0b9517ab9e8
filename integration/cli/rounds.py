"""What all rounds on a played platform share: a fresh folder, processes that can't be confused, and patience."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import click
import requests
from sqlalchemy import select

from integration.cli.local import need_free_port
from integration.cli.store import open_store
from integration.settings import PREFIX
from integration.storage.shops import Connection, Shop

# The played platform answers at the app's port and so many.
PORTS_APART = 100
READY_SECONDS = 90.0


def fresh_folder(data_dir: Path, name: str) -> Path:
    """An empty folder for a round: the played shop is made anew at each start, and so is what is known of it."""
    folder = data_dir / name
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    return folder


def with_own(own: Mapping[str, str], port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of all processes of a round: settings of its own over what the operator has set."""
    if inherited.get(PREFIX + "DATABASE_URL"):
        raise click.ClickException(
            f"a played shop's data are thrown away at its next start, so it does not use {PREFIX}DATABASE_URL: unset it"
        )
    need_free_port("127.0.0.1", port + PORTS_APART)
    return {**inherited, **{PREFIX + name: value for name, value in own.items()}}


def shop_of(external_id: str) -> tuple[int, str]:
    """Number and key of the shop that was just connected."""
    statement = (
        select(Shop.id, Shop.key)
        .join(Connection, Connection.shop_id == Shop.id)
        .where(Connection.external_id == external_id)
    )
    with open_store() as (_settings, database), database.across_shops().read() as connection:
        row = connection.execute(statement).one()
    return int(row.id), str(row.key)


def wait_for(address: str, what: str) -> None:
    """Until an address answers. Raises ClickException when it does not in time."""
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
            raise click.ClickException(f"{what} at {address} does not come up ({said})")
        time.sleep(0.1)
