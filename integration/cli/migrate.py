"""`shelfwise migrate`: bring the database to the schema of this version."""

from __future__ import annotations

import os
from contextlib import closing

import click
from sqlalchemy.exc import DBAPIError

from integration import migrations
from integration.settings import BadSettings, Settings
from integration.storage import security
from integration.storage.database import Database


@click.command()
@click.option("--to", "revision", default="head", show_default=True, help='A revision, "head" or "base" (empties it).')
@click.option("--check", is_flag=True, help="Change nothing; fail if the database is not at the newest revision.")
def migrate(revision: str, check: bool) -> None:
    """Bring the database to the schema of this version, whole or not at all.

    It works as SHELFWISE_MIGRATION_DATABASE_URL says, where that is set, and gives the role of SHELFWISE_DATABASE_URL
    what the app needs.
    """
    try:
        settings = Settings.from_environ(os.environ)
        if not check:
            click.echo(f"The database is at revision {migrations.migrate_as_set(settings, revision)}.")
        with closing(Database(settings.database_url)) as db:
            if check:
                _check(db)
            if wrong := security.concern(db):
                click.echo(f"Warning: {wrong}.", err=True)
    except (BadSettings, migrations.MigrationError) as error:
        raise click.ClickException(str(error)) from None
    except DBAPIError as error:
        raise click.ClickException(f"SHELFWISE_DATABASE_URL does not work: {error.orig}") from None


def _check(db: Database) -> None:
    now, newest = migrations.current(db), migrations.newest()
    if now != newest:
        raise click.ClickException(f"the database is at revision {now}, this version needs {newest}: shelfwise migrate")
    click.echo(f"The database is at revision {now}, the newest.")
