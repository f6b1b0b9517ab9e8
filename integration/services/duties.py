"""Serving what is owed to customers and to shops that left: the slow part, which a job does."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from integration.services.customer_report import customer_report
from integration.services.privacy import SHOP as WHOLE_SHOP
from integration.services.secrets import Vault
from integration.settings import Settings
from integration.storage import privacy_writes as store
from integration.storage import shop_writes
from integration.storage.base import to_micros
from integration.storage.database import Database
from integration.storage.fits import FIT, SHOP
from integration.storage.models import FitStatus
from integration.storage.order_writes import ORDER
from integration.storage.privacy import Duty
from integration.storage.privacy_writes import REQUEST


class UnknownRequest(Exception):
    """There is no such request, or it has no answer."""


def due(database: Database, _settings: Settings, _now: datetime) -> list[int]:
    """The shops of which something can be done now."""
    with database.read() as connection:
        shops = connection.scalars(select(REQUEST.c.shop_id).where(REQUEST.c.finished_at.is_(None)).distinct())
        return [shop_id for shop_id in sorted(shops) if _can_serve(connection, shop_id)]


def serve(database: Database, vault: Vault, settings: Settings, shop_id: int, now: datetime) -> int:
    """Do what can be done for a shop's duties, and return how many are done. Running it again changes nothing."""
    with database.read() as connection:
        requests = store.open_requests(connection, shop_id)
    if any(each.duty == Duty.ERASE and each.request == WHOLE_SHOP for each in requests):
        return _erase_shop(database, settings, shop_id, now)
    told = [each for each in requests if each.duty == Duty.TELL]
    for request in told:
        _answer(database, vault, request, now)
    erased = [each for each in requests if each.duty == Duty.ERASE]
    return len(told) + _leave_models(database, settings, shop_id, erased, now)


def all_requests(database: Database, shop_id: int | None = None) -> list[Row[Any]]:
    """Every request with its shop's key, the newest first."""
    statement = select(REQUEST, SHOP.c.key).join(SHOP, SHOP.c.id == REQUEST.c.shop_id).order_by(REQUEST.c.id.desc())
    with database.across_shops().read() as connection:
        here = () if shop_id is None else (REQUEST.c.shop_id == shop_id,)
        return list(connection.execute(statement.where(*here)))


def answer_of(database: Database, vault: Vault, request_id: int) -> str:
    """The answer to a customer's question, in clear. Raises UnknownRequest."""
    with database.across_shops().read() as connection:
        row = connection.execute(select(REQUEST.c.duty, REQUEST.c.answer).where(REQUEST.c.id == request_id)).first()
    if row is None:
        raise UnknownRequest(f"there is no request {request_id}; `shelfwise privacy list` names them")
    if row.answer is None:
        reason = "is not answered yet" if row.duty == Duty.TELL else "asks for an erasure: there is nothing to hand on"
        raise UnknownRequest(f"request {request_id} {reason}")
    return vault.open(row.answer)


def _can_serve(connection: Connection, shop_id: int) -> bool:
    requests = store.open_requests(connection, shop_id)
    if any(each.duty == Duty.TELL or each.request == WHOLE_SHOP for each in requests):
        return True
    return bool(_clean(connection, shop_id, requests))


def _answer(database: Database, vault: Vault, request: Row[Any], now: datetime) -> None:
    with database.write() as connection:
        report = customer_report(
            connection,
            request.shop_id,
            customer=request.customer,
            orders=request.orders,
            request=request.request,
            now=now,
        )
        store.finish(connection, request.id, now, vault.seal(report.decode()))


def _clean(connection: Connection, shop_id: int, requests: list[Row[Any]]) -> list[Row[Any]]:
    """The erasures from which nothing that serves has learnt: it was fitted after them, or nothing serves.

    None while a fit is under way, whose files must not be taken for leavings.
    """
    running = exists().where(FIT.c.shop_id == shop_id, FIT.c.status == FitStatus.RUNNING)
    if connection.execute(select(running)).scalar():
        return []
    serving = select(FIT.c.started_at).join(
        SHOP, (SHOP.c.id == FIT.c.shop_id) & (SHOP.c.serving_version == FIT.c.version)
    )
    began = connection.execute(serving.where(SHOP.c.id == shop_id)).scalar()
    if began is None or not connection.execute(select(exists().where(ORDER.c.shop_id == shop_id))).scalar():
        return [each for each in requests if each.models_since is not None]
    return [each for each in requests if each.models_since is not None and began >= each.models_since]


def _leave_models(database: Database, settings: Settings, shop_id: int, requests: list[Row[Any]], now: datetime) -> int:
    """Delete what older fits left behind, once the model that serves has not learnt from the erased."""
    with database.read() as connection:
        clean = _clean(connection, shop_id, requests)
        if not clean:
            return 0
        since = max(each.models_since for each in clean)
        newer = (FIT.c.shop_id == shop_id, FIT.c.status == FitStatus.PUBLISHED, FIT.c.started_at >= since)
        kept = list(connection.scalars(select(FIT.c.version).where(*newer)))
    # What fits and searches is for jobs; the scheduler, which asks what is due, need not load it.
    from integration.services.graph import vectors_path
    from integration.services.training import prune_artifacts

    if not kept:
        with database.write() as connection:
            connection.execute(update(SHOP).where(SHOP.c.id == shop_id).values(serving_version=None))
    prune_artifacts(settings.artifacts_dir / str(shop_id), kept)
    _forget_older(vectors_path(settings, shop_id), since)
    with database.write() as connection:
        for each in clean:
            store.finish(connection, each.id, now)
    return len(clean)


def _forget_older(path: Path, since: datetime) -> None:
    with suppress(FileNotFoundError):
        if path.stat().st_mtime_ns // 1000 < to_micros(since):
            path.unlink()


def _erase_shop(database: Database, settings: Settings, shop_id: int, now: datetime) -> int:
    """Forget a shop with everything of it, unless it came back since."""
    with database.write() as connection:
        left = connection.execute(select(SHOP.c.uninstalled_at).where(SHOP.c.id == shop_id)).scalar()
        if left is None:
            open_still = store.open_requests(connection, shop_id, Duty.ERASE)
            for each in open_still:
                if each.request == WHOLE_SHOP:
                    store.finish(connection, each.id, now)
            return 0
    from integration.services.graph import vectors_path
    from integration.services.vectors import forget_vectors

    forget_vectors(database, settings, shop_id)
    shutil.rmtree(settings.artifacts_dir / str(shop_id), ignore_errors=True)
    vectors_path(settings, shop_id).unlink(missing_ok=True)
    shop_writes.forget_shop(database, shop_id)
    return 1
