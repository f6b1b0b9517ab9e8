"""Who is on which plan, and what is charged: read from Shopify, reported to it, each day once, in doubt never."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from flask import Response
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from connectors.shopify.billing.app_events import AppEvents
from integration.jobs.sweep import DUE
from integration.services.secrets import Vault
from integration.services.shopify import billing
from integration.services.shopify.billing import PLAN, Standing, bill, check_soon, due, standing
from integration.services.shopify.plans import FREE, OFFERS, offer_of
from integration.services.shopify.usage import METERS, TOO_LATE, USAGE, WINDOW
from integration.services.shops import CONNECTION, SHOP, create_shop
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import order, stock, write
from tests.played_billing import DOMAIN, BillingServer, billing_server

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def server() -> Iterator[BillingServer]:
    with billing_server(now=NOON) as served:
        served.shop.clock = lambda: NOON + 365 * DAY
        yield served


@pytest.fixture
def hosted(settings: Settings, server: BillingServer) -> Settings:
    """Settings of somebody who hosts the app for merchants, and bills them."""
    partner: dict[str, Any] = {
        "shopify_partner_id": server.partners.organization,
        "shopify_partner_token": server.partners.token,
    }
    app: dict[str, Any] = {
        "shopify_client_id": "client",
        "shopify_client_secret": "secret",
        "shopify_play_url": server.url,
    }
    return replace(settings, **partner, **app)


@pytest.fixture
def shop_id(database: Database, hosted: Settings, server: BillingServer) -> int:
    """A shop whose set-up is done."""
    number = make(database, hosted, DOMAIN)
    tell_ids(database, server, number)
    return number


def make(database: Database, settings: Settings, domain: str) -> int:
    return create_shop(
        database,
        Vault(settings.secret_keys),
        key=domain.split(".", maxsplit=1)[0],
        name="Fern & Ladle",
        platform="shopify",
        external_id=domain,
        webhook_secret="unused",
    )


def tell_ids(database: Database, server: BillingServer, shop_id: int) -> None:
    ids = {"app": f"gid://shopify/App/{server.shop.app_id}", "shop": f"gid://shopify/Shop/{server.shop.id}"}
    change(database, CONNECTION, shop_id, details=ids)


def change(database: Database, table: sa.Table, shop_id: int, **values: Any) -> None:
    column = table.c.id if table is SHOP else table.c.shop_id
    with database.write() as connection:
        connection.execute(sa.update(table).where(column == shop_id).values(**values))


def choose(server: BillingServer, plan: str) -> None:
    """What the merchant does on the page that Shopify hosts."""
    page = f"{server.url}/{DOMAIN}/admin/charges/shelfwise/pricing_plans"
    assert "Growth" in requests.get(page, timeout=5).text
    requests.post(page, data={"plan": plan}, timeout=5, allow_redirects=False)


def sell(database: Database, shop_id: int, *times: datetime) -> None:
    stock(database, shop_id, [1])
    write(database, shop_id, [order(int(at.timestamp()), [1], at=at) for at in times])


def usage_rows(database: Database) -> list[sa.Row[Any]]:
    with database.read() as connection:
        return list(connection.execute(sa.select(USAGE).order_by(USAGE.c.id)))


def run(database: Database, settings: Settings, shop_id: int, now: datetime) -> str:
    return bill(database, settings, shop_id, now, wait=lambda _seconds: None)


def on_growth(database: Database, settings: Settings, server: BillingServer, shop_id: int) -> None:
    """Since noon."""
    choose(server, "growth")
    run(database, settings, shop_id, NOON)


def test_who_hosts_the_app_alone_is_never_billed_and_never_asked(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    alone = replace(hosted, shopify_partner_token="")
    choose(server, "growth")
    server.taken.clear()
    assert due(database, alone, NIGHT) == []
    assert run(database, alone, shop_id, NIGHT) == "nobody is billed"
    assert not check_soon(database, alone, shop_id, NIGHT)
    assert standing(database, alone, shop_id, NIGHT) == Standing()
    assert server.taken == []


def test_a_new_shop_is_on_the_free_plan_and_is_told_where_to_choose(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    before = standing(database, hosted, shop_id, NOON)
    assert (before.offer, before.checked_at) == (FREE, None)
    assert due(database, hosted, NOON) == [shop_id]
    run(database, hosted, shop_id, NOON)
    after = standing(database, hosted, shop_id, NOON)
    assert (after.offer, after.status, after.checked_at) == (FREE, "", NOON)
    assert requests.get(after.pricing_page, timeout=5).ok


def test_a_chosen_plan_is_known_as_soon_as_the_merchant_is_back(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    run(database, hosted, shop_id, NOON)
    choose(server, "growth")
    back = NOON + timedelta(minutes=2)
    assert due(database, hosted, back) == []
    assert check_soon(database, hosted, shop_id, back)
    assert due(database, hosted, back) == [shop_id]
    run(database, hosted, shop_id, back)
    now = standing(database, hosted, shop_id, back)
    assert (now.offer, now.status) == (OFFERS["growth"], "active")
    assert now.period_ends_at is not None


def test_that_a_browser_names_a_plan_changes_nothing(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    """However often it comes back with `plan_handle=growth` in the address, Shopify alone is believed."""
    run(database, hosted, shop_id, NOON)
    asked = server.taken.count("graphql.json")
    for second in range(1, 9):
        now = NOON + timedelta(seconds=second)
        assert not check_soon(database, hosted, shop_id, now)
    assert check_soon(database, hosted, shop_id, NOON + timedelta(seconds=11))
    run(database, hosted, shop_id, NOON + timedelta(seconds=11))
    assert standing(database, hosted, shop_id, NOON).offer == FREE
    assert server.taken.count("graphql.json") == asked + 1


def test_the_plan_is_read_again_after_midnight_and_no_sooner(
    database: Database, hosted: Settings, shop_id: int
) -> None:
    run(database, hosted, shop_id, NOON)
    assert due(database, hosted, NOON + timedelta(hours=11, minutes=59)) == []
    assert due(database, hosted, NIGHT) == [shop_id]


def test_a_plan_that_cannot_be_read_stays_what_it_was(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    on_growth(database, hosted, server, shop_id)
    server.fail("graphql.json", *[Response("", 500)] * 3)
    run(database, hosted, shop_id, NIGHT)
    now = standing(database, hosted, shop_id, NIGHT)
    assert (now.offer.handle, now.checked_at) == ("growth", NOON)
    assert "HTTP 500" in now.error
    assert "could not be read" in caplog.text
    later = NIGHT + timedelta(minutes=31)
    assert due(database, hosted, NIGHT + timedelta(minutes=5)) == []
    assert due(database, hosted, later) == [shop_id]
    run(database, hosted, shop_id, later)
    assert standing(database, hosted, shop_id, later).error == ""


def test_a_plan_that_ended_is_the_free_one_again_and_charges_nothing_more(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    on_growth(database, hosted, server, shop_id)
    sell(database, shop_id, NOON + timedelta(hours=1))
    assert server.shop.installation is not None
    server.shop.installation.plan = ""
    run(database, hosted, shop_id, NIGHT)
    assert standing(database, hosted, shop_id, NIGHT).offer == FREE
    assert usage_rows(database) == []


def test_before_the_set_up_is_done_nothing_is_asked(
    database: Database, hosted: Settings, server: BillingServer
) -> None:
    shop = make(database, hosted, "new.myshopify.com")
    assert run(database, hosted, shop, NOON) == "its set-up is not done"
    assert server.taken == []
    assert due(database, hosted, NOON + timedelta(minutes=1)) == [shop]


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


def test_a_shop_that_left_is_not_charged_and_comes_back_without_a_plan(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    on_growth(database, hosted, server, shop_id)
    sell(database, shop_id, NOON + timedelta(hours=1))
    server.fail("events", *[Response("", 503)] * 3)
    run(database, hosted, shop_id, NIGHT)
    change(database, SHOP, shop_id, uninstalled_at=NIGHT + timedelta(minutes=1))
    gone = NIGHT + timedelta(minutes=10)
    assert due(database, hosted, gone) == [shop_id]
    run(database, hosted, shop_id, gone)
    assert due(database, hosted, gone + DAY) == []
    assert server.partners.used(server.shop, "orders") == 0
    change(database, SHOP, shop_id, uninstalled_at=None)
    assert standing(database, hosted, shop_id, gone).offer == FREE
    assert due(database, hosted, gone) == [shop_id]


def test_one_shops_billing_leaves_all_others_alone(
    database: Database, hosted: Settings, server: BillingServer, shop_id: int
) -> None:
    other = make(database, hosted, "other.myshopify.com")
    on_growth(database, hosted, server, shop_id)
    sell(database, other, NOON + timedelta(hours=1))
    run(database, hosted, shop_id, NIGHT)
    assert usage_rows(database) == []
    assert standing(database, hosted, other, NIGHT).offer == FREE


def test_orders_of_the_last_thirty_days_say_when_the_free_plan_is_outgrown(
    database: Database, hosted: Settings, shop_id: int
) -> None:
    sell(database, shop_id, NOON - DAY, NOON - 29 * DAY, NOON - 31 * DAY)
    assert standing(database, hosted, shop_id, NOON).orders == 2
    assert FREE.orders_in_30_days is not None
    assert not FREE.is_outgrown(FREE.orders_in_30_days)
    assert FREE.is_outgrown(FREE.orders_in_30_days + 1)
    assert not OFFERS["growth"].is_outgrown(10**9)


def test_a_plan_that_was_agreed_with_one_merchant_has_a_name_and_no_bounds() -> None:
    assert offer_of("winter-deal").name == "Winter deal"
    assert not offer_of("winter-deal").is_outgrown(10**9)


def test_billing_is_a_steady_job() -> None:
    assert DUE["bill"] is billing.due


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


def test_a_plan_row_belongs_to_one_shop(database: Database, hosted: Settings, shop_id: int) -> None:
    run(database, hosted, shop_id, NOON)
    run(database, hosted, shop_id, NOON)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(PLAN)).scalar_one() == 1
