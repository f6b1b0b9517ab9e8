"""Newest-wins writes of customers, orders and refunds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, bindparam, delete, select, update

from connectors.records import Customer as CustomerRecord
from connectors.records import Order as OrderRecord
from connectors.records import Refund as RefundRecord
from integration.storage.base import EPOCH
from integration.storage.behaviour import Visitor
from integration.storage.catalogue_writes import ensure_products
from integration.storage.orders import Customer, Order, OrderLine, Refund, RefundLine
from integration.storage.upsert import chunks, not_older, table_of, upsert

CUSTOMER = table_of(Customer)
ORDER = table_of(Order)
ORDER_LINE = table_of(OrderLine)
REFUND = table_of(Refund)
REFUND_LINE = table_of(RefundLine)
VISITOR = table_of(Visitor)

_KEY = ("shop_id", "external_id")
_ORDER_STATE = tuple(c.name for c in ORDER.c if c.name not in {"id", *_KEY})
_REFUND_STATE = tuple(c.name for c in REFUND.c if c.name not in {"id", *_KEY})


def upsert_customers(
    connection: Connection, shop_id: int, customers: Sequence[tuple[CustomerRecord, datetime]]
) -> None:
    """Write customers. One that was erased stays erased."""
    rows = [_customer_row(shop_id, record, version) for record, version in customers]
    state = ("country", "created_at", "source_version")
    upsert(
        connection,
        CUSTOMER,
        rows,
        key=_KEY,
        update=state,
        newer=_not_older_and_not_erased,
    )


def _not_older_and_not_erased(excluded: Any, table: FromClause) -> ColumnElement[bool]:
    return not_older(excluded, table) & table.c.erased_at.is_(None)


def ensure_customers(connection: Connection, shop_id: int, external_ids: Iterable[str]) -> dict[str, int]:
    """Ids of customers by external id, made where missing. Erased ones are left out: their orders are a guest's."""
    wanted = {each for each in external_ids if each}
    rows = [_customer_row(shop_id, CustomerRecord(each), EPOCH) for each in wanted]
    upsert(connection, CUSTOMER, rows, key=_KEY, update=(), newer=None)
    found: dict[str, int] = {}
    for chunk in chunks(wanted):
        statement = select(CUSTOMER.c.external_id, CUSTOMER.c.id).where(
            CUSTOMER.c.shop_id == shop_id, CUSTOMER.c.external_id.in_(chunk), CUSTOMER.c.erased_at.is_(None)
        )
        found.update((external_id, customer_id) for external_id, customer_id in connection.execute(statement))
    return found


def upsert_orders(connection: Connection, shop_id: int, orders: Sequence[tuple[OrderRecord, datetime]]) -> int:
    """Write orders with their lines. Returns how many were not older than what was there."""
    customers = ensure_customers(connection, shop_id, {record.customer for record, _ in orders})
    rows = [_order_row(shop_id, record, version, customers.get(record.customer)) for record, version in orders]
    written = upsert(
        connection, ORDER, rows, key=_KEY, update=_ORDER_STATE, newer=not_older, returning=("id", "external_id")
    )
    ids = {external_id: order_id for order_id, external_id in written}
    won = [(ids[record.external_id], record) for record, _ in orders if record.external_id in ids]
    _recognise(connection, shop_id, [record for _, record in won], customers)
    _delete_lines(connection, shop_id, ORDER_LINE, "order_id", ids.values())
    lines = [
        (order_id, line) for order_id, record in won for line in record.lines if line.product and line.quantity > 0
    ]
    products = ensure_products(connection, shop_id, {line.product: line.title for _, line in lines})
    if lines:
        connection.execute(
            ORDER_LINE.insert(),
            [
                {
                    "shop_id": shop_id,
                    "order_id": order_id,
                    "product_id": products[line.product],
                    "variant": line.variant,
                    "quantity": line.quantity,
                    "unit_price": line.unit_price.amount,
                    "properties": dict(line.properties) or None,
                }
                for order_id, line in lines
            ],
        )
    return len(won)


def _recognise(
    connection: Connection, shop_id: int, orders: Sequence[OrderRecord], customers: Mapping[str, int]
) -> None:
    """Remember whose browser it was that an order came from, where it agreed to be recognised."""
    owners = {
        order.visitor: customers[order.customer]
        for order in sorted(orders, key=lambda order: order.ordered_at)
        if order.visitor and order.customer in customers
    }
    if owners:
        known = VISITOR.c.shop_id == shop_id, VISITOR.c.token == bindparam("of_token")
        statement = update(VISITOR).where(*known).values(customer_id=bindparam("owner"))
        connection.execute(statement, [{"of_token": token, "owner": owner} for token, owner in owners.items()])


