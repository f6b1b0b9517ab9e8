"""From a shop's sessions, orders and catalogue to product vectors beside its artifacts, for the next fit to try."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from integration.settings import Settings
from integration.storage.catalogue import Product
from integration.storage.clicks import Clicks, read_clicks
from integration.storage.database import Database
from integration.storage.training_data import read_training_data
from integration.storage.upsert import table_of
from recommender.backtests.splits import last_days
from recommender.errors import BadArtifact
from recommender.graph.edges import bought_together, product_graph, transitions
from recommender.graph.train import GraphParameters, need_torch, train_vectors
from recommender.graph.vectors import LearntGraph, ProductVectors, from_bytes, to_bytes
from recommender.interactions import Purchases, orders_of
from recommender.parameters import Parameters

Progress = Callable[[str, float], None]

PRODUCT = table_of(Product)
FOLDER = "graph"
READ, LEARNT_PAST = 0.05, 0.5


class NothingToRelate(Exception):
    """A shop without a session or an order of two products has no graph to learn."""

    def __init__(self) -> None:
        super().__init__("no session and no order of this shop has two products yet, so nothing relates its products")


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """All that tells how products relate. session: int64 (m,), a visit's or an order's number, of each line.

    item: int32 (m,), row of the product; lines of one session in order. time: int64 (m,), microseconds. ordered: bool
    (m,), whether the line is of an order. traits: int32 (n,) each, a code a product, -1 for none.
    """

    product_ids: NDArray[np.int64]
    session: NDArray[np.int64]
    item: NDArray[np.int32]
    time: NDArray[np.int64]
    ordered: NDArray[np.bool_]
    traits: tuple[NDArray[np.int32], ...]


def learn_graph(
    database: Database, settings: Settings, shop_id: int, *, progress: Progress = lambda _stage, _fraction: None
) -> Path:
    """Learn a shop's product vectors and put them where the next fit finds them. Returns where.

    Learnt twice: from what lies before the weeks by which a fit teaches its rankers, so that these and the backtest on
    the weeks after them can tell whether the vectors help; and from all. progress: called with the stage and the share
    done, 0 to 1; what it raises ends the work, and the vectors that were there stay. Raises TorchMissing and
    NothingToRelate.
    """
    need_torch()
    progress("reading", 0.0)
    told = read_told(database, shop_id)
    days = Parameters().held_out_days
    cut = last_days(told.time[told.time < last_days(told.time, days)], days)
    past = _learn(told, told.time < cut, _between(progress, READ, LEARNT_PAST))
    now = _learn(told, np.ones(len(told.time), np.bool_), _between(progress, LEARNT_PAST, 1.0))
    path = vectors_path(settings, shop_id)
    _write(path, to_bytes(LearntGraph(now=now, past=past, cut=cut)))
    return path


def vectors_path(settings: Settings, shop_id: int) -> Path:
    """Where a shop's product vectors are kept."""
    return settings.artifacts_dir / FOLDER / f"{shop_id}.npz"


def load_vectors(path: Path) -> LearntGraph | None:
    """What was learnt of a shop's graph; None where there is nothing yet, or nothing that can be read."""
    try:
        return from_bytes(path.read_bytes())
    except (OSError, BadArtifact):
        return None


def learnt_at(path: Path) -> datetime | None:
    """When a shop's vectors were written; None where there are none."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def read_told(database: Database, shop_id: int) -> Told:
    """Read a shop's visits, orders and traits. Raises NothingToRelate."""
    data = read_training_data(database, shop_id)
    ids = data.catalogue.product_ids
    clicks = read_clicks(database, shop_id, ids)
    told = _told(ids, clicks, data.purchases, (data.catalogue.category, _brands(database, shop_id)))
    _, sizes = np.unique(told.session, return_counts=True)
    if not np.any(sizes > 1):
        raise NothingToRelate
    return told


def _told(ids: NDArray[np.int64], clicks: Clicks, purchases: Purchases, traits: tuple[NDArray[np.int32], ...]) -> Told:
    first_order = int(clicks.session.max(initial=0)) + 1
    return Told(
        product_ids=ids,
        session=np.concatenate([clicks.session, purchases.basket + first_order]),
        item=np.concatenate([clicks.item, purchases.item]),
        time=np.concatenate([clicks.time, purchases.time]),
        ordered=np.repeat([False, True], [len(clicks.item), len(purchases)]),
        traits=traits,
    )


def _brands(database: Database, shop_id: int) -> NDArray[np.int32]:
    """A code of each product's vendor, int32 (n,), by ascending product id; -1 for none."""
    statement = select(PRODUCT.c.vendor).where(PRODUCT.c.shop_id == shop_id).order_by(PRODUCT.c.id)
    with database.read() as connection:
        vendors = list(connection.scalars(statement))
    codes = {name: code for code, name in enumerate(sorted({each for each in vendors if each}))}
    return np.fromiter((codes.get(each, -1) for each in vendors), dtype=np.int32, count=len(vendors))


def _learn(told: Told, kept: NDArray[np.bool_], progress: Progress) -> ProductVectors:
    """Vectors from the kept lines."""
    n_items = len(told.product_ids)
    bounds, items = _sequences(told, kept)
    clicked_bounds, clicked = _sequences(told, kept & ~told.ordered)
    lines = kept & told.ordered
    sold = Purchases(
        told.session[lines],
        np.zeros(int(lines.sum()), np.int64),
        told.item[lines],
        np.ones(int(lines.sum()), np.float32),
        told.time[lines],
    )
    orders, _ = orders_of(sold, n_items)
    graph = product_graph([transitions(clicked_bounds, clicked, n_items), bought_together(orders.matrix)], told.traits)
    return train_vectors(told.product_ids, bounds, items, graph, GraphParameters(), progress)


def _sequences(told: Told, kept: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The kept lines session by session, the one that ended first foremost: bounds and items, see `train_vectors`."""
    numbers, session = np.unique(told.session[kept], return_inverse=True)
    ended = np.zeros(len(numbers), np.int64)
    np.maximum.at(ended, session, told.time[kept])
    place = np.empty(len(numbers), np.int64)
    place[np.argsort(ended, kind="stable")] = np.arange(len(numbers))
    order = np.argsort(place[session], kind="stable")
    bounds = np.zeros(len(numbers) + 1, np.int64)
    np.cumsum(np.bincount(place[session], minlength=len(numbers)), out=bounds[1:])
    return bounds, told.item[kept][order]


def _between(progress: Progress, low: float, high: float) -> Progress:
    return lambda stage, fraction: progress(stage, low + (high - low) * fraction)


def _write(path: Path, content: bytes) -> None:
    """Beside its place, then renamed: a reader finds the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
