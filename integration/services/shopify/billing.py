"""The plan that a shop is on: read from Shopify once a day and when the merchant comes back from choosing one.

Only an operator who set a Partner API token bills; anybody else's shops have the free plan and are asked nothing. What
the browser says of a plan (`plan_handle` in the address) is a reason to look, and never believed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, update

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM, App
from connectors.shopify.billing.addresses import pricing_page
from integration.services.shopify import app_of
from integration.services.shopify.plans import FREE, Offer, offer_of
from integration.services.shopify.usage import LEFT, METERS, USAGE, keep_yesterday, online_orders, park, report
from integration.settings import Settings
from integration.storage.billing import Plan
from integration.storage.database import Database
from integration.storage.shops import Connection, Shop
from integration.storage.upsert import table_of, upsert

if TYPE_CHECKING:
    from connectors.shopify.billing.partner import Subscription

PLAN = table_of(Plan)
SHOP = table_of(Shop)
CONNECTION = table_of(Connection)

log = logging.getLogger(__name__)

ACTIVE, TRIAL, ENDING = "active", "trial", "ending"
AFTER_FAILURE = timedelta(minutes=30)
SETTING_UP = timedelta(minutes=1)
# All shops' days end at midnight in UTC; they are asked about over the hours after it, each at its own minute.
SPREAD_MINUTES = 180
MONTH = timedelta(days=30)
LOOK_AGAIN = timedelta(seconds=10)
NO_PLAN: Mapping[str, Any] = MappingProxyType(
    {"handle": "", "status": "", "period_ends_at": None, "meters": [], "metered_from": None}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a merchant is shown of their plan. orders: online, in the last 30 days.

    status: "" without a plan, "active", "trial" or "ending". checked_at: None where nobody is billed, or not asked yet.
    pricing_page: where Shopify lets the merchant choose; "" where nobody is billed. error: why it could not be read.
    """

    offer: Offer = FREE
    status: str = ""
    period_ends_at: datetime | None = None
    checked_at: datetime | None = None
    orders: int = 0
    pricing_page: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Ids:
    """Shopify's global ids of the app and of the shop."""

    app: str
    shop: str


def is_billed(settings: Settings) -> bool:
    """Whether this app bills the merchants that use it; a self-hosted one does not."""
    return app_of(settings) is not None and bool(settings.shopify_partner_id and settings.shopify_partner_token)


def standing(database: Database, settings: Settings, shop_id: int, now: datetime) -> Standing:
    """How a shop stands. Nothing is fetched."""
    app = app_of(settings)
    if app is None or not is_billed(settings):
        return Standing()
    with database.read() as connection:
        connected = connection.execute(_connection(shop_id)).first()
        plan = connection.execute(_plan(shop_id)).first()
        orders = online_orders(connection, shop_id, now - MONTH, now)
    page = pricing_page(app, connected.external_id) if connected else ""
    if plan is None:
        return Standing(orders=orders, pricing_page=page)
    return Standing(offer_of(plan.handle), plan.status, plan.period_ends_at, plan.checked_at, orders, page, plan.error)


def check_soon(database: Database, settings: Settings, shop_id: int, now: datetime) -> bool:
    """Have the plan read by the next sweep: the merchant comes back from the page on which plans are chosen.

    False where nobody is billed, or where it was read just now: reloading the page asks Shopify no more than that.
    """
    if not is_billed(settings):
        return False
    with database.write() as connection:
        plan = connection.execute(_plan(shop_id)).first()
        if plan is not None and plan.checked_at is not None and now - plan.checked_at < LOOK_AGAIN:
            return False
        if plan is not None:
            connection.execute(update(PLAN).where(PLAN.c.id == plan.id).values(next_check_at=now))
    return True


def due(database: Database, settings: Settings, now: datetime) -> list[int]:
    """Shops whose plan is to be read, or with usage to be reported (or given up, where they left)."""
    if not is_billed(settings):
        return []
    stays, has_plan = SHOP.c.uninstalled_at.is_(None), PLAN.c.status != ""
    asked = (
        select(SHOP.c.id)
        .join(CONNECTION, (CONNECTION.c.shop_id == SHOP.c.id) & (CONNECTION.c.platform == PLATFORM))
        .outerjoin(PLAN, (PLAN.c.shop_id == SHOP.c.id) & (PLAN.c.platform == PLATFORM))
        .where((stays & (PLAN.c.id.is_(None) | (PLAN.c.next_check_at <= now))) | (~stays & has_plan))
    )
    ready = USAGE.c.next_attempt_at.is_(None) | (USAGE.c.next_attempt_at <= now)
    unsent = select(USAGE.c.shop_id).where(USAGE.c.sent_at.is_(None), USAGE.c.parked_at.is_(None), ready)
    with database.read() as connection:
        return sorted({*connection.scalars(asked), *connection.scalars(unsent)})


