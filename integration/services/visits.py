"""What is known of a visitor when a slate is asked for: the running visit, and what a known customer bought before."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, or_, select

from integration.storage.base import to_micros
from integration.storage.behaviour import BehaviourEvent, Visitor
from integration.storage.orders import Customer, Order, OrderLine
from integration.storage.point_reads import PointReads
from integration.storage.upsert import table_of

VISITOR = table_of(Visitor)
EVENT = table_of(BehaviourEvent)
CUSTOMER = table_of(Customer)
ORDER = table_of(Order)
LINE = table_of(OrderLine)

MICROSECONDS_A_DAY = 86_400_000_000
SEEN = 20
BOUGHT = 200
TELLING_KINDS = ("view", "click", "cart_add")


class Visit(NamedTuple):
    """seen: product ids, oldest first. bought: what the customer bought before, oldest first, with ages in days."""

    seen: tuple[int, ...]
    bought: tuple[tuple[int, float], ...]


NOTHING_KNOWN = Visit((), ())


class Visits:
    """Reads visits of all shops."""

    def __init__(self, reads: PointReads) -> None:
        told = and_(
            EVENT.c.shop_id == bindparam("shop_id"),
            EVENT.c.visitor_id == VISITOR.c.id,
            EVENT.c.product_id.is_not(None),
            or_(*(EVENT.c.kind == kind for kind in TELLING_KINDS)),
        )
        self._seen = reads.prepare(
            select(EVENT.c.product_id, VISITOR.c.customer_id)
            .join(VISITOR, told)
            .where(VISITOR.c.shop_id == bindparam("shop_id"), VISITOR.c.token == bindparam("token"))
            .order_by(EVENT.c.occurred_at.desc())
            .limit(SEEN)
        )
        self._who = reads.prepare(
            select(VISITOR.c.customer_id).where(
                VISITOR.c.shop_id == bindparam("shop_id"), VISITOR.c.token == bindparam("token")
            )
        )
        self._customer = reads.prepare(
            select(CUSTOMER.c.id).where(
                CUSTOMER.c.shop_id == bindparam("shop_id"),
                CUSTOMER.c.external_id == bindparam("external_id"),
                CUSTOMER.c.erased_at.is_(None),
            )
        )
        self._bought = reads.prepare(
            select(LINE.c.product_id, ORDER.c.ordered_at)
            .join(LINE, and_(LINE.c.shop_id == ORDER.c.shop_id, LINE.c.order_id == ORDER.c.id))
            .where(ORDER.c.shop_id == bindparam("shop_id"), ORDER.c.customer_id == bindparam("customer_id"))
            .where(ORDER.c.cancelled_at.is_(None), ORDER.c.removed_at.is_(None), ~ORDER.c.is_test)
            .order_by(ORDER.c.ordered_at.desc())
            .limit(BOUGHT)
        )

    def of(self, shop_id: int, token: str, now: datetime, signed_in: str = "") -> Visit:
        """The newest of what a visitor saw and, where an order has told who they are, of what they bought.

        token: "" for a browser that is not known. signed_in: the platform's number of a customer, who is then the one
        whose purchases count.
        """
        rows = self._seen.all(shop_id=shop_id, token=token) if token else []
        seen = tuple(product for product, _ in reversed(rows))
        who = self._customer.first(shop_id=shop_id, external_id=signed_in) if signed_in else None
        if who is None and token:
            # Who looked at nothing yet is looked up alone: one statement for both would sort all they ever did.
            who = rows[0][1:] if rows else self._who.first(shop_id=shop_id, token=token)
        customer = who[0] if who else None
        if customer is None:
            return Visit(seen, ())
        moment = to_micros(now)
        bought = self._bought.all(shop_id=shop_id, customer_id=customer)
        return Visit(
            seen, tuple((product, max(moment - at, 0) / MICROSECONDS_A_DAY) for product, at in reversed(bought))
        )
