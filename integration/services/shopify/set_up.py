"""Putting in place what the app needs in a shop: told once it is installed, and looked after once a week.

Each step stands alone: what one of them can't do (a scope that the merchant withholds) holds no other one up, and is
kept as a sentence for the merchant.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, update

from connectors.errors import AccessLost, PlatformError
from connectors.shopify.api import PLATFORM
from connectors.shopify.graphql.client import Admin
from connectors.shopify.reader import KINDS
from connectors.shopify.shop_facts import read_facts
from connectors.shopify.theme import read_theme
from integration.clock import Clock, system_clock
from integration.services import access, readings
from integration.services.secrets import Vault
from integration.services.shopify import app_of, pixel
from integration.settings import Settings
from integration.storage.access_writes import CONNECTION, SHOP
from integration.storage.database import Database

log = logging.getLogger(__name__)

AGAIN = timedelta(days=7)
# After a failure: each time twice as long, until it is as long as ever.
FIRST_RETRY = timedelta(minutes=1)

Step = Callable[[Database, Settings, int, Admin], None]


def set_up(
    database: Database, vault: Vault, settings: Settings, shop_id: int, *, clock: Clock = system_clock
) -> Mapping[str, str]:
    """Take every step, and note when to come back. Returns what is in the way, by step. Raises AccessLost."""
    admin = Admin(access.access_to(database, vault, settings, shop_id, clock=clock))
    trouble: dict[str, str] = {}
    for name, step in STEPS.items():
        try:
            step(database, settings, shop_id, admin)
        except AccessLost:
            raise
        except PlatformError as error:
            log.warning("shop %s: set-up of its %s: %s", shop_id, name, error)
            trouble[name] = str(error)
    _note(database, shop_id, trouble, clock())
    return trouble


def put_off(database: Database, shop_id: int, reason: str, now: datetime) -> None:
    """Note that nothing could be done just now; it is tried again later."""
    _note(database, shop_id, {"facts": reason}, now)


def due(database: Database, settings: Settings, now: datetime) -> list[int]:
    """The shops whose set-up is due."""
    if app_of(settings) is None:
        return []
    statement = (
        select(CONNECTION.c.shop_id)
        .join(SHOP, SHOP.c.id == CONNECTION.c.shop_id)
        .where(CONNECTION.c.platform == PLATFORM, CONNECTION.c.set_up_at <= now, SHOP.c.uninstalled_at.is_(None))
        .order_by(CONNECTION.c.set_up_at)
    )
    with database.read() as connection:
        return list(connection.scalars(statement))


def want(database: Database, shop_id: int, now: datetime) -> None:
    """Make a shop's set-up due at once."""
    with database.write() as connection:
        connection.execute(update(CONNECTION).where(_of(shop_id)).values(set_up_at=now))


def _of(shop_id: int) -> ColumnElement[bool]:
    return and_(CONNECTION.c.shop_id == shop_id, CONNECTION.c.platform == PLATFORM)


def _change_details(connection: Connection, shop_id: int, **values: Any) -> dict[str, Any]:
    """Set some of the connection's details, and return all of them as they were."""
    before: dict[str, Any] = (
        connection.execute(select(CONNECTION.c.details).where(_of(shop_id)).with_for_update()).scalar() or {}
    )
    connection.execute(update(CONNECTION).where(_of(shop_id)).values(details={**before, **values}))
    return before


def _note(database: Database, shop_id: int, trouble: Mapping[str, str], now: datetime) -> None:
    with database.write() as connection:
        before = _change_details(connection, shop_id, trouble=dict(trouble))
        failures = before.get("failures", 0) + 1 if trouble else 0
        _change_details(connection, shop_id, failures=failures)
        pause = min(FIRST_RETRY * 2 ** min(failures - 1, 20), AGAIN) if trouble else AGAIN
        connection.execute(update(CONNECTION).where(_of(shop_id)).values(set_up_at=now + pause))


def _learn_facts(database: Database, _settings: Settings, shop_id: int, admin: Admin) -> None:
    facts = read_facts(admin)
    with database.write() as connection:
        shop = {"name": facts.name[:200], "currency": facts.currency, "storefront_url": facts.url}
        connection.execute(update(SHOP).where(SHOP.c.id == shop_id).values(shop))
        before = _change_details(
            connection,
            shop_id,
            shop=facts.shop_id,
            app=facts.app_id,
            installation=facts.installation_id,
            timezone=facts.timezone,
            scopes=list(facts.scopes),
        )
        access.scopes_changed(connection, shop_id, facts.scopes, system_clock())
        if set(facts.scopes) - set(before.get("scopes", facts.scopes)):
            # What was not allowed to be read before, such as orders of any age, is read now.
            readings.start(connection, shop_id, PLATFORM, KINDS, now=system_clock())


def _look_at_theme(database: Database, settings: Settings, shop_id: int, admin: Admin) -> None:
    theme = read_theme(admin, settings.shopify_app_handle)
    if theme is None:
        return
    shown = {"name": theme.name, "blocks": list(theme.blocks)}
    with database.write() as connection:
        _change_details(connection, shop_id, theme=shown)


# In the order in which they are taken.
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "facts": _learn_facts,
        "pixel": pixel.place,
        "theme": _look_at_theme,
    }
)
