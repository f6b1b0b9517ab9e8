"""Orders with a line that was put into the cart from one of our lists: counted from rows that anybody can count again.

Such a line names its slate in a hidden property. What it says is a shopper's browser's word: a slate that is not of
this shop, or did not hold the product, counts for nothing; what was cancelled or given back is taken off.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from integration.services.shopify.list_making import OF_SHOP, PLACEMENT_OF, PLACEMENTS, list_id
from integration.storage.behaviour import Slate
from integration.storage.catalogue import Product
from integration.storage.database import Database
from integration.storage.orders import Order, OrderLine, Refund, RefundLine
from integration.storage.upsert import chunks, table_of

ORDER = table_of(Order)
LINE = table_of(OrderLine)
REFUND = table_of(Refund)
REFUND_LINE = table_of(RefundLine)
SLATE = table_of(Slate)
PRODUCT = table_of(Product)

PROPERTY = "_shelfwise"
CLOCK_SKEW = timedelta(minutes=5)
_MARK = re.compile(r"([0-9a-f]{32}):[0-9]{1,4}")


@dataclass(slots=True)
class Attributed:
    """What came of our lists.

    pieces: without those given back. revenue: theirs, by currency. ignored: lines whose word is not to be believed.
    """

    orders: int = 0
    lines: int = 0
    pieces: int = 0
    revenue: dict[str, Decimal] = field(default_factory=dict)
    ignored: int = 0


def attributed(database: Database, shop_id: int, since: datetime, until: datetime) -> Attributed:
    """What was ordered from our lists from `since` up to, and without, `until`."""
    with database.read() as connection:
        lines = _lines(connection, shop_id, since, until)
        if not lines:
            return Attributed()
        believed = _believed(connection, shop_id, lines)
        returned = _returned(connection, shop_id, {row.order for row in believed})
    found = Attributed(ignored=len(lines) - len(believed))
    orders = set()
    for row in believed:
        pieces = row.quantity - _take(returned, row)
        if pieces > 0:
            orders.add(row.order)
            found.lines += 1
            found.pieces += pieces
            found.revenue[row.currency] = found.revenue.get(row.currency, Decimal(0)) + pieces * row.unit_price
    found.orders = len(orders)
    return found


def _lines(connection: Connection, shop_id: int, since: datetime, until: datetime) -> list[Row[Any]]:
    of_order = (ORDER.c.external_id.label("order"), ORDER.c.ordered_at, ORDER.c.currency)
    of_line = tuple(LINE.c[name] for name in ("product_id", "variant", "quantity", "unit_price", "properties"))
    statement = (
        select(*of_order, *of_line)
        .join(LINE, and_(LINE.c.shop_id == ORDER.c.shop_id, LINE.c.order_id == ORDER.c.id))
        .where(ORDER.c.shop_id == shop_id, ORDER.c.ordered_at >= since, ORDER.c.ordered_at < until)
        .where(ORDER.c.cancelled_at.is_(None), ORDER.c.removed_at.is_(None), ~ORDER.c.is_test)
        .where(LINE.c.properties.is_not(None))
        .order_by(LINE.c.id)
    )
    return [row for row in connection.execute(statement) if PROPERTY in row.properties]


def _slate_of(row: Row[Any]) -> str:
    """The slate that a line names, "" where it names none in the way we write it."""
    mark = _MARK.fullmatch(str(row.properties[PROPERTY]))
    return mark[1] if mark else ""


def _believed(connection: Connection, shop_id: int, lines: Iterable[Row[Any]]) -> list[Row[Any]]:
    """The lines whose slate this shop had before the order, with that product in it."""
    named = [(row, _slate_of(row)) for row in lines]
    slates = _slates(connection, shop_id, {slate for _, slate in named if slate})
    unknown = {slate for _, slate in named if slate and slate not in slates}
    lists = _lists(connection, shop_id, unknown) if unknown else unknown
    return [row for row, slate in named if slate in lists or (slate in slates and _held(slates[slate], row))]


def _held(slate: Any, line: Row[Any]) -> bool:
    made_before = slate.created_at <= line.ordered_at + CLOCK_SKEW
    return made_before and any(item[0] == line.product_id for item in slate.held)


def _slates(connection: Connection, shop_id: int, names: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for chunk in chunks(names):
        statement = select(SLATE.c.slate, SLATE.c["items"].label("held"), SLATE.c.created_at).where(
            SLATE.c.shop_id == shop_id, SLATE.c.slate.in_(chunk)
        )
        found.update({str(row.slate): row for row in connection.execute(statement)})
    return found


def _lists(connection: Connection, shop_id: int, names: set[str]) -> set[str]:
    """Those of the names that the lists on this shop's own pages go by; what they held then is not kept."""
    products = connection.scalars(select(PRODUCT.c.external_id).where(PRODUCT.c.shop_id == shop_id))
    made = (list_id(placement, key, each) for each in products for placement in PLACEMENTS for key in PLACEMENT_OF)
    return names.intersection(chain(made, (list_id(placement, *OF_SHOP) for placement in PLACEMENTS)))


def _returned(connection: Connection, shop_id: int, orders: Iterable[str]) -> Counter[tuple[str, int, str]]:
    """Pieces given back, by order, product and variant ("" where the refund names none)."""
    pieces: Counter[tuple[str, int, str]] = Counter()
    for chunk in chunks(orders):
        statement = (
            select(REFUND.c.order, REFUND_LINE.c.product_id, REFUND_LINE.c.variant, REFUND_LINE.c.quantity)
            .join(REFUND_LINE, and_(REFUND_LINE.c.shop_id == REFUND.c.shop_id, REFUND_LINE.c.refund_id == REFUND.c.id))
            .where(REFUND.c.shop_id == shop_id, REFUND.c.order.in_(chunk))
        )
        for order, product, variant, quantity in connection.execute(statement):
            pieces[order, product, variant] += quantity
    return pieces


def _take(returned: Counter[tuple[str, int, str]], line: Row[Any]) -> int:
    """How many pieces of a line came back. Where the order has the product twice, ours are taken to be the returned."""
    taken = 0
    for variant in dict.fromkeys((line.variant, "")):
        name = (line.order, line.product_id, variant)
        some = min(line.quantity - taken, returned[name])
        returned[name] -= some
        taken += some
    return taken
