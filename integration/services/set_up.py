"""Putting in place what the app needs in a shop: told once it is connected, and looked after at a platform's pace.

Each step stands alone: what one of them can't do (a scope that the merchant withholds) holds no other one up, and is
kept as a sentence for the merchant.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select, update

from connectors.errors import AccessLost, PlatformError
from integration.clock import Clock, system_clock
from integration.services.secrets import Vault
from integration.settings import Settings
from integration.storage.access_writes import CONNECTION, SHOP
from integration.storage.database import Database

log = logging.getLogger(__name__)

# After a failure: each time twice as long, until it is as long as ever.
FIRST_RETRY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Work:
    """A shop whose set-up is due, and what its steps work with. now: when it began."""

    database: Database
    vault: Vault
    settings: Settings
    shop_id: int
    clock: Clock


# A step says what is in its way by raising PlatformError, or AccessLost, after which no other one is taken.
Steps = Mapping[str, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a platform has put in place. again: how long it holds. steps: in the order in which they are taken.

    is_on: whether the platform is served here. also_left: whether something is still due in shops that have left.
    """

    again: timedelta
    is_on: Callable[[Settings], bool]
    steps: Callable[[Work], Steps]
    also_left: bool = False


# Each platform of which something has to be put in place, and where that stands; it is imported on first use.
_PLATFORMS: Mapping[str, str] = MappingProxyType(
    {
        "shopify": "integration.services.shopify.set_up:SET_UP",
        "woocommerce": "integration.services.woocommerce.set_up:SET_UP",
    }
)


def set_up(
    database: Database, vault: Vault, settings: Settings, shop_id: int, *, clock: Clock = system_clock
) -> Mapping[str, str]:
    """Take every step, and note when to come back. Returns what is in the way, by step. Raises AccessLost."""
    row = _row(database, shop_id)
    if row is None:
        return {}
    wanted = _of_platform(row.platform)
    trouble: dict[str, str] = {}
    for name, step in wanted.steps(Work(database, vault, settings, shop_id, clock)).items():
        try:
            step()
        except AccessLost:
            raise
        except PlatformError as error:
            log.warning("shop %s: set-up of its %s: %s", shop_id, name, error)
            trouble[name] = error.sentence
    _note(database, shop_id, trouble, row, clock())
    return trouble


def put_off(database: Database, shop_id: int, reason: str, now: datetime) -> None:
    """Note that nothing could be done just now; it is tried again later."""
    row = _row(database, shop_id)
    if row is not None:
        _note(database, shop_id, {"facts": reason}, row, now)


def due(database: Database, settings: Settings, now: datetime) -> list[int]:
    """The shops whose set-up is due."""
    on = {name: wanted for name in _PLATFORMS if (wanted := _of_platform(name)).is_on(settings)}
    stays = or_(SHOP.c.uninstalled_at.is_(None), CONNECTION.c.platform.in_([name for name in on if on[name].also_left]))
    statement = (
        select(CONNECTION.c.shop_id)
        .join(SHOP, SHOP.c.id == CONNECTION.c.shop_id)
        .where(CONNECTION.c.platform.in_(on), CONNECTION.c.set_up_at <= now, stays)
        .order_by(CONNECTION.c.set_up_at)
    )
    with database.read() as connection:
        return list(connection.scalars(statement))


def want(database: Database, shop_id: int, now: datetime) -> None:
    """Make a shop's set-up due at once."""
    with database.write() as connection:
        connection.execute(update(CONNECTION).where(_here(shop_id)).values(set_up_at=now))


def details_of(connection: Connection, shop_id: int) -> dict[str, Any]:
    """What is remembered of a shop's connection."""
    found: dict[str, Any] | None = connection.scalar(select(CONNECTION.c.details).where(_here(shop_id)))
    return found or {}


def change_details(connection: Connection, shop_id: int, **values: Any) -> dict[str, Any]:
    """Set some of the connection's details, and return all of them as they were. None takes one away."""
    found = connection.execute(select(CONNECTION.c.details).where(_here(shop_id)).with_for_update()).scalar()
    before: dict[str, Any] = found or {}
    after = {name: value for name, value in {**before, **values}.items() if value is not None}
    connection.execute(update(CONNECTION).where(_here(shop_id)).values(details=after))
    return before


def _here(shop_id: int) -> ColumnElement[bool]:
    # A shop could be connected to a platform that needs no set-up too.
    return (CONNECTION.c.shop_id == shop_id) & CONNECTION.c.platform.in_(_PLATFORMS)


def _row(database: Database, shop_id: int) -> Row[Any] | None:
    wanted: Select[Any] = select(CONNECTION.c.platform, CONNECTION.c.set_up_at).where(_here(shop_id))
    with database.read() as connection:
        return connection.execute(wanted).first()


def _of_platform(name: str) -> SetUp:
    module, _, attribute = _PLATFORMS[name].partition(":")
    found: SetUp = getattr(import_module(module), attribute)
    return found


def _note(database: Database, shop_id: int, trouble: Mapping[str, str], seen: Row[Any], now: datetime) -> None:
    """seen: the connection before the steps were taken; what was made due since stays due."""
    again = _of_platform(seen.platform).again
    with database.write() as connection:
        before = change_details(connection, shop_id, trouble=dict(trouble))
        failures = before.get("failures", 0) + 1 if trouble else 0
        change_details(connection, shop_id, failures=failures)
        pause = min(FIRST_RETRY * 2 ** min(failures - 1, 20), again) if trouble else again
        same = CONNECTION.c.set_up_at.is_not_distinct_from(seen.set_up_at)
        connection.execute(update(CONNECTION).where(_here(shop_id), same).values(set_up_at=now + pause))
