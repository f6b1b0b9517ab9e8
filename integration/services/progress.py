"""How far the app is in a shop, in a merchant's words: the steps that every platform's shops go through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from integration.services.status import ShopState
from integration.storage.models import FitStatus
from integration.storage.readings import Reading
from integration.storage.upsert import table_of

READING = table_of(Reading)


class State(StrEnum):
    """Of a step. YOURS: it is the merchant's turn."""

    DONE = "done"
    DOING = "doing"
    WAITING = "waiting"
    YOURS = "yours"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. detail: a sentence or two. fraction: how much of it is done, 0 to 1, where that is known.

    read, expected: things so far, and in all, where something is read.
    """

    key: str
    title: str
    state: State
    detail: str
    fraction: float | None = None
    read: int | None = None
    expected: int | None = None


def newest_reading(connection: Connection, shop_id: int, kind: str) -> Row[Any] | None:
    """The newest one of all things of a kind: of those that came to their end, if any did. They go on every week."""
    whole = (READING.c.shop_id == shop_id) & (READING.c.kind == kind) & READING.c.since.is_(None)
    ended_first = (READING.c.finished_at.is_(None), READING.c.id.desc())
    return connection.execute(select(READING).where(whole).order_by(*ended_first).limit(1)).first()


def reading_step(
    key: str, title: str, thing: str, reading: Row[Any] | None, done: str, *, preparing: str = "This has begun."
) -> Step:
    """How far a reading is. thing: what is read, one of it. done: what is said at its end; preparing: at its start."""
    if reading is None:
        return Step(key, title, State.WAITING, "This begins within a minute.")
    counted = {"read": reading.read, "expected": reading.expected}
    if reading.finished_at is not None:
        return Step(key, title, State.DONE, done, 1.0, **counted)
    fraction = min(reading.read / reading.expected, 1.0) if reading.expected else None
    of_all = f" of {reading.expected:,}" if reading.expected else ""
    so_far = f"{reading.read:,}{of_all} {thing}s read so far." if reading.read else preparing
    if reading.error:
        message = f"{so_far} Something went wrong, and it is tried again by itself: {reading.error}"
        return Step(key, title, State.FAILED, message, fraction, **counted)
    return Step(key, title, State.DOING, so_far, fraction, **counted)


def learning_step(orders: Row[Any] | None, shop: ShopState) -> Step:
    """What is learnt from the orders, once they are read."""
    title = "Learning what sells together"
    if shop.serving is not None:
        learnt = f"Learnt from {count(shop.serving.orders, 'order')}, and again every night."
        return Step("learning", title, State.DONE, learnt, 1.0)
    fit = shop.last_fit
    if fit is not None and fit.status is FitStatus.RUNNING:
        return Step("learning", title, State.DOING, "Looking for what shoppers buy together; this takes minutes.")
    if orders is None or orders.finished_at is None:
        return Step("learning", title, State.WAITING, "This begins once your orders are read.")
    return Step("learning", title, *_unlearnt(shop))


def _unlearnt(shop: ShopState) -> tuple[State, str]:
    """All orders are read, no fit runs, and none was ever good enough to serve: what is said of that."""
    if shop.orders == 0:
        return State.DONE, "There are no orders to learn from yet. Until there are, shoppers see what is new."
    if shop.last_fit is None:
        return State.WAITING, "This begins in a few minutes."
    if shop.last_fit.status in {FitStatus.FAILED, FitStatus.KILLED}:
        return (
            State.FAILED,
            "It did not work out, and is tried again by itself. Shoppers see what sells best meanwhile.",
        )
    return State.DONE, "So far your best sellers are the better choice. It tries again every night, with new orders."


def count(number: int, thing: str) -> str:
    """A number of things, with their name."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
