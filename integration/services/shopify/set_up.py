"""What the app needs in a shop at Shopify: its facts, our web pixel, a look at its theme."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from types import MappingProxyType

from sqlalchemy import update

from connectors.shopify.api import PLATFORM
from connectors.shopify.graphql.client import Admin
from connectors.shopify.reader import KINDS
from connectors.shopify.shop_facts import read_facts
from connectors.shopify.theme import read_theme
from integration.clock import system_clock
from integration.services import access, readings
from integration.services.set_up import SetUp, Steps, Work, change_details
from integration.services.shopify import app_of, pixel
from integration.settings import Settings
from integration.storage.access_writes import SHOP
from integration.storage.database import Database

Step = Callable[[Database, Settings, int, Admin], None]


def _steps(work: Work) -> Steps:
    admin = Admin(access.access_to(work.database, work.vault, work.settings, work.shop_id, clock=work.clock))
    return {name: partial(step, work.database, work.settings, work.shop_id, admin) for name, step in STEPS.items()}


def _learn_facts(database: Database, _settings: Settings, shop_id: int, admin: Admin) -> None:
    facts = read_facts(admin)
    with database.write() as connection:
        shop = {"name": facts.name[:200], "currency": facts.currency, "storefront_url": facts.url}
        connection.execute(update(SHOP).where(SHOP.c.id == shop_id).values(shop))
        before = change_details(
            connection,
            shop_id,
            shop=facts.shop_id,
            app=facts.app_id,
            installation=facts.installation_id,
            timezone=facts.timezone,
            scopes=list(facts.scopes),
        )
        access.note_scopes(connection, shop_id, facts.scopes, system_clock())
        if set(facts.scopes) - set(before.get("scopes", facts.scopes)):
            # What was not allowed to be read before, such as orders of any age, is read now.
            readings.start(connection, shop_id, PLATFORM, KINDS, now=system_clock())


def _look_at_theme(database: Database, settings: Settings, shop_id: int, admin: Admin) -> None:
    theme = read_theme(admin, settings.shopify_app_handle)
    if theme is None:
        return
    shown = {"name": theme.name, "blocks": list(theme.blocks)}
    with database.write() as connection:
        change_details(connection, shop_id, theme=shown)


# In the order in which they are taken.
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "facts": _learn_facts,
        "pixel": pixel.place,
        "theme": _look_at_theme,
    }
)
SET_UP = SetUp(timedelta(days=7), lambda settings: app_of(settings) is not None, _steps)
