"""Deliveries that wait: which are due, in which order, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    FromClause,
    Row,
    and_,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    update,
)

from integration.storage.deliveries import Delivery, DeliveryStatus
from integration.storage.upsert import table_of

DELIVERY = table_of(Delivery)
# A delivery that failed so often holds back later ones of its aggregate no longer; see `drain` of the services.
HOLDS_BACK_ATTEMPTS = 2
# How far the clocks of those who took deliveries in may be apart.
CLOCK_SKEW = timedelta(minutes=10)
MOST_ERROR = 2000
_ADVISORY_LOCK = text("SELECT pg_try_advisory_xact_lock(7301, :shop)")


def due(connection: Connection, shop_id: int, now: datetime, *, limit: int, most_bytes: int) -> list[Row[Any]]:
    """The shop's next deliveries, oldest first: no more than `limit`, nor than so many bytes, but always one.

    One that waits for another attempt holds back the later ones of its aggregate while its attempts are few.
    """
    here = [DELIVERY.c.shop_id == shop_id, _waits(DELIVERY), _is_due(now)]
    if connection.execute(select(_holds_back(DELIVERY, now).where(DELIVERY.c.shop_id == shop_id))).scalar():
        here.append(not_(_held_back(now)))
    some = select(DELIVERY).where(*here).order_by(DELIVERY.c.id).limit(limit).subquery()
    sized = select(some, func.sum(func.length(some.c.body)).over(order_by=some.c.id).label("bytes")).subquery()
    fits = sized.c.bytes - func.length(sized.c.body)
    return list(connection.execute(select(sized).where(or_(fits <= 0, sized.c.bytes <= most_bytes)).order_by("id")))


def shops_with_due(connection: Connection, now: datetime) -> list[int]:
    """The shops that have something to apply now. It looks at each shop that waits, not at each delivery."""
    first = (
        select(func.min(DELIVERY.c.shop_id).label("shop_id"))
        .where(_waits(DELIVERY))
        .cte("waiting_shop", recursive=True)
    )
    further = select(func.min(DELIVERY.c.shop_id)).where(_waits(DELIVERY), DELIVERY.c.shop_id > first.c.shop_id)
    shops = first.union_all(select(further.scalar_subquery()).where(first.c.shop_id.is_not(None)))
    of_shop = exists().where(
        DELIVERY.c.shop_id == shops.c.shop_id, _waits(DELIVERY), _is_due(now), not_(_held_back(now))
    )
    return sorted(connection.scalars(select(shops.c.shop_id).where(of_shop)))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(DELIVERY.c.next_attempt_at.is_(None), DELIVERY.c.next_attempt_at <= now)


def _held_back(now: datetime) -> ColumnElement[bool]:
    """Whether an earlier delivery of the aggregate is to be tried again soon."""
    failed = DELIVERY.alias("failed")
    same = (failed.c.shop_id == DELIVERY.c.shop_id, failed.c.aggregate == DELIVERY.c.aggregate)
    earlier = _holds_back(failed, now).where(*same, failed.c.id < DELIVERY.c.id)
    return and_(DELIVERY.c.next_attempt_at.is_(None), DELIVERY.c.aggregate != "", earlier)


def _holds_back(table: FromClause, now: datetime) -> Exists:
    """Whether there is one that has failed, and is to be tried again soon."""
    soon = (table.c.next_attempt_at > now, table.c.attempts <= HOLDS_BACK_ATTEMPTS)
    return exists().where(_waits(table), *soon)


def _waits(table: FromClause) -> ColumnElement[bool]:
    """Spelled out, so that PostgreSQL sees at once that its partial index holds them."""
    return table.c.status == literal_column("'waiting'")


def overtaken(connection: Connection, shop_id: int, rows: Sequence[Row[Any]]) -> set[int]:
    """Which of these are tried again after a later delivery of their aggregate was applied."""
    late = [row for row in rows if row.next_attempt_at is not None and row.aggregate]
    if not late:
        return set()
    newest = (
        select(DELIVERY.c.aggregate, func.max(DELIVERY.c.id).label("newest"))
        .where(DELIVERY.c.shop_id == shop_id, DELIVERY.c.status == DeliveryStatus.APPLIED)
        .where(DELIVERY.c.received_at >= min(row.received_at for row in late) - CLOCK_SKEW)
        .where(DELIVERY.c.aggregate.in_({row.aggregate for row in late}))
        .group_by(DELIVERY.c.aggregate)
    )
    ends: dict[str, int] = {row.aggregate: row.newest for row in connection.execute(newest)}
    return {row.id for row in late if ends.get(row.aggregate, 0) > row.id}


def hold(connection: Connection, shop_id: int) -> bool:
    """Be the only drain of this shop until the transaction ends. On SQLite the write lock says so already."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(_ADVISORY_LOCK, {"shop": shop_id}).scalar())


def still_due(connection: Connection, shop_id: int, rows: Sequence[Row[Any]]) -> set[int]:
    """Which of these nobody else has tried since they were read."""
    statement = select(DELIVERY.c.id, DELIVERY.c.attempts).where(*_these(shop_id, rows))
    attempts: dict[int, int] = {row.id: row.attempts for row in connection.execute(statement)}
    return {row.id for row in rows if attempts.get(row.id) == row.attempts}


def settle(connection: Connection, shop_id: int, rows: Sequence[Row[Any]], now: datetime) -> None:
    """Mark deliveries as applied. What they said is in the store now; their bodies are kept no longer."""
    done = {"status": DeliveryStatus.APPLIED, "applied_at": now, "attempts": DELIVERY.c.attempts + 1}
    connection.execute(update(DELIVERY).where(*_these(shop_id, rows)).values(**done, error="", body=b""))


def put_off(connection: Connection, row: Row[Any], error: str, next_attempt_at: datetime | None) -> bool:
    """A failed attempt: try again at a time, or park it (None). False if somebody else tried it meanwhile."""
    values = {
        "status": DeliveryStatus.PARKED if next_attempt_at is None else DeliveryStatus.WAITING,
        "attempts": row.attempts + 1,
        "next_attempt_at": next_attempt_at,
        "error": error[:MOST_ERROR],
    }
    same = (*_these(row.shop_id, [row]), DELIVERY.c.attempts == row.attempts)
    return bool(connection.execute(update(DELIVERY).where(*same).values(**values)).rowcount)


def _these(shop_id: int, rows: Sequence[Row[Any]]) -> tuple[Any, ...]:
    """Those of these rows that wait; their times say which partitions they are in."""
    times = [row.received_at for row in rows]
    ids = DELIVERY.c.id.in_([row.id for row in rows])
    return DELIVERY.c.shop_id == shop_id, _waits(DELIVERY), ids, DELIVERY.c.received_at.between(min(times), max(times))
