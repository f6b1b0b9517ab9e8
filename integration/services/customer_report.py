"""What is kept of one customer, for the shop's owner to hand on: everything, and nothing of anybody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select

from integration.storage.behaviour import BehaviourEvent, Session, Visitor
from integration.storage.catalogue import Product
from integration.storage.orders import Customer, Order, OrderLine, Refund, RefundLine
from integration.storage.privacy_writes import orders_of, visitors_of
from integration.storage.shops import Shop
from integration.storage.upsert import table_of

SHOP, CUSTOMER, PRODUCT = table_of(Shop), table_of(Customer), table_of(Product)
ORDER, LINE = table_of(Order), table_of(OrderLine)
REFUND, REFUND_LINE = table_of(Refund), table_of(RefundLine)
VISITOR, SESSION, EVENT = table_of(Visitor), table_of(Session), table_of(BehaviourEvent)

Part = dict[str, Any]


def customer_report(
    connection: Connection, shop_id: int, *, customer: str, orders: Sequence[str], request: str, now: datetime
) -> bytes:
    """A JSON document. customer: the platform's number, or ""; orders: numbers of orders that are theirs besides."""
    theirs = orders_of(shop_id, customer, orders)
    report = {
        "shop": connection.execute(select(SHOP.c.name).where(SHOP.c.id == shop_id)).scalar_one(),
        "request": request,
        "customer": customer,
        "made_at": now,
        "what_this_is": "All that Shelfwise keeps of this customer. It knows customers by their number alone: no name, "
        "address, mail or phone is kept. Visits are kept of those who agreed to it.",
        "known_as_customer": _customer(connection, shop_id, customer),
        "orders": _orders(connection, shop_id, theirs),
        "refunds": _refunds(connection, shop_id, customer, theirs),
        "visits": _visits(connection, shop_id, visitors_of(shop_id, customer, orders)),
        "learnt": "Purchases and visits are counted in the shop's recommendations together with everybody else's; no "
        "profile of this customer is stored in them.",
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=1)


def _customer(connection: Connection, shop_id: int, customer: str) -> Part | None:
    columns = (CUSTOMER.c.country, CUSTOMER.c.created_at, CUSTOMER.c.erased_at)
    here = (CUSTOMER.c.shop_id == shop_id, CUSTOMER.c.external_id == customer)
    row = connection.execute(select(*columns).where(*here)).mappings().first()
    return None if row is None else dict(row)


def _orders(connection: Connection, shop_id: int, theirs: Select[Any]) -> list[Part]:
    lines: dict[int, list[Part]] = defaultdict(list)
    columns = (LINE.c.variant, LINE.c.quantity, LINE.c.unit_price, LINE.c.properties)
    statement = select(LINE.c.order_id, PRODUCT.c.external_id.label("product"), PRODUCT.c.title, *columns)
    joined = statement.join(PRODUCT, PRODUCT.c.id == LINE.c.product_id)
    for order_id, *told in connection.execute(joined.where(LINE.c.shop_id == shop_id, LINE.c.order_id.in_(theirs))):
        names = ("product", "title", "variant", "quantity", "unit_price", "carried")
        lines[order_id].append(dict(zip(names, told, strict=True)))
    told_of = ("external_id", "ordered_at", "currency", "country", "channel", "visitor", "cancelled_at", "is_test")
    rows = connection.execute(
        select(ORDER.c.id, *(ORDER.c[name] for name in told_of))
        .where(ORDER.c.shop_id == shop_id, ORDER.c.id.in_(theirs))
        .order_by(ORDER.c.ordered_at)
    )
    return [{**dict(zip(told_of, told, strict=True)), "lines": lines[order_id]} for order_id, *told in rows]


def _refunds(connection: Connection, shop_id: int, customer: str, theirs: Select[Any]) -> list[Part]:
    numbers = select(ORDER.c.external_id).where(ORDER.c.shop_id == shop_id, ORDER.c.id.in_(theirs))
    who = select(CUSTOMER.c.id).where(CUSTOMER.c.shop_id == shop_id, CUSTOMER.c.external_id == customer)
    columns = (REFUND_LINE.c.variant, REFUND_LINE.c.quantity, REFUND_LINE.c.amount, REFUND_LINE.c.currency)
    statement = (
        select(REFUND.c.external_id.label("refund"), REFUND.c.refunded_at, REFUND.c.order, PRODUCT.c.title, *columns)
        .join(REFUND_LINE, REFUND_LINE.c.refund_id == REFUND.c.id)
        .join(PRODUCT, PRODUCT.c.id == REFUND_LINE.c.product_id)
        .where(REFUND.c.shop_id == shop_id, REFUND.c.order.in_(numbers) | REFUND.c.customer_id.in_(who))
        .order_by(REFUND.c.refunded_at)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def _visits(connection: Connection, shop_id: int, theirs: Select[Any]) -> list[Part]:
    events: dict[int, list[Part]] = defaultdict(list)
    columns = (EVENT.c.kind, EVENT.c.occurred_at, EVENT.c.query, EVENT.c.quantity, PRODUCT.c.title.label("product"))
    statement = (
        select(EVENT.c.session_id, *columns)
        .outerjoin(PRODUCT, PRODUCT.c.id == EVENT.c.product_id)
        .where(EVENT.c.shop_id == shop_id, EVENT.c.visitor_id.in_(theirs))
        .order_by(EVENT.c.occurred_at)
    )
    for row in connection.execute(statement).mappings():
        told = dict(row)
        events[told.pop("session_id")].append(told)
    sessions = (
        select(SESSION.c.id, SESSION.c.started_at, VISITOR.c.token.label("browser"), VISITOR.c.first_seen_at)
        .join(VISITOR, VISITOR.c.id == SESSION.c.visitor_id)
        .where(SESSION.c.shop_id == shop_id, SESSION.c.visitor_id.in_(theirs))
        .order_by(SESSION.c.started_at)
    )
    rows = connection.execute(sessions).mappings().all()
    return [{name: row[name] for name in row if name != "id"} | {"done": events[row["id"]]} for row in rows]
