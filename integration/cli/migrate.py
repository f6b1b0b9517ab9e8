"""`shelfwise migrate`: bring the database to the schema of this version."""

from __future__ import annotations

import os
from contextlib import closing

import click

from integration import migrations
from integration.settings import BadSettings, Settings
from integration.storage.database import Database


@click.command()
@click.option("--to", "revision", default="head", show_default=True, help='A revision, "head" or "base" (empties it).')
@click.option("--check", is_flag=True, help="Change nothing; fail if the database is not at the newest revision.")
def migrate(revision: str, check: bool) -> None:
    """Bring the database to the schema of this version, whole or not at all."""
    try:
        with closing(Database(Settings.from_environ(os.environ).database_url)) as db:
            if check:
                _check(db)
            else:
                migrations.migrate(db, revision)
                click.echo(f"The database is at revision {migrations.current(db) or 'base'}.")
    except (BadSettings, migrations.MigrationError) as error:
        raise click.ClickException(str(error)) from None


def _check(db: Database) -> None:
    now, newest = migrations.current(db), migrations.newest()
    if now != newest:
        raise click.ClickException(f"the database is at revision {now}, this version needs {newest}: shelfwise migrate")
    click.echo(f"The database is at revision {now}, the newest.")
