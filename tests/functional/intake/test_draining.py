"""Kept deliveries become rows: in order, in batches, without one that fails holding up the others."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError, OperationalError

from connectors.base import Delivery
from integration.services import drain as drains
from integration.services.apply import apply
from integration.services.drain import JITTER, RETRY_AFTER, drain, give_up_first
from integration.settings import Settings
from integration.storage import waiting_deliveries
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.delivery_writes import DELIVERY, keep
from integration.storage.order_writes import ORDER, ORDER_LINE
from tests.making import START, make_shop

REFUSAL = "value out of range\nDETAIL: the row of Ada"
# Of an order with so many pieces, the store of these tests says that it can't take it.
POISON = 666_666


@pytest.fixture(autouse=True)
def _poison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drains, "apply", failing_on(POISON, DataError("INSERT", {"of": "Ada"}, Exception(REFUSAL))))


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return make_shop(database, settings)


def arrive(database: Database, shop_id: int, number: int, quantity: int = 1, *, at: int = 0, **values: Any) -> None:
    """An order's delivery that arrives so many seconds after the start."""
    when = START + timedelta(seconds=at)
    line = {"id": "1", "product": "p1", "variant": "v1", "quantity": quantity, "unit_price": "9.90"}
    order = {"id": f"o{number}", "ordered_at": START.isoformat(), "updated_at": when.isoformat(), "currency": "GBP"}
    body = json.dumps({**order, "lines": [line]}).encode()
    told = {"topic": "order.updated", "aggregate": f"order/o{number}", "body": body} | values
    with database.write() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(DELIVERY)).scalar_one()
        arrival = Delivery("direct", key=f"d{count}", triggered_at=when, **told)
        assert keep(connection, shop_id, arrival, received_at=when, status=DeliveryStatus.WAITING)


def stands(database: Database) -> list[tuple[str, int]]:
    """Status and attempts of each delivery, first come first."""
    with database.read() as connection:
        rows = connection.execute(sa.select(DELIVERY.c.status, DELIVERY.c.attempts).order_by(DELIVERY.c.id))
        return [(row.status, row.attempts) for row in rows]


def only(database: Database) -> Any:
    with database.read() as connection:
        return connection.execute(sa.select(DELIVERY)).one()


def pieces(database: Database) -> dict[str, int]:
    """How many pieces each order has."""
    with database.read() as connection:
        rows = connection.execute(
            sa.select(ORDER.c.external_id, ORDER_LINE.c.quantity).join(ORDER_LINE, ORDER_LINE.c.order_id == ORDER.c.id)
        )
        return {row.external_id: row.quantity for row in rows}


def drain_all(database: Database, shop_id: int, seconds: float, **values: Any) -> None:
    while drain(database, shop_id, now=START + timedelta(seconds=seconds), **values):
        pass


def failing_on(quantity: int, error: Exception) -> Callable[..., Any]:
    """Writing that fails wherever an order of so many pieces is among what is written."""

    def write(connection: Any, shop_id: int, changes: Sequence[Any], *, now: datetime) -> Any:
        if any(line.quantity == quantity for each in changes for line in each.record.lines):
            raise error
        return apply(connection, shop_id, changes, now=now)

    return write


