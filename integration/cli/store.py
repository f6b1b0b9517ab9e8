"""Opening the store for a command, with one sentence for whoever has set it up wrongly."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import click
import psycopg
from sqlalchemy.exc import OperationalError, ProgrammingError

from integration.settings import BadSettings, Settings
from integration.storage.database import Database


@contextmanager
def open_store() -> Iterator[tuple[Settings, Database]]:
    """Settings and database of this process. A ClickException names a bad setting, or a database without tables."""
    try:
        settings = Settings.from_environ(os.environ)
        with closing(Database(settings.database_url)) as database:
            yield settings, database
    except BadSettings as error:
        raise click.ClickException(str(error)) from None
    except (OperationalError, ProgrammingError, sqlite3.Error, psycopg.Error) as error:
        said = getattr(error, "orig", error)  # what a driver says when it is asked without SQLAlchemy in between
        raise click.ClickException(f"the database can't be used ({said}); `shelfwise migrate` makes it") from None
