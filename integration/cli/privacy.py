"""`shelfwise privacy`: what customers asked of the shops here, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Row

from integration.cli.store import open_store
from integration.services import duties
from integration.services.secrets import BadSecretKeys, Vault
from integration.services.shops import UnknownShop, get_shop
from integration.storage.privacy import Duty

WORDS = {Duty.TELL: "tell what is kept", Duty.ERASE: "erase"}


@click.group()
def privacy() -> None:
    """Requests of customers that a platform passed on: they are served by themselves, within 30 days."""


@privacy.command(name="list")
@click.option("--shop", "key", help="Of one shop alone, by its key.")
def list_(key: str | None) -> None:
    """List the requests, the newest first."""
    with open_store() as (_settings, database):
        try:
            shop_id = None if key is None else int(get_shop(database, key).id)
        except UnknownShop as error:
            raise click.ClickException(str(error)) from None
        found = duties.all_requests(database, shop_id)
    if not found:
        click.echo("No customer has asked for anything.")
        return
    table = Table("number", "shop", "asked", "customer", "received", "due", "state")
    for row in found:
        when = f"{row.received_at:%Y-%m-%d}", f"{row.due_at:%Y-%m-%d}"
        table.add_row(str(row.id), escape(row.key), WORDS[row.duty], escape(_who(row)), *when, _state(row))
    Console().print(table)


@privacy.command()
@click.argument("number", type=int)
def show(number: int) -> None:
    """Print the answer to a customer's question, as JSON, for the shop's owner to hand on."""
    click.echo(_answer(number))


@privacy.command()
@click.argument("number", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(number: int, file: Path) -> None:
    """Write the answer to a customer's question into a FILE that is not there yet."""
    answer = _answer(number)
    try:
        with file.open("x", encoding="utf-8") as written:
            file.chmod(0o600)
            written.write(answer)
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}") from None
    click.echo(f"request {number}: written to {file}")


def _answer(number: int) -> str:
    with open_store() as (settings, database):
        try:
            return duties.answer_of(database, Vault(settings.secret_keys), number)
        except (duties.UnknownRequest, BadSecretKeys) as error:
            raise click.ClickException(str(error)) from None


def _who(row: Row[Any]) -> str:
    if row.request == "shop":
        return "the whole shop"
    return row.customer or f"{len(row.orders)} orders of a guest"


def _state(row: Row[Any]) -> str:
    if row.finished_at is not None:
        return f"done {row.finished_at:%Y-%m-%d}"
    late = " (late)" if row.due_at < datetime.now(UTC) else ""
    if row.duty == Duty.ERASE and row.models_since is not None and row.request != "shop":
        return f"erased; waits for a model without it{late}"
    return f"waits{late}"