def upsert_refunds(connection: Connection, shop_id: int, refunds: Sequence[tuple[RefundRecord, datetime]]) -> int:
    """Write refunds with their lines. Returns how many were not older than what was there."""
    customers = ensure_customers(connection, shop_id, {record.customer for record, _ in refunds})
    rows = [
        {
            "shop_id": shop_id,
            "external_id": record.external_id,
            "order": record.order,
            "customer_id": customers.get(record.customer),
            "refunded_at": record.refunded_at,
            "source_version": version,
        }
        for record, version in refunds
    ]
    written = upsert(
        connection, REFUND, rows, key=_KEY, update=_REFUND_STATE, newer=not_older, returning=("id", "external_id")
    )
    ids = {external_id: refund_id for refund_id, external_id in written}
    won = [(ids[record.external_id], record) for record, _ in refunds if record.external_id in ids]
    _delete_lines(connection, shop_id, REFUND_LINE, "refund_id", ids.values())
    lines = [(refund_id, line) for refund_id, record in won for line in record.lines if line.product]
    products = ensure_products(connection, shop_id, {line.product: "" for _, line in lines})
    if lines:
        connection.execute(
            REFUND_LINE.insert(),
            [
                {
                    "shop_id": shop_id,
                    "refund_id": refund_id,
                    "product_id": products[line.product],
                    "variant": line.variant,
                    "quantity": line.quantity,
                    "amount": line.amount.amount if line.amount else None,
                    "currency": line.amount.currency if line.amount else "",
                }
                for refund_id, line in lines
            ],
        )
    return len(won)


def remove_order(connection: Connection, shop_id: int, external_id: str, version: datetime) -> None:
    """Take an order away. Its row stays without lines, so that an older delivery can't bring it back."""
    blank = OrderRecord(external_id=external_id, ordered_at=version, lines=(), currency="")
    row = {**_order_row(shop_id, blank, version, None), "removed_at": version}
    written = upsert(
        connection,
        ORDER,
        [row],
        key=_KEY,
        update=("removed_at", "source_version"),
        newer=not_older,
        returning=("id",),
    )
    _delete_lines(connection, shop_id, ORDER_LINE, "order_id", [order_id for (order_id,) in written])


def erase_customer(connection: Connection, shop_id: int, external_id: str, version: datetime) -> None:
    """Forget a customer: orders become a guest's, the visitors that were known to be them are deleted."""
    row = {**_customer_row(shop_id, CustomerRecord(external_id), version), "erased_at": version}
    upsert(connection, CUSTOMER, [row], key=_KEY, update=("country", "created_at", "erased_at"), newer=not_older)
    who = select(CUSTOMER.c.id).where(CUSTOMER.c.shop_id == shop_id, CUSTOMER.c.external_id == external_id)
    for table in (ORDER, REFUND):
        connection.execute(
            update(table)
            .where(table.c.shop_id == shop_id, table.c.customer_id.in_(who))
            .values(customer_id=None, **({"visitor": "", "country": ""} if table is ORDER else {}))
        )
    connection.execute(delete(VISITOR).where(VISITOR.c.shop_id == shop_id, VISITOR.c.customer_id.in_(who)))


def _delete_lines(connection: Connection, shop_id: int, table: Table, column: str, ids: Iterable[int]) -> None:
    for chunk in chunks(ids):
        connection.execute(delete(table).where(table.c.shop_id == shop_id, table.c[column].in_(chunk)))


def _customer_row(shop_id: int, record: CustomerRecord, version: datetime) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "external_id": record.external_id,
        "country": record.country,
        "created_at": record.created_at,
        "source_version": version,
        "erased_at": None,
    }


def _order_row(shop_id: int, record: OrderRecord, version: datetime, customer_id: int | None) -> dict[str, Any]:
    # Of an order whose customer was erased, nothing may tell again who that was.
    erased = bool(record.customer) and customer_id is None
    return {
        "shop_id": shop_id,
        "external_id": record.external_id,
        "customer_id": customer_id,
        "ordered_at": record.ordered_at,
        "currency": record.currency,
        "country": "" if erased else record.country,
        "channel": record.channel,
        "visitor": "" if erased else record.visitor,
        "cancelled_at": record.cancelled_at,
        "is_test": record.is_test,
        "source_version": version,
        "removed_at": None,
    }
