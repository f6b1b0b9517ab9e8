"""Alembic's entry point: run by `integration.migrations`, and by `alembic revision` in a checkout."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from integration.settings import Settings
from integration.storage import Base, partitions
from integration.storage.base import Amount, UtcTime
from integration.storage.database import Database


def _plain_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write column types of ours as what they are in the database: a migration must not change with our code."""
    if kind == "type" and isinstance(item, UtcTime):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, Amount):
        return 'sa.Numeric().with_variant(sa.String(24), "sqlite")'
    return False


def _is_no_part(connection: Connection) -> Callable[[str | None, str, Any], bool]:
    parts = partitions.names(connection)
    return lambda name, kind, _parents: kind != "table" or name not in parts


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=_is_no_part(connection),
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_plain_types,
    )
    with context.begin_transaction():
        context.run_migrations()


def _run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    settings = Settings.from_environ(os.environ)
    db = Database(settings.migration_database_url or settings.database_url)
    with db.engine.begin() as own:
        _migrate(own)
    db.close()


_run()