def bill(
    database: Database,
    settings: Settings,
    shop_id: int,
    now: datetime,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """Read a shop's plan if that is due, keep yesterday's usage, report what is kept. Returns how it ended, in words.

    Safe to run at any time, in two processes at once, and to break off anywhere.
    """
    app = app_of(settings)
    if app is None or not is_billed(settings):
        return "nobody is billed"
    with database.read() as connection:
        left = connection.execute(select(SHOP.c.uninstalled_at).where(SHOP.c.id == shop_id)).scalar()
    if left is not None:
        return _end(database, shop_id, now)
    ids = _ids(database, shop_id)
    plan = _claim(database, shop_id, now, now + (AFTER_FAILURE if ids else SETTING_UP))
    if ids is None:
        return "its set-up is not done"
    if plan is not None:
        _read(database, settings, app, plan, ids, now, wait)
    return _charge(database, app, shop_id, ids, now, wait)


def _end(database: Database, shop_id: int, now: datetime) -> str:
    """A shop that left has no plan, whatever it had; should it come back, it is asked about at once."""
    park(database, shop_id, LEFT, before=now, now=now)
    with database.write() as connection:
        connection.execute(update(PLAN).where(PLAN.c.shop_id == shop_id).values(next_check_at=now, **NO_PLAN))
    return LEFT


def _claim(database: Database, shop_id: int, now: datetime, again_at: datetime) -> Row[Any] | None:
    """The plan's row if it is to be read now. again_at: when it is due again, should this process vanish."""
    new = {"shop_id": shop_id, "platform": PLATFORM, "meters": [], "next_check_at": now}
    with database.write() as connection:
        upsert(connection, PLAN, [new], key=("shop_id", "platform"), update=(), newer=None)
        plan = connection.execute(_plan(shop_id).with_for_update()).one()
        if plan.next_check_at > now:
            return None
        connection.execute(update(PLAN).where(PLAN.c.id == plan.id).values(next_check_at=again_at))
    return plan


def _ids(database: Database, shop_id: int) -> _Ids | None:
    """None until the shop's set-up has asked for them."""
    with database.read() as connection:
        details = connection.execute(_connection(shop_id)).one().details or {}
    return _Ids(details["app"], details["shop"]) if {"app", "shop"} <= details.keys() else None


def _read(
    database: Database,
    settings: Settings,
    app: App,
    plan: Row[Any],
    ids: _Ids,
    now: datetime,
    wait: Callable[[float], None],
) -> None:
    from connectors.shopify.billing.partner import Partner

    try:
        partner = Partner(app, settings.shopify_partner_id, settings.shopify_partner_token, wait=wait)
        found = partner.active_subscription(ids.app, ids.shop)
    except PlatformError as error:
        # What was known stays: a failure to read is not the end of a plan.
        log.warning("shop %s: its plan could not be read: %s", plan.shop_id, error)
        values: dict[str, Any] = {"error": str(error)}
    else:
        told = _told(found, plan, now) if found else NO_PLAN
        values = {"checked_at": now, "next_check_at": _tomorrow(plan.shop_id, now), "error": "", **told}
    with database.write() as connection:
        connection.execute(update(PLAN).where(PLAN.c.id == plan.id, PLAN.c.shop_id == plan.shop_id).values(**values))


def _told(found: Subscription, plan: Row[Any], now: datetime) -> Mapping[str, Any]:
    metered = METERS.keys() & found.meters
    return {
        "handle": found.plan,
        "status": ENDING if found.ending else TRIAL if found.trial_ends_at else ACTIVE,
        "period_ends_at": found.trial_ends_at or found.period_ends_at,
        "meters": sorted(metered),
        "metered_from": (plan.metered_from or now) if metered else None,
    }


def _charge(database: Database, app: App, shop_id: int, ids: _Ids, now: datetime, wait: Callable[[float], None]) -> str:
    from connectors.shopify.billing.app_events import AppEvents

    with database.write() as connection:
        plan = connection.execute(_plan(shop_id)).one()
        if plan.metered_from is not None:
            keep_yesterday(connection, shop_id, ids.shop, plan.meters, plan.metered_from, now)
    reported = report(database, AppEvents(app, wait=wait), shop_id, ids.shop, now)
    return f"plan {plan.handle!r}, {reported} of usage reported"


def _tomorrow(shop_id: int, now: datetime) -> datetime:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight + timedelta(minutes=1 + shop_id % SPREAD_MINUTES)


def _plan(shop_id: int) -> Any:
    return select(PLAN).where(PLAN.c.shop_id == shop_id, PLAN.c.platform == PLATFORM)


def _connection(shop_id: int) -> Any:
    columns = (CONNECTION.c.external_id, CONNECTION.c.details)
    return select(*columns).where(CONNECTION.c.shop_id == shop_id, CONNECTION.c.platform == PLATFORM)
