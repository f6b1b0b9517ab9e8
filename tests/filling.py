"""A row of a shop in every table that there is, whatever its columns: a new table is filled from its first day."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from integration.storage import Base
from integration.storage.base import Amount, UtcTime
from integration.storage.database import Database


def fill(database: Database, shop_id: int, mark: str) -> dict[str, int]:
    """One row more in every table, of this shop. Returns the numbers of the rows, by table."""
    made = {"shop": shop_id}
    for table in Base.metadata.sorted_tables:
        if table.name == "shop":
            continue
        with database.write() as connection:
            number = table.c.get("id", table.c.shop_id)
            known = sa.select(number).where(table.c.shop_id == shop_id)
            if table.name == "connection":
                made[table.name] = connection.execute(known).scalar_one()
                continue
            row = table.insert().values(**values_of(table, made, mark))
            made[table.name] = connection.execute(row.returning(number)).scalar_one()
    return made


def values_of(table: sa.Table, made: dict[str, int], mark: str) -> dict[str, Any]:
    """Values of a row of this table that refers to those made before."""
    return {column.name: _value(column, made, mark) for column in table.c if column.name != "id"}


def _value(column: sa.Column[Any], made: dict[str, int], mark: str) -> Any:
    for key in column.foreign_keys:
        return made[key.column.table.name]
    if isinstance(column.type, UtcTime):
        return datetime(2026, 11, 1, tzinfo=UTC)
    if isinstance(column.type, Amount):
        return 1
    if isinstance(column.type, sa.JSON):
        return [mark]
    kind = column.type.python_type
    if kind is str:
        return mark[: getattr(column.type, "length", None) or 50]
    return {bytes: mark.encode(), bool: True, int: 1, float: 1.0, Decimal: Decimal(1)}[kind]
