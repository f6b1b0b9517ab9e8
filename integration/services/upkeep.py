"""What the store says is due: deliveries that wait, shops to be trained, fits whose process vanished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Row, func, select

from integration.observability.catalogue import FITS
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.fits import FIT, SHOP, mark_killed
from integration.storage.models import FitStatus
from integration.storage.orders import Order
from integration.storage.reading_writes import has_read_all
from integration.storage.upsert import table_of
from integration.storage.waiting_deliveries import shops_with_due

ORDER = table_of(Order)

BY_HAND, NIGHTLY, NEW_ORDERS, REPEAT = "hand", "nightly", "new orders", "repeat"
# A new shop is left alone for so long, or until it is read: whoever makes it imports its history first.
SETTLING = timedelta(minutes=15)
REPEATS_OF_A_KILLED_FIT = 2


@dataclass(frozen=True, slots=True)
class Due:
    """A shop to be trained, and why."""

    shop_id: int
    trigger: str


def bury_lost_fits(database: Database, now: datetime) -> int:
    """Mark the running fits that nobody works on any more as killed. Returns how many there were."""
    with database.write() as connection:
        lost = mark_killed(connection, now)
    FITS.add(FitStatus.KILLED.value, by=lost)
    return lost


def shops_with_waiting_deliveries(database: Database, now: datetime) -> list[int]:
    """Shops that hold a delivery which could be applied now."""
    with database.read() as connection:
        return shops_with_due(connection, now)


def due_fits(database: Database, settings: Settings, now: datetime) -> list[Due]:
    """Shops whose model is due: killed half-way, enough new orders, or not trained since the last nightly hour."""
    with database.read() as connection:
        return list(_due(connection, settings, now))


def last_nightly_hour(settings: Settings, now: datetime) -> datetime:
    """The newest moment, not after `now`, at which the nightly hour (UTC) began."""
    tonight = now.astimezone(UTC).replace(hour=settings.nightly_hour, minute=0, second=0, microsecond=0)
    return tonight if tonight <= now else tonight - timedelta(days=1)


def _due(connection: Connection, settings: Settings, now: datetime) -> Iterator[Due]:
    shops = select(SHOP.c.id, SHOP.c.created_at).where(SHOP.c.uninstalled_at.is_(None))
    for shop_id, created_at in connection.execute(shops).all():
        if created_at >= now - SETTLING and not has_read_all(connection, shop_id):
            continue
        fits = _newest_fits(connection, shop_id)
        if fits and fits[0].status == FitStatus.RUNNING:
            continue
        if trigger := _trigger(connection, shop_id, fits, settings, now):
            yield Due(shop_id, trigger)


def _newest_fits(connection: Connection, shop_id: int) -> list[Row[tuple[object, ...]]]:
    columns = (FIT.c.status, FIT.c.trigger, FIT.c.started_at, FIT.c.data_until)
    statement = select(*columns).where(FIT.c.shop_id == shop_id).order_by(FIT.c.id.desc())
    return list(connection.execute(statement.limit(REPEATS_OF_A_KILLED_FIT + 1)))


def _trigger(
    connection: Connection,
    shop_id: int,
    fits: list[Row[tuple[object, ...]]],
    settings: Settings,
    now: datetime,
) -> str:
    killed = [fit.status == FitStatus.KILLED for fit in fits]
    if (
        killed
        and killed[0]
        and fits[0].trigger != BY_HAND
        and not (all(killed) and len(killed) > REPEATS_OF_A_KILLED_FIT)
    ):
        return REPEAT
    learnt_until = next((fit.data_until or fit.started_at for fit in fits if fit.status != FitStatus.KILLED), None)
    new_orders = _orders_after(connection, shop_id, learnt_until, settings.retrain_after_orders)
    if new_orders >= settings.retrain_after_orders:
        return NEW_ORDERS
    rested = fits and fits[0].started_at >= last_nightly_hour(settings, now)
    return NIGHTLY if not rested and _orders_after(connection, shop_id, None, 1) else ""


def _orders_after(connection: Connection, shop_id: int, moment: datetime | None, enough: int) -> int:
    """How many orders a shop has after a moment (None: at all), counted up to `enough`."""
    orders = select(ORDER.c.id).where(ORDER.c.shop_id == shop_id)
    if moment is not None:
        orders = orders.where(ORDER.c.ordered_at > moment)
    return int(connection.execute(select(func.count()).select_from(orders.limit(enough).subquery())).scalar_one())
