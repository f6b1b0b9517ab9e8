"""What is charged: kept first, then reported, each day once, in doubt never."""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Response
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from connectors.shopify.billing.app_events import AppEvents
from integration.services.shopify.billing import due
from integration.services.shopify.usage import METERS, TOO_LATE, USAGE, WINDOW
from integration.services.shops import SHOP
from integration.settings import Settings
from integration.storage.database import Database
from tests.functional.shopify.billing.conftest import (
    DAY,
    NIGHT,
    NOON,
    make,
    on_growth,
    run,
    sell,
    tell_ids,
    usage_rows,
)
from tests.played_billing import DOMAIN, BillingServer


def test_the_orders_of_a_day_are_charged_once_by_the_next_morning(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    on_growth(database, hosted, server, shop_id)
    sell(database, shop_id, NOON + timedelta(hours=1), NOON + timedelta(hours=11, minutes=59), NIGHT)
    for minutes in range(0, 600, 60):
        run(database, hosted, shop_id, NIGHT + timedelta(minutes=minutes))
    assert server.partners.used(server.shop, "orders") == 2
    assert [row.key for row in usage_rows(database)] == [f"orders:{server.shop.id}:2026-11-22"]
    run(database, hosted, shop_id, NIGHT + DAY)
    assert server.partners.used(server.shop, "orders") == 3


def test_what_was_sold_before_the_plan_was_chosen_is_not_charged(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    sell(database, shop_id, NOON - timedelta(hours=1), NOON - 3 * DAY, NOON + timedelta(hours=1))
    on_growth(database, hosted, server, shop_id)
    run(database, hosted, shop_id, NIGHT)
    assert server.partners.used(server.shop, "orders") == 1


def test_a_day_without_orders_is_not_reported(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    on_growth(database, hosted, server, shop_id)
    run(database, hosted, shop_id, NIGHT)
    assert usage_rows(database) == []
    assert "events" not in server.taken


def test_an_order_that_arrives_late_does_not_change_a_day_that_was_reported(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    on_growth(database, hosted, server, shop_id)
    sell(database, shop_id, NOON + timedelta(hours=1))
    run(database, hosted, shop_id, NIGHT)
    sell(database, shop_id, NOON + timedelta(hours=2))
    run(database, hosted, shop_id, NIGHT + timedelta(hours=1))
    assert server.partners.used(server.shop, "orders") == 1


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("sent", [False, True])
def test_a_crash_before_or_after_the_report_charges_the_day_once(
    database: Database,
    hosted: Settings,
    server: BillingServer,
    shop_id: int,
    monkeypatch: pytest.MonkeyPatch,
    sent: bool,
) -> None:
    on_growth(database, hosted, server, shop_id)
    sell(database, shop_id, NOON + timedelta(hours=1))
    report = AppEvents.report

    def killed(self: AppEvents, usage: Any) -> None:
        if sent:
            report(self, usage)
        raise Killed

    with monkeypatch.context() as crash:
        crash.setattr(AppEvents, "report", killed)
        with pytest.raises(Killed):
            run(database, hosted, shop_id, NIGHT)
    assert [row.sent_at for row in usage_rows(database)] == [None]
    later = NIGHT + timedelta(minutes=6)
    assert due(database, hosted, later) == [shop_id]
    run(database, hosted, shop_id, later)
    assert server.partners.used(server.shop, "orders") == 1
    assert [row.sent_at for row in usage_rows(database)] == [later]
    assert due(database, hosted, later) == []


def test_two_processes_at_once_charge_a_day_once(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    on_growth(database, hosted, server, shop_id)
    sell(database, shop_id, NOON + timedelta(hours=1))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run(database, hosted, shop_id, NIGHT), range(4)))
    assert server.partners.used(server.shop, "orders") == 1
    assert server.taken.count("events") == 1


def test_a_day_that_could_not_be_reported_in_time_is_given_up_and_said(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    on_growth(database, hosted, server, shop_id)
    sell(database, shop_id, NOON + timedelta(hours=1))
    server.fail("events", *[Response("", 503)] * 100)
    tries = 0
    now = NIGHT
    while now < NIGHT + WINDOW:
        tries += bool(due(database, hosted, now))
        run(database, hosted, shop_id, now)
        now += timedelta(minutes=30)
    assert 5 < tries < 20
    server.faults.clear()
    run(database, hosted, shop_id, now)
    (row,) = usage_rows(database)
    assert (row.sent_at, row.error) == (None, TOO_LATE)
    assert row.parked_at is not None
    assert server.partners.used(server.shop, "orders") == 0
    assert TOO_LATE in caplog.text


def test_what_shopify_refuses_is_given_up_with_its_reason(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    on_growth(database, hosted, server, shop_id)
    sell(database, shop_id, NOON + timedelta(hours=1))
    caplog.set_level(logging.WARNING)
    server.fail("events", Response('{"success": false, "error": "Invalid request"}', 422))
    run(database, hosted, shop_id, NIGHT)
    (row,) = usage_rows(database)
    assert row.parked_at == NIGHT
    assert "Invalid request" in row.error
    assert "is not charged" in caplog.text
    assert due(database, hosted, NIGHT + timedelta(hours=2)) == []


def test_each_meter_leaves_room_for_the_rest_of_a_key() -> None:
    longest = f":{2**63}:2026-11-22"
    assert all(len(meter) + len(longest) <= 64 for meter in METERS)


STEPS = st.lists(st.sampled_from(["run", "die before", "die after", "fail", "sell", "wait", "double"]), max_size=25)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@how(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_breaks_off_a_day_is_charged_once_or_given_up(
    database: Database, hosted: Settings, server: BillingServer, steps: list[str]
) -> None:
    """Days pass, orders come, processes die before and after they report, Shopify fails: no order is charged twice."""
    shop = make(database, hosted, DOMAIN)
    tell_ids(database, server, shop)
    server.partners.events.clear()
    server.faults.clear()
    on_growth(database, hosted, server, shop)
    now, sold = NOON, Counter[str]()
    for step in steps:
        now += timedelta(hours=3)
        if step == "sell":
            sell(database, shop, now)
            sold[now.date().isoformat()] += 1
        elif step == "fail":
            server.fail("events", Response("", 503))
        elif step == "wait":
            now += timedelta(hours=20)
        else:
            _run_until(step, database, hosted, shop, now)
    server.faults.clear()
    for _ in range(2):
        now += DAY
        run(database, hosted, shop, now)
        run(database, hosted, shop, now + timedelta(hours=4))
    with database.write() as connection:
        rows = list(connection.execute(sa.select(USAGE).where(USAGE.c.shop_id == shop)))
        connection.execute(sa.delete(SHOP).where(SHOP.c.id == shop))
    charged = {key[-10:]: each["attributes"]["value"] for key, each in server.partners.events.items()}
    assert charged.items() <= sold.items()
    assert {row.key[-10:]: row.quantity for row in rows if row.sent_at}.items() <= charged.items()
    assert all(row.sent_at or row.parked_at for row in rows)


def _run_until(step: str, database: Database, settings: Settings, shop: int, now: datetime) -> None:
    if step == "double":
        run(database, settings, shop, now)
    if not step.startswith("die"):
        run(database, settings, shop, now)
        return
    report = AppEvents.report

    def killed(self: AppEvents, usage: Any) -> None:
        if step == "die after":
            report(self, usage)
        raise Killed

    with pytest.MonkeyPatch.context() as crash:
        crash.setattr(AppEvents, "report", killed)
        try:
            run(database, settings, shop, now)
        except (Killed, Exception):  # noqa: BLE001
            return
