"""The store of fits: who trains which shop, until when that is believed, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from integration.storage.base import from_micros
from integration.storage.database import Database
from integration.storage.models import FitStatus, ModelVersion
from integration.storage.shops import Shop
from integration.storage.upsert import table_of

FIT = table_of(ModelVersion)
SHOP = table_of(Shop)
VANISHED = "its process vanished"


class FitRunning(Exception):
    """A fit of this shop runs already."""

    def __init__(self, since: datetime | None) -> None:
        started = f" since {since:%Y-%m-%d %H:%M:%S} UTC" if since else ""
        super().__init__(f"a fit of this shop is already running{started}")


class LostLease(Exception):
    """Somebody took this fit for dead, so its result counts no more."""

    def __init__(self) -> None:
        super().__init__("this fit was taken for dead because it could not renew its lease")


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of a fit once it has read its data. orders: how many it learnt from; times: microseconds."""

    orders: int = 0
    data_from: int | None = None
    data_until: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    backtest: Mapping[str, Any] = field(default_factory=dict)


def begin_fit(database: Database, shop_id: int, *, version: str, trigger: str, now: datetime, lease: timedelta) -> int:
    """Take a shop's one running fit and return its number. Raises FitRunning."""
    row = {"version": version, "trigger": trigger, "status": FitStatus.RUNNING, "started_at": now}
    try:
        with database.write() as connection:
            mark_killed(connection, now, shop_id=shop_id)
            statement = FIT.insert().values(shop_id=shop_id, lease_until=now + lease, **row).returning(FIT.c.id)
            return int(connection.execute(statement).scalar_one())
    except IntegrityError:
        raise FitRunning(_running_since(database, shop_id)) from None


def renew_lease(database: Database, fit_id: int, *, stage: str, until: datetime) -> bool:
    """Say that a fit is alive and what it does. False if it was taken for dead."""
    with database.write() as connection:
        return _change(connection, fit_id, stage=stage, lease_until=until)


def end_fit(
    connection: Connection, fit_id: int, status: FitStatus, *, message: str, now: datetime, details: Details
) -> None:
    """Write down how a running fit ended. Raises LostLease."""
    span = {"data_from": details.data_from, "data_until": details.data_until}
    ended = _change(
        connection,
        fit_id,
        status=status,
        message=message,
        finished_at=now,
        orders=details.orders,
        parameters=dict(details.parameters),
        backtest=dict(details.backtest),
        **{name: None if micros is None else from_micros(micros) for name, micros in span.items()},
    )
    if not ended:
        raise LostLease


def serve_version(connection: Connection, shop_id: int, version: str) -> None:
    """Make a version the one that a shop's slates are computed from."""
    connection.execute(update(SHOP).where(SHOP.c.id == shop_id).values(serving_version=version))


def mark_killed(connection: Connection, now: datetime, *, shop_id: int | None = None) -> int:
    """Mark running fits whose lease has run out, of one shop or of all. Returns how many there were."""
    lost = (FIT.c.status == FitStatus.RUNNING) & (FIT.c.lease_until < now)
    if shop_id is not None:
        lost &= FIT.c.shop_id == shop_id
    values = {"status": FitStatus.KILLED, "message": VANISHED, "finished_at": now}
    return connection.execute(update(FIT).where(lost).values(values)).rowcount


def published_versions(connection: Connection, shop_id: int, limit: int) -> list[str]:
    """The names of a shop's newest published versions, newest first."""
    statement = (
        select(FIT.c.version)
        .where(FIT.c.shop_id == shop_id, FIT.c.status == FitStatus.PUBLISHED)
        .order_by(FIT.c.version.desc())
        .limit(limit)
    )
    return list(connection.scalars(statement))


def _change(connection: Connection, fit_id: int, **values: Any) -> bool:
    alive = (FIT.c.id == fit_id) & (FIT.c.status == FitStatus.RUNNING)
    return connection.execute(update(FIT).where(alive).values(values)).rowcount == 1


def _running_since(database: Database, shop_id: int) -> datetime | None:
    with database.read() as connection:
        statement = select(FIT.c.started_at).where(FIT.c.shop_id == shop_id, FIT.c.status == FitStatus.RUNNING)
        return connection.execute(statement).scalar()
