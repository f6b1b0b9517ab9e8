"""Whatever fails, and however often: at the end an order is as if nothing had, or the platform is asked how it is.

WooCommerce's deliveries, as its deletions tell no time: here the order of arrival counts, not only what is newest.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given
from hypothesis import settings as trials
from hypothesis import strategies as st

import connectors
from connectors.records import Change, Current, Order, Refetch
from integration.services import drain as drains
from integration.services.drain import drain
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.delivery_writes import DELIVERY, keep
from integration.storage.order_writes import ORDER
from integration.storage.refetch_writes import REFETCH
from integration.storage.waiting_deliveries import HOLDS_BACK_ATTEMPTS
from tests.recorded import SECRET, body_of, signed, woocommerce_shop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BEGAN = datetime(2026, 11, 23, 11, 45, tzinfo=UTC)
TEMPLATE = body_of("order.created.store-api")
WEBHOOKS = connectors.get("woocommerce").webhooks
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Sent:
    """A delivery: of which order, its state's second (None: it is deleted), how often it fails, and how."""

    order: str
    second: int | None
    failures: int
    unwritable: bool
    pause: int


@dataclass(frozen=True)
class Faulty:
    """The connector's reading, as it fails. sent, tried: by the time of arrival, what, and how often so far."""

    sent: Mapping[datetime, Sent]
    tried: Mapping[datetime, int]

    def changes(self, topic: str, body: bytes, at: datetime) -> Sequence[Change]:
        assert WEBHOOKS is not None
        # What a deletion asks in any case would hide whether an overtaken one asks.
        changes = [each for each in WEBHOOKS.changes(topic, body, at) if not isinstance(each, Refetch)]
        if self.tried[at] >= self.sent[at].failures:
            return changes
        if not self.sent[at].unwritable:
            raise RuntimeError("a fault in reading")
        return [*changes, _unwritable(at)]


def _unwritable(at: datetime) -> Change:
    """An order without a time, which the store refuses."""
    nothing: Any = None
    return Current(Order("fault", nothing, (), "GBP"), at)


def arrive(database: Database, shop_id: int, sent: Sent, now: datetime) -> None:
    body = {"id": int(sent.order)}
    if sent.second is not None:
        body = TEMPLATE | body | {"date_modified_gmt": f"2026-11-23T11:40:{sent.second:02}"}
    assert WEBHOOKS is not None
    post = signed("order.deleted" if sent.second is None else "order.updated", body, delivery=str(now.timestamp()))
    arrival = WEBHOOKS.verify(post["headers"], post["data"], (SECRET,))
    with database.write() as connection:
        keep(connection, shop_id, arrival, received_at=now, status=DeliveryStatus.WAITING)


def work_off(database: Database, shop_id: int, sent: Mapping[datetime, Sent], now: datetime) -> None:
    """Drain until nothing is due."""
    done = True
    while done:
        with database.read() as connection:
            rows = connection.execute(sa.select(DELIVERY.c.received_at, DELIVERY.c.attempts))
            faulty = Faulty(sent, {row.received_at: row.attempts for row in rows})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drains, "_webhooks", lambda _platform, faulty=faulty: faulty)
            done = bool(drain(database, shop_id, now=now))


def next_attempt(database: Database, shop_id: int) -> datetime | None:
    with database.read() as connection:
        waits = (DELIVERY.c.shop_id == shop_id, DELIVERY.c.status == DeliveryStatus.WAITING)
        moment: datetime | None = connection.execute(
            sa.select(sa.func.min(DELIVERY.c.next_attempt_at)).where(*waits)
        ).scalar()
    return moment


def orders(database: Database, shop_id: int) -> dict[str, Any]:
    """Whether each order is there, and of when its state is."""
    with database.read() as connection:
        rows = connection.execute(sa.select(ORDER).where(ORDER.c.shop_id == shop_id, ORDER.c.external_id != "fault"))
        return {row.external_id: row.removed_at is None and row.source_version for row in rows}


def asked_for(database: Database, shop_id: int) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(sa.select(REFETCH.c.external_id).where(REFETCH.c.shop_id == shop_id)))


def live(database: Database, shop_id: int, story: Sequence[Sent], *, faults: bool) -> None:
    """Let the deliveries arrive, one after the other, and be worked off until none waits."""
    now, sent = BEGAN, {}
    for each in story:
        now += timedelta(seconds=each.pause + 1)
        sent[now] = each if faults else replace(each, failures=0)
        arrive(database, shop_id, each, now)
        if each.pause or not faults:
            work_off(database, shop_id, sent, now)
    work_off(database, shop_id, sent, now)
    while (moment := next_attempt(database, shop_id)) is not None:
        work_off(database, shop_id, sent, moment)


STORIES = st.lists(
    st.builds(
        Sent,
        order=st.sampled_from(["43", "43", "59"]),
        second=st.sampled_from([None, 0, 1, 2]),
        failures=st.sampled_from([0, 0, 1, 2, 4]),
        unwritable=st.booleans(),
        pause=st.sampled_from([0, 1, 30]),
    ),
    min_size=2,
    max_size=6,
)


@given(story=STORIES)
@example(story=[Sent("43", 2, failures=1, unwritable=False, pause=1), Sent("43", 0, 0, unwritable=False, pause=1)])
@example(story=[Sent("43", 2, failures=4, unwritable=False, pause=1), Sent("43", None, 0, unwritable=False, pause=1)])
@trials(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_at_the_end_it_is_as_if_nothing_had_failed_or_the_platform_is_asked(
    database: Database, settings: Settings, story: list[Sent]
) -> None:
    numbers = [next(_numbers) for _ in range(2)]
    spared, tried = (woocommerce_shop(database, settings, f"rig{number}") for number in numbers)
    live(database, spared, story, faults=False)
    live(database, tried, story, faults=True)
    expected, found = orders(database, spared), orders(database, tried)
    patient = {each.order for each in story} - {each.order for each in story if each.failures > HOLDS_BACK_ATTEMPTS}
    for order in expected.keys() | found.keys():
        is_same = found.get(order) == expected.get(order)
        assert is_same or (order not in patient and order in asked_for(database, tried))
    with database.read() as connection:
        left = connection.scalars(sa.select(DELIVERY.c.status).where(DELIVERY.c.shop_id == tried)).all()
    assert set(left) <= {DeliveryStatus.APPLIED}, "nobody fails more often than it is tried"
