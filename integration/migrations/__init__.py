"""The schema's history. It ships with the package, so that an installed copy brings its own database up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from integration.settings import Settings
from integration.storage import Base, partitions, security
from integration.storage.database import EVERY_SHOP, SHOP_SETTING, Database

# Any number will do, if only every copy of Shelfwise asks for the same one.
ADVISORY_LOCK = 7_435_923


class MigrationError(Exception):
    """The database can't be brought to the asked-for revision; the message says why and what to do."""


def newest() -> str:
    """The newest revision that this code knows."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:
        raise MigrationError("there is no migration at all")
    return head


def current(db: Database) -> str | None:
    """The revision that the database is at, None for an empty one. Raises MigrationError where it can't be read."""
    with _readable(db), db.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(db: Database, revision: str = "head", *, role: str = "") -> None:
    """Bring the database up or down to a revision, whole or not at all; "base" empties it. Raises MigrationError.

    role: whom the app works as where it doesn't own the tables; it is given what the app needs of the newest ones.
    """
    with _readable(db):
        _refuse_unknown(db)
        with _exclusive(db) as connection:
            _run(_config(connection), connection, revision)
            if role and MigrationContext.configure(connection).get_current_revision() == newest():
                _grant(connection, role)


def migrate_as_set(settings: Settings, revision: str = "head") -> str:
    """Bring the store of the settings there, as the role that is set for it; the revision, "base" for none.

    Raises MigrationError.
    """
    owner = settings.migration_database_url
    role = make_url(settings.database_url).username or "" if owner else ""
    with closing(Database(owner or settings.database_url)) as db:
        migrate(db, revision, role=role)
        return current(db) or "base"


def _grant(connection: Connection, role: str) -> None:
    try:
        security.grant(connection, role)
    except security.NoSuchRole as error:
        raise MigrationError(str(error)) from None


def differences(db: Database) -> list[Any]:
    """What the tables of the code have that the database lacks, and the other way round; empty when they agree."""
    with _readable(db), db.read() as connection:
        parts = partitions.names(connection)

        def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
            return kind != "table" or name not in parts

        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        return list(compare_metadata(context, Base.metadata))


def _config(connection: Connection | None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(config: Config, connection: Connection, revision: str) -> None:
    scripts = ScriptDirectory.from_config(config)
    now = MigrationContext.configure(connection).get_current_revision()
    try:
        below = now is not None and now != revision and _is_below(scripts, revision, now)
        (command.downgrade if below else command.upgrade)(config, revision)
    except CommandError as error:
        raise MigrationError(f"can't migrate to {revision!r}: {error}") from None


def _is_below(scripts: ScriptDirectory, revision: str, now: str) -> bool:
    if revision == "base":
        return True
    return revision in {each.revision for each in scripts.iterate_revisions(now, "base")}


def _refuse_unknown(db: Database) -> None:
    now = current(db)
    known = {each.revision for each in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    if now is not None and now not in known:
        raise MigrationError(
            f"the database {_name(db)} is at revision {now!r}, which this version of Shelfwise does not know "
            f"(its newest is {newest()!r}): start the newer version that wrote it, or restore a backup"
        )


@contextmanager
def _readable(db: Database) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise MigrationError(f"the database {_name(db)} can't be used: {reason}") from error


@contextmanager
def _exclusive(db: Database) -> Iterator[Connection]:
    """One transaction that no other migration shares."""
    if db.is_sqlite:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # A table that is rebuilt is dropped first: with foreign keys on, that would delete what refers to it.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            try:
                with _sqlite_transaction(connection):
                    yield connection
            finally:
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")
    else:
        with db.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": ADVISORY_LOCK})
            # What a migration changes, it changes in the rows of all shops.
            connection.exec_driver_sql(f"SET LOCAL {SHOP_SETTING} = '{EVERY_SHOP}'")
            yield connection


@contextmanager
def _sqlite_transaction(connection: Connection) -> Iterator[None]:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
        _refuse_orphans(connection)
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _refuse_orphans(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise MigrationError(f"after the migration a row of {broken[0]} would refer to nothing; nothing was changed")


def _name(db: Database) -> str:
    return str(db.url.database) if db.is_sqlite else db.url.render_as_string(hide_password=True)
