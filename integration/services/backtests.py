"""A shop's backtest on request: read, fit beside what serves, measure, report. Nothing is published or stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from integration.services.graph import load_vectors, vectors_path
from integration.services.training import NoOrders
from integration.settings import Settings
from integration.storage.base import from_micros
from integration.storage.catalogue import Product, Variant
from integration.storage.clicks import read_visits
from integration.storage.database import Database
from integration.storage.orders import Order
from integration.storage.shops import Shop
from integration.storage.training_data import TrainingData, read_training_data
from integration.storage.upsert import table_of
from recommender import training
from recommender.backtests.ladder import ladder, outlook
from recommender.backtests.report import report, too_little
from recommender.backtests.splits import Facts, days_that_hold, last_days
from recommender.backtests.verdict import FEWEST_CASES
from recommender.content.words import similar_by_text
from recommender.interactions import Orders, orders_of
from recommender.parameters import Parameters

Progress = Callable[[str, float], None]

SHOP, ORDER = table_of(Shop), table_of(Order)
PRODUCT, VARIANT = table_of(Product), table_of(Variant)
READ, FITTED = 0.1, 0.95


def backtest(
    database: Database, settings: Settings, shop_id: int, *, days: int, seed: int, progress: Progress
) -> dict[str, Any]:
    """A shop's report, as docs/developers/backtests.md lists it: plain data, the same for the same orders and seed.

    days: how many at the end of the history are held back; more where they hold too few orders, never over a fifth.
    progress: told the stage and the share of the work that is done, 0 to 1. Raises NoOrders.
    """
    progress("reading", 0.0)
    data = read_training_data(database, shop_id)
    if not len(data.purchases):
        raise NoOrders
    orders, _ = orders_of(data.purchases, len(data.catalogue))
    parameters = Parameters(factors=settings.factors, iterations=settings.iterations, seed=seed)
    held_out = days_that_hold(orders, days, FEWEST_CASES, parameters.largest_basket)
    parameters = replace(parameters, held_out_days=held_out)
    cases = _cases(orders, last_days(data.purchases.time, held_out), parameters.largest_basket)
    asked = {"shop": _shop(database, shop_id), "asked": {"days": days, "seed": seed}, "history": _history(data)}
    if cases >= FEWEST_CASES:
        found = _tested(database, settings, shop_id, data, parameters, progress)
    else:
        progress("ladder", READ)
        alike = similar_by_text(data.catalogue.texts, parameters.neighbours, 1)
        ranked = ladder(data.purchases, data.catalogue, parameters, alike)
        found = too_little(outlook(orders, parameters.largest_basket, cases), ranked, cases)
    progress("done", 1.0)
    return asked | found


def _cases(orders: Orders, cut: int, largest: int) -> int:
    return int(((orders.time >= cut) & (orders.sizes >= 2) & (orders.sizes <= largest)).sum())


def _tested(
    database: Database,
    settings: Settings,
    shop_id: int,
    data: TrainingData,
    parameters: Parameters,
    progress: Progress,
) -> dict[str, Any]:
    fitted = training.fit(
        data.purchases,
        data.catalogue,
        parameters,
        serving=None,
        serving_until=None,
        progress=lambda stage, share: progress(stage, READ + (FITTED - READ) * share),
        visits=read_visits(database, shop_id, data.catalogue.product_ids),
        graph=load_vectors(vectors_path(settings, shop_id)),
        facts=Facts(prices=_prices(database, shop_id, data), country=_countries(database, shop_id, data)),
    )
    progress("report", FITTED)
    trial = fitted.trial
    assert trial is not None, "a fit with enough cases is tested"
    found = report(trial, data.catalogue.product_ids)
    named = {number for each in found["examples"] for key in ("basket", "shown", "bought") for number in each[key]}
    span = {"from": _day(trial.conditions.cut), "until": _day(trial.conditions.until)}
    weeks = [week | {"day": _day(week["from"])} for week in found["weeks"]]
    return found | {
        "weeks": weeks,
        "test": span,
        "verdict": fitted.verdict.reason,
        "titles": _titles(database, shop_id, named),
    }


def _day(micros: int) -> str:
    return from_micros(micros).date().isoformat()


def _history(data: TrainingData) -> dict[str, Any]:
    assert data.data_from is not None, "there are orders"
    assert data.data_until is not None, "there are orders"
    return {"orders": data.orders, "from": _day(data.data_from), "until": _day(data.data_until)}


def _shop(database: Database, shop_id: int) -> dict[str, str]:
    statement = select(SHOP.c.key, SHOP.c.name, SHOP.c.currency).where(SHOP.c.id == shop_id)
    with database.read() as connection:
        return dict(connection.execute(statement).mappings().one())


def _prices(database: Database, shop_id: int, data: TrainingData) -> NDArray[np.float64] | None:
    """The lowest price of each product today, in the shop's currency; None where no price is known."""
    columns = (VARIANT.c.product_id, VARIANT.c.price)
    priced = (VARIANT.c.shop_id == shop_id, VARIANT.c.price.is_not(None), VARIANT.c.removed_at.is_(None))
    with database.read() as connection:
        rows = connection.execute(select(*columns).where(*priced)).all()
    lowest: dict[int, float] = {}
    for product_id, price in rows:
        lowest[product_id] = min(float(price), lowest.get(product_id, np.inf))
    if not lowest:
        return None
    ids = data.catalogue.product_ids.tolist()
    return np.fromiter((lowest.get(number, np.nan) for number in ids), np.float64, len(ids))


def _countries(database: Database, shop_id: int, data: TrainingData) -> NDArray[np.str_] | None:
    """Where each sold line's order went, "" where it does not say; None where none does."""
    named = select(ORDER.c.id, ORDER.c.country).where(ORDER.c.shop_id == shop_id, ORDER.c.country != "")
    with database.read() as connection:
        rows = connection.execute(named.order_by(ORDER.c.id)).all()
    if not rows:
        return None
    ids = np.array([row.id for row in rows], np.int64)
    names = np.array([row.country for row in rows])
    at = np.minimum(np.searchsorted(ids, data.purchases.basket), len(ids) - 1)
    return np.where(ids[at] == data.purchases.basket, names[at], "")


def _titles(database: Database, shop_id: int, product_ids: set[int]) -> dict[str, str]:
    """What some products are called, by their number as text; one that has no title by its number."""
    wanted = select(PRODUCT.c.id, PRODUCT.c.title).where(PRODUCT.c.shop_id == shop_id, PRODUCT.c.id.in_(product_ids))
    with database.read() as connection:
        rows = connection.execute(wanted.order_by(PRODUCT.c.id)).all()
    return {str(row.id): row.title or f"product {row.id}" for row in rows}
