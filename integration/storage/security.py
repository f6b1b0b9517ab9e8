"""What the app's own role may do on PostgreSQL: read and write rows, within row-level security, and nothing else."""

from __future__ import annotations

import logging
from contextlib import suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from integration.storage.base import Base
from integration.storage.database import Database

log = logging.getLogger(__name__)

ROWS = "SELECT, INSERT, UPDATE, DELETE"
FUNCTIONS = ("shelfwise_make_part(text, text, text, text)", "shelfwise_drop_part(text, text)")

_MIGHT = text("SELECT rolname, rolsuper OR rolbypassrls AS is_free FROM pg_roles WHERE rolname = current_user")


class NoSuchRole(Exception):
    """There is no role of this name."""

    def __init__(self, role: str) -> None:
        super().__init__(f"there is no role {role!r}; make it, as in: CREATE ROLE \"{role}\" LOGIN PASSWORD '...'")


def grant(connection: Connection, role: str) -> None:
    """Give a role what the app needs of the tables that there are, and no more. Raises NoSuchRole."""
    if connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first() is None:
        raise NoSuchRole(role)
    quote = connection.dialect.identifier_preparer.quote
    to = quote(role)
    run = connection.exec_driver_sql
    schema = connection.execute(text("SELECT current_schema()")).scalar_one()
    run(f"GRANT USAGE ON SCHEMA {quote(schema)} TO {to}")
    run(f"GRANT SELECT ON alembic_version TO {to}")
    for table in Base.metadata.sorted_tables:
        run(f"GRANT {ROWS} ON {quote(table.name)} TO {to}")
        if "id" in table.c:
            run(f"GRANT USAGE, UPDATE ON SEQUENCE {quote(f'{table.name}_id_seq')} TO {to}")
    for function in FUNCTIONS:
        run(f"GRANT EXECUTE ON FUNCTION {function} TO {to}")


def warn(database: Database) -> None:
    """Say in the log what is wrong with the app's role; nothing where the store is away, which says so itself."""
    with suppress(SQLAlchemyError):
        if wrong := concern(database):
            log.warning("%s", wrong)


def concern(database: Database) -> str:
    """What is wrong with the role that the app works as, and what to do; "" where nothing is."""
    if database.is_sqlite:
        return ""
    with database.read() as connection:
        row = connection.execute(_MIGHT).one()
    if row.is_free:
        return (
            f"the database role {row.rolname!r} is a superuser or bypasses row-level security, so that PostgreSQL does "
            "not keep shops apart (our own queries still do): work as a role of its own, docs/operating/postgresql.md"
        )
    return ""
