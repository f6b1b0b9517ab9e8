"""What a store holds after a run, in words that two stores share: no row numbers, no times of ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from integration.app import create_app
from integration.clock import system_clock
from integration.migrations import migrate
from integration.services.drain import drain
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.settings import Settings
from integration.storage.base import Base
from integration.storage.database import Database
from integration.web.services import KEY, Services
from tests.chaos.sender import SHOPIFY, SHOPIFY_SECRET, Sent

SHOPS = ("one", "two", "shopify")
SECRET = "chaos-secret-of-a-shop"
TABLES = (
    "product",
    "variant",
    "inventory_level",
    "location",
    "customer",
    "order",
    "order_line",
    "refund",
    "refund_line",
)
# What a store makes up itself: numbers, counters, moments of its own clock.
OURS = frozenset({"id", "shelf_version", "out_of_stock_at"})
OWNERS = {"product_id": "product", "order_id": "order", "customer_id": "customer", "refund_id": "refund"}


def make_shops(database: Database, vault: Vault) -> dict[str, int]:
    """The shops of a run, by key."""
    made = {}
    for key in SHOPS:
        on_shopify = key == "shopify"
        made[key] = create_shop(
            database,
            vault,
            key=key,
            name=key,
            platform="shopify" if on_shopify else "direct",
            external_id=SHOPIFY if on_shopify else key,
            webhook_secret=SHOPIFY_SECRET if on_shopify else SECRET,
        )
    return made


def replay(folder: Path, settings: Settings, deliveries: Iterable[Sent]) -> dict[str, list[str]]:
    """The state that comes of these deliveries, one after another in order of time, in a fresh store."""
    app = create_app(replace(settings, database_url=f"sqlite:///{folder / 'replayed.sqlite3'}", data_dir=folder))
    here: Services = app.extensions[KEY]
    migrate(here.database)
    shops = make_shops(here.database, here.vault)
    client = app.test_client()
    for each in sorted(deliveries, key=lambda sent: sent.at):
        answer = client.post(each.path, data=each.body, headers=dict(each.headers))
        assert answer.status_code == 200, answer.text
        while drain(here.database.of(shops[each.shop]), shops[each.shop], now=system_clock()):
            pass
    found = state(here.database)
    here.slate_log.close()
    here.database.close()
    return found


def kept(database: Database) -> list[tuple[str, str]]:
    """Key and status of every delivery in the store."""
    table = Base.metadata.tables["delivery"]
    with database.across_shops().read() as connection:
        return [(row[0], row[1]) for row in connection.execute(sa.select(table.c.delivery_key, table.c.status))]


def state(database: Database) -> dict[str, list[str]]:
    """All rows of the catalogue, the stock and the orders, as sorted lines."""
    with database.across_shops().read() as connection:
        names = {
            name: {
                row.id: row.external_id
                for row in connection.execute(
                    sa.select(Base.metadata.tables[name].c.id, Base.metadata.tables[name].c.external_id)
                )
            }
            for name in OWNERS.values()
        }
        found = {}
        for name in TABLES:
            rows = connection.execute(sa.select(Base.metadata.tables[name])).mappings()
            found[name] = sorted(_line(dict(row), names) for row in rows)
        return found


def _line(row: dict[str, Any], names: dict[str, dict[int, str]]) -> str:
    told = {}
    for column, value in row.items():
        if column in OURS:
            continue
        told[column] = names[OWNERS[column]].get(value, None) if column in OWNERS else value
    return ", ".join(f"{column}={value}" for column, value in sorted(told.items()))
