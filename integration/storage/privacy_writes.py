"""Duties to customers: noted, listed, done; and what is kept of a customer, taken out of every table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, delete, func, or_, select, update

from integration.storage.behaviour import Slate, Visitor
from integration.storage.deliveries import Delivery, DeliveryStatus
from integration.storage.orders import Customer, Order, Refund
from integration.storage.privacy import Duty, PrivacyRequest
from integration.storage.upsert import chunks, table_of, upsert

REQUEST = table_of(PrivacyRequest)
DELIVERY = table_of(Delivery)
CUSTOMER = table_of(Customer)
ORDER = table_of(Order)
REFUND = table_of(Refund)
VISITOR = table_of(Visitor)
SLATE = table_of(Slate)


def note(connection: Connection, shop_id: int, duty: Duty, request: str, **values: Any) -> None:
    """Note a duty; one that was noted before, and is not newer now, stays as it is."""
    row = {"shop_id": shop_id, "duty": duty, "request": request, "customer": "", "orders": [], "answer": None}
    row |= {"models_since": None, "finished_at": None, **values}
    again = ("orders", "received_at", "due_at", "models_since", "finished_at")
    upsert(
        connection,
        REQUEST,
        [row],
        key=("shop_id", "duty", "request"),
        update=again,
        newer=_newer_erasure,
    )


def _newer_erasure(excluded: Any, table: FromClause) -> ColumnElement[bool]:
    newer: ColumnElement[bool] = excluded.models_since > table.c.models_since
    return newer


def open_requests(connection: Connection, shop_id: int, duty: Duty | None = None) -> list[Row[Any]]:
    """A shop's duties that are not done, the oldest first."""
    statement = select(REQUEST).where(REQUEST.c.shop_id == shop_id, REQUEST.c.finished_at.is_(None))
    if duty is not None:
        statement = statement.where(REQUEST.c.duty == duty)
    return list(connection.execute(statement.order_by(REQUEST.c.id)))


def finish(connection: Connection, request_id: int, now: datetime, answer: bytes | None = None) -> None:
    """A duty is done."""
    done = update(REQUEST).where(REQUEST.c.id == request_id, REQUEST.c.finished_at.is_(None))
    connection.execute(done.values(finished_at=now, answer=answer))


def has_waited(connection: Connection, shop_id: int, *, until: datetime, since: datetime) -> bool:
    """Whether an erasure that came before `until` has waited for a new model since before `since`."""
    waits = (REQUEST.c.shop_id == shop_id, REQUEST.c.finished_at.is_(None), REQUEST.c.models_since <= until)
    statement = select(REQUEST.c.id).where(*waits, REQUEST.c.received_at <= since).limit(1)
    return connection.execute(statement).first() is not None


def orders_of(shop_id: int, customer: str, orders: Sequence[str]) -> Select[Any]:
    """The numbers, in our store, of the orders that were placed as a customer, and of those named."""
    theirs: ColumnElement[bool] = ORDER.c.external_id.in_(list(orders))
    if customer:
        theirs = or_(theirs, ORDER.c.customer_id.in_(_customer(shop_id, customer)))
    return select(ORDER.c.id).where(ORDER.c.shop_id == shop_id, theirs)


def visitors_of(shop_id: int, customer: str, orders: Sequence[str]) -> Select[Any]:
    """The numbers of the browsers that are known to be a customer's, or that these orders came from."""
    tokens = select(ORDER.c.visitor).where(ORDER.c.id.in_(orders_of(shop_id, customer, orders)), ORDER.c.visitor != "")
    theirs: ColumnElement[bool] = VISITOR.c.token.in_(tokens)
    if customer:
        theirs = or_(theirs, VISITOR.c.customer_id.in_(_customer(shop_id, customer)))
    return select(VISITOR.c.id).where(VISITOR.c.shop_id == shop_id, theirs)


def erase(connection: Connection, shop_id: int, customer: str, orders: Sequence[str]) -> None:
    """Make a customer's orders a guest's, and forget their browsers with all that was done in them.

    The customer's own row, if any, is the caller's to empty: it stays as a sign that they were erased.
    """
    visitors = list(
        connection.execute(
            select(VISITOR.c.id, VISITOR.c.token).where(VISITOR.c.id.in_(visitors_of(shop_id, customer, orders)))
        )
    )
    for chunk in chunks(visitors):
        tokens = [token for _, token in chunk]
        connection.execute(
            update(SLATE).where(SLATE.c.shop_id == shop_id, SLATE.c.visitor.in_(tokens)).values(visitor="")
        )
        # Sessions and what was done in them go with the visitor.
        connection.execute(
            delete(VISITOR).where(VISITOR.c.shop_id == shop_id, VISITOR.c.id.in_([each for each, _ in chunk]))
        )
    theirs = list(connection.scalars(orders_of(shop_id, customer, orders)))
    for some in chunks(theirs):
        here = (ORDER.c.shop_id == shop_id, ORDER.c.id.in_(some))
        numbers = select(ORDER.c.external_id).where(*here)
        refunds = update(REFUND).where(REFUND.c.shop_id == shop_id, REFUND.c.order.in_(numbers))
        connection.execute(refunds.values(customer_id=None))
        connection.execute(update(ORDER).where(*here).values(customer_id=None, visitor="", country=""))
    if customer:
        refunds = update(REFUND).where(REFUND.c.shop_id == shop_id)
        connection.execute(
            refunds.where(REFUND.c.customer_id.in_(_customer(shop_id, customer))).values(customer_id=None)
        )
        asked = update(REQUEST).where(REQUEST.c.shop_id == shop_id, REQUEST.c.customer == customer)
        connection.execute(asked.values(answer=None, orders=[]))


def strip_deliveries(connection: Connection, shop_id: int, numbers: Iterable[str], error: str) -> None:
    """Empty the bodies of parked deliveries in which one of these numbers stands. Of applied ones none is kept."""
    parked = (DELIVERY.c.shop_id == shop_id, DELIVERY.c.status == DeliveryStatus.PARKED)
    for number in numbers:
        found = _position(connection, number) > 0
        connection.execute(update(DELIVERY).where(*parked, found).values(body=b"", error=error))


def _position(connection: Connection, number: str) -> ColumnElement[int]:
    if connection.dialect.name == "sqlite":
        return func.instr(DELIVERY.c.body, number.encode())
    return func.strpos(func.encode(DELIVERY.c.body, "escape"), number)


def _customer(shop_id: int, external_id: str) -> Select[Any]:
    return select(CUSTOMER.c.id).where(CUSTOMER.c.shop_id == shop_id, CUSTOMER.c.external_id == external_id)
