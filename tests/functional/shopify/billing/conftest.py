"""A shop of somebody who bills, beside a played Shopify that fails where a test says so; and what happens in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from integration.services.secrets import Vault
from integration.services.shopify.billing import bill
from integration.services.shopify.usage import USAGE
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
