"""What a platform says of a shop itself, and how a shop is forgotten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, delete, select, tuple_, update

from connectors.records import ShopTold
from integration.storage.base import Base, to_micros
from integration.storage.database import Database
from integration.storage.shops import Connection as ShopConnection
from integration.storage.shops import Shop
from integration.storage.upsert import table_of

SHOP = table_of(Shop)
CONNECTION = table_of(ShopConnection)

# Rows that are deleted in one go: other shops' webhooks wait no longer than that takes.
AT_ONCE = 2000
TOLD_AT = "told_at"


def tell(connection: Connection, shop_id: int, told: ShopTold) -> None:
    """Take over a shop's name and currency, unless something newer was told."""
    here = CONNECTION.c.shop_id == shop_id
    row = connection.execute(select(CONNECTION.c.id, CONNECTION.c.details).where(here).with_for_update()).first()
    details: dict[str, Any] = dict(row.details or {}) if row else {}
    if row is None or details.get(TOLD_AT, 0) > to_micros(told.version):
        return
    details[TOLD_AT] = to_micros(told.version)
    connection.execute(update(CONNECTION).where(CONNECTION.c.id == row.id).values(details=details))
    values = {name: value for name, value in (("name", told.name), ("currency", told.currency)) if value}
    if values:
        connection.execute(update(SHOP).where(SHOP.c.id == shop_id).values(values))


def forget_shop(database: Database, shop_id: int) -> None:
    """Delete every row of a shop, a part at a time; the shop itself last, so that what breaks off can be repeated.

    What refers to a row goes before it, all of which are the shop's. Only its last row is looked after.
    """
    for table in reversed(Base.metadata.sorted_tables):
        if "shop_id" in table.c:
            while _forget_some(database, table, shop_id):
                pass
    with database.write() as connection:
        connection.execute(delete(SHOP).where(SHOP.c.id == shop_id))


def _forget_some(database: Database, table: Table, shop_id: int) -> bool:
    key = tuple(table.primary_key)
    some = select(*key).where(table.c.shop_id == shop_id).limit(AT_ONCE)
    with database.write(referred=False) as connection:
        return connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount == AT_ONCE
