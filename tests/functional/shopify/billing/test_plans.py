"""Who is on which plan: read from Shopify, believed of nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import requests
import sqlalchemy as sa
from flask import Response

from integration.jobs.sweep import DUE
from integration.services.shopify import billing
from integration.services.shopify.billing import PLAN, Standing, check_soon, due, standing
from integration.services.shopify.plans import FREE, OFFERS, offer_of
from integration.services.shops import SHOP
from integration.settings import Settings
from integration.storage.database import Database
from tests.functional.shopify.billing.conftest import (
    DAY,
    NIGHT,
    NOON,
    change,
    choose,
    make,
    on_growth,
    run,
    sell,
    usage_rows,
)
from tests.played_billing import BillingServer


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


def test_a_plan_row_belongs_to_one_shop(database: Database, hosted: Settings, shop_id: int) -> None:
    run(database, hosted, shop_id, NOON)
    run(database, hosted, shop_id, NOON)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(PLAN)).scalar_one() == 1
