"""What was bought most often lately."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from integration.storage.orders import Order, OrderLine
from integration.storage.upsert import table_of

ORDER = table_of(Order)
LINE = table_of(OrderLine)


def best_sellers(connection: Connection, shop_id: int, since: datetime, limit: int) -> list[int]:
    """Product ids by the number of orders since then that hold them, most first."""
    statement = (
        select(LINE.c.product_id)
        .join(ORDER, and_(ORDER.c.shop_id == LINE.c.shop_id, ORDER.c.id == LINE.c.order_id))
        .where(ORDER.c.shop_id == shop_id, ORDER.c.ordered_at >= since)
        .where(ORDER.c.cancelled_at.is_(None), ORDER.c.removed_at.is_(None), ~ORDER.c.is_test)
        .group_by(LINE.c.product_id)
        .order_by(func.count(LINE.c.order_id.distinct()).desc(), LINE.c.product_id)
        .limit(limit)
    )
    return list(connection.scalars(statement))