def test_of_two_hundred_the_one_that_no_database_takes_is_found_and_the_others_are_applied(
    database: Database, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = Mock(side_effect=failing_on(POISON, RuntimeError("refused")))
    monkeypatch.setattr(drains, "apply", tried)
    for number in range(200):
        arrive(database, shop_id, number, POISON if number == 77 else 1)
    assert drain(database, shop_id, now=START) == 200
    assert set(pieces(database)) == {f"o{number}" for number in range(200)} - {"o77"}
    assert stands(database)[77] == ("waiting", 1)
    assert tried.call_count <= 1 + 2 * 8, "halving finds one of 200 in eight steps"


def test_one_that_fails_is_tried_again_with_growing_pauses_and_then_parked_with_its_error(
    database: Database, shop_id: int
) -> None:
    arrive(database, shop_id, 1, POISON)
    chance, now, pauses = random.Random(6), START, []
    row = only(database)
    while row.status == DeliveryStatus.WAITING:
        assert drain(database, shop_id, now=now, chance=chance) == 1
        assert drain(database, shop_id, now=now, chance=chance) == 0, "not before its time"
        row = only(database)
        if row.next_attempt_at:
            pauses.append(row.next_attempt_at - now)
            now = row.next_attempt_at
    assert stands(database) == [("parked", len(RETRY_AFTER) + 1)]
    assert len(pauses) == len(RETRY_AFTER)
    for pause, usual in zip(pauses, RETRY_AFTER, strict=True):
        assert usual * (1 - JITTER) <= pause <= usual * (1 + JITTER)
        assert pause != usual
    assert "out of range" in row.error
    assert row.body, "what it said is kept, to be tried again by hand"


def test_what_failed_together_does_not_come_back_together(database: Database, shop_id: int) -> None:
    for number in range(20):
        arrive(database, shop_id, number, POISON)
    drain_all(database, shop_id, 0)
    with database.read() as connection:
        moments = set(connection.scalars(sa.select(DELIVERY.c.next_attempt_at)))
    assert len(moments) == 20


def test_its_error_tells_nothing_of_what_was_to_be_written(
    database: Database, shop_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    arrive(database, shop_id, 1, POISON)
    drain(database, shop_id, now=START)
    with database.read() as connection:
        error = connection.execute(sa.select(DELIVERY.c.error)).scalar_one()
    assert error == "Exception: value out of range"
    assert "Ada" not in caplog.text
    assert "failed, attempt 1" in caplog.text


def test_a_body_that_cannot_be_read_is_parked_at_once(database: Database, shop_id: int) -> None:
    arrive(database, shop_id, 1, body=b"{")
    arrive(database, shop_id, 2)
    drain_all(database, shop_id, 0)
    assert stands(database) == [("parked", 1), ("applied", 1)]


def test_one_that_fails_holds_back_its_own_order_for_minutes_and_no_other(database: Database, shop_id: int) -> None:
    arrive(database, shop_id, 1, POISON, at=0)
    arrive(database, shop_id, 2, 2, at=1)
    arrive(database, shop_id, 1, 3, at=2)
    drain_all(database, shop_id, 3)
    assert pieces(database) == {"o2": 2}
    assert [status for status, _ in stands(database)] == ["waiting", "applied", "waiting"]
    drain_all(database, shop_id, 12)
    assert stands(database)[2] == ("waiting", 0), "its second attempt has failed, the third is minutes away"
    drain_all(database, shop_id, 12 + 400)
    assert pieces(database) == {"o2": 2, "o1": 3}, "it is held back no longer"


def test_the_later_ones_follow_as_soon_as_the_first_is_applied(
    database: Database, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in range(3):
        arrive(database, shop_id, 1, second + 1, at=second)
    with monkeypatch.context() as patch:
        patch.setattr(drains, "apply", failing_on(1, RuntimeError("a fault of ours")))
        drain_all(database, shop_id, 3)
    assert [attempts for _, attempts in stands(database)] == [1, 0, 0], "only the first was tried"
    drain_all(database, shop_id, 30)
    assert [status for status, _ in stands(database)] == ["applied"] * 3
    assert pieces(database) == {"o1": 3}


def test_a_store_that_is_away_counts_as_nobodys_failure(
    database: Database, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(database, shop_id, 1)
    away = OperationalError("UPDATE", {}, Exception("the server closed the connection"), connection_invalidated=True)
    with monkeypatch.context() as patch:
        patch.setattr(drains, "apply", failing_on(1, away))
        with pytest.raises(OperationalError):
            drain(database, shop_id, now=START)
    assert stands(database) == [("waiting", 0)]
    drain_all(database, shop_id, 0)
    assert pieces(database) == {"o1": 1}


def test_a_batch_holds_no_more_bytes_than_it_may_but_always_one(
    database: Database, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        arrive(database, shop_id, number)
    with database.read() as connection:
        size = connection.execute(sa.select(sa.func.max(sa.func.length(DELIVERY.c.body)))).scalar_one()
    for bound, expected in ((size * 2, 2), (1, 1), (size * 9, 0)):
        monkeypatch.setattr(drains, "MOST_BYTES", bound)
        assert drain(database, shop_id, now=START) == expected


def test_one_over_which_processes_died_is_put_off_unread(database: Database, shop_id: int) -> None:
    arrive(database, shop_id, 1)
    arrive(database, shop_id, 2)
    assert give_up_first(database, shop_id, "the process died", now=START)
    drain_all(database, shop_id, 1)
    assert stands(database) == [("waiting", 1), ("applied", 1)]


def test_what_another_drain_has_done_meanwhile_is_not_done_again(
    database: Database, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(database, shop_id, 1)
    hold = waiting_deliveries.hold

    def overtake(connection: Any, shop: int) -> bool:
        done = {"status": DeliveryStatus.APPLIED, "applied_at": START, "body": b""}
        connection.execute(sa.update(DELIVERY).values(**done))
        return hold(connection, shop)

    monkeypatch.setattr(waiting_deliveries, "hold", overtake)
    assert drain(database, shop_id, now=START) == 0
    assert pieces(database) == {}


def test_the_sweep_finds_the_shops_that_have_something_to_apply_now(database: Database, settings: Settings) -> None:
    shops = [make_shop(database, settings, f"shop-{number}") for number in range(4)]
    arrive(database, shops[1], 1)
    arrive(database, shops[2], 1, POISON)
    drain_all(database, shops[2], 0)
    arrive(database, shops[2], 1, 2, at=1)
    arrive(database, shops[3], 1)
    drain_all(database, shops[3], 0)

    def due(seconds: int) -> list[int]:
        with database.read() as connection:
            return waiting_deliveries.shops_with_due(connection, START + timedelta(seconds=seconds))

    assert due(1) == [shops[1]], "what waits for its retry, and what that holds back, is not due"
    assert due(10) == shops[1:3]
