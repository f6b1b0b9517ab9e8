"""`shelfwise copy-store`: move to another database."""

from __future__ import annotations

from contextlib import ExitStack, closing

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from integration.clock import system_clock
from integration.services.store_copy import CantCopy
from integration.services.store_copy import copy_store as copied
from integration.storage.database import Database


@click.command("copy-store")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy_store(source: str, target: str) -> None:
    """Copy a store into an empty one, as from SQLite to PostgreSQL; both are given as SHELFWISE_DATABASE_URL is.

    Stop Shelfwise first: nothing can be written to FROM meanwhile, and a delivery that comes then is refused. TO must
    have been made by `shelfwise migrate`. It is copied whole or not at all. Encrypted secrets are copied as they are:
    keep SHELFWISE_SECRET_KEYS, and the artifacts.
    """
    try:
        with ExitStack() as stack:
            stores = [stack.enter_context(closing(Database(url))) for url in (source, target)]
            bar = stack.enter_context(_bars())
            counts = copied(stores[0], stores[1], system_clock(), watch=_Bars(bar).show)
    except CantCopy as error:
        raise click.ClickException(str(error)) from None
    except ArgumentError:
        raise click.ClickException("give both as SQLAlchemy URLs, like sqlite:///var/shelfwise.sqlite3") from None
    except SQLAlchemyError as error:
        raise click.ClickException(f"a database can't be used: {getattr(error, 'orig', error)}") from None
    click.echo(f"Copied {sum(counts.values()):,} rows of {len(counts)} tables; each has as many as before.")


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


class _Bars:
    """A bar for each table that has rows."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, table: str, copied: int, total: int) -> None:
        """Bring a table's bar up to date."""
        if total and table not in self._tasks:
            self._tasks[table] = self._progress.add_task(table, total=total)
        if table in self._tasks:
            self._progress.update(self._tasks[table], completed=copied)
