"""From a shop's stored history to the model that serves it: one fit at a time, published whole or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from integration.clock import system_clock
from integration.observability.catalogue import FIT_HIT_RATE, FIT_SECONDS, FITS
from integration.services.graph import load_vectors, vectors_path
from integration.services.lease import LEASE, Heartbeat
from integration.settings import Settings
from integration.storage import fits
from integration.storage.base import to_micros
from integration.storage.clicks import read_visits
from integration.storage.database import Database
from integration.storage.fits import FIT, SHOP, Details
from integration.storage.models import FitStatus
from integration.storage.orders import Order
from integration.storage.privacy_writes import has_waited
from integration.storage.training_data import TrainingData, read_training_data
from integration.storage.upsert import table_of
from recommender import artifacts, training
from recommender.errors import BadArtifact
from recommender.fitting.data import Factorise
from recommender.model import Model
from recommender.parameters import Parameters
from recommender.personal.als import fit_factors

Progress = Callable[[str, float], None]

KEPT_ARTIFACTS = 3
# So long a model may serve that learnt from a customer who was erased since; then even a worse one takes its place.
LONGEST_LEARNT = timedelta(days=7)
READ, FITTED, SAVED = 0.1, 0.95, 0.99


class NoOrders(Exception):
    """A shop without a single order that counts has nothing to learn from."""

    def __init__(self) -> None:
        super().__init__("this shop has no orders yet, so there is nothing to learn from")


class Stopped(BaseException):
    """The process that fits was told to end. Not an Exception, so that nothing on the way swallows it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a fit ended. message: why it was not published; seconds: by stage, in order."""

    version: str
    status: FitStatus
    message: str
    lines: int
    details: Details
    seconds: Mapping[str, float] = field(default_factory=dict)


def train(
    database: Database,
    settings: Settings,
    shop_id: int,
    *,
    trigger: str,
    progress: Progress = lambda _stage, _fraction: None,
    lease: timedelta = LEASE,
) -> Outcome:
    """Fit a shop's model and publish it, unless it is worse than the one that serves.

    progress: called with the stage and the share of the whole that is done, 0 to 1. Raises FitRunning, NoOrders, and
    whatever broke the fit, after it was written down; then the serving model is what it was before.
    """
    _need_orders(database, shop_id)
    now = system_clock()
    fit_id = fits.begin_fit(database, shop_id, version=_version(now), trigger=trigger, now=now, lease=lease)
    run = _Run(database, settings, shop_id, fit_id, now, progress)
    try:
        with Heartbeat(database, fit_id, lease) as heartbeat:
            outcome = run.to_the_end(heartbeat)
    except (Stopped, KeyboardInterrupt):
        run.give_up(FitStatus.KILLED, "stopped before it was done")
        raise
    except Exception as error:
        run.give_up(FitStatus.FAILED, str(error) if isinstance(error, NoOrders) else f"{type(error).__name__}: {error}")
        raise
    _count(outcome)
    return outcome


def artifact_folder(settings: Settings, shop_id: int, version: str) -> Path:
    """Where the artifact of a shop's version is kept."""
    return settings.artifacts_dir / str(shop_id) / version


def _count(outcome: Outcome) -> None:
    """Add a fit that ran to its end to the metrics."""
    FITS.add(outcome.status.value)
    FIT_SECONDS.observe(sum(outcome.seconds.values()), outcome.status.value)
    backtest = outcome.details.backtest
    served = backtest.get("strategies", {}).get(backtest.get("served"))
    if served:
        FIT_HIT_RATE.observe(served["hr@10"]["value"])


def _version(started_at: datetime) -> str:
    return f"{started_at:%Y%m%dT%H%M%S%fZ}"


def _need_orders(database: Database, shop_id: int) -> None:
    orders = table_of(Order)
    with database.read() as connection:
        if connection.execute(select(orders.c.id).where(orders.c.shop_id == shop_id).limit(1)).first() is None:
            raise NoOrders


class _Stages:
    """Tells everybody who listens what stage a fit is in, and keeps how long each took."""

    def __init__(self, heartbeat: Heartbeat, progress: Progress) -> None:
        self._heartbeat, self._progress = heartbeat, progress
        self._current = ""
        self._since = 0.0
        self.seconds: dict[str, float] = {}

    def enter(self, stage: str, fraction: float) -> None:
        now = time.perf_counter()
        if self._current:
            self.seconds[self._current] = self.seconds.get(self._current, 0.0) + now - self._since
        self._current, self._since = stage, now
        self._heartbeat.enter_stage(stage)
        self._progress(stage, fraction)


class _Run:
    """One fit on its way."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        shop_id: int,
        fit_id: int,
        started_at: datetime,
        progress: Progress,
    ) -> None:
        self.database, self.settings, self.shop_id = database, settings, shop_id
        self.fit_id, self.started_at, self.progress = fit_id, started_at, progress
        self.version = _version(started_at)
        self.details = Details()
        self.visits_until = 0
        self.parameters = Parameters(factors=settings.factors, iterations=settings.iterations)

    def to_the_end(self, heartbeat: Heartbeat) -> Outcome:
        """Read, fit, and publish or refuse."""
        stages = _Stages(heartbeat, self.progress)
        stages.enter("reading", 0.0)
        data = read_training_data(self.database, self.shop_id)
        if not len(data.purchases):
            raise NoOrders
        self.details = _details(data, self.parameters, {})
        fitted = self._fit(data, stages)
        self.details = _details(data, self.parameters, fitted.backtest)
        reason, publish = fitted.verdict.reason, fitted.verdict.publish
        if not publish and self._must_forget():
            reason, publish = f"published so that an erased customer is forgotten, though {reason}", True
        if publish:
            stages.enter("saving", FITTED)
            self._save(fitted.model, stages.seconds)
            stages.enter("publishing", SAVED)
            self._publish(reason)
        else:
            self._end(FitStatus.REFUSED, reason)
        stages.enter("done", 1.0)
        status = FitStatus.PUBLISHED if publish else FitStatus.REFUSED
        return Outcome(self.version, status, reason, len(data.purchases), self.details, stages.seconds)

    def give_up(self, status: FitStatus, message: str) -> None:
        """Write down that nothing came of this fit, and leave nothing of it behind; a published one stays as it is."""
        FITS.add(status.value)
        # A store that is away, or a lease that is lost, must not hide what broke the fit; the lease will run out.
        with suppress(SQLAlchemyError, fits.LostLease):
            self._end(status, message)
            shutil.rmtree(artifact_folder(self.settings, self.shop_id, self.version), ignore_errors=True)

    def _must_forget(self) -> bool:
        """Whether a customer was erased so long ago that no better model can be waited for."""
        now = system_clock()
        with self.database.read() as connection:
            return has_waited(connection, self.shop_id, until=self.started_at, since=now - LONGEST_LEARNT)

    def _fit(self, data: TrainingData, stages: _Stages) -> training.Fit:
        serving, serving_until = self._serving()
        visits = read_visits(self.database, self.shop_id, data.catalogue.product_ids)
        self.visits_until = visits.until

        def fitting(stage: str, fraction: float) -> None:
            stages.enter(stage, READ + (FITTED - READ) * fraction)

        return training.fit(
            data.purchases,
            data.catalogue,
            self.parameters,
            serving=serving,
            serving_until=serving_until,
            progress=fitting,
            visits=visits,
            country=data.country,
            graph=load_vectors(vectors_path(self.settings, self.shop_id)),
            factorise=self._factorise(len(data.purchases)),
        )

    def _factorise(self, lines: int) -> Factorise:
        """What fits so many order lines: a Spark cluster where there is one and they are too many for this machine."""
        master = self.settings.spark_master
        if not master or lines < self.settings.spark_from_lines:
            return fit_factors
        from recommender.spark.trainer import SparkTrainer

        self.settings.artifacts_dir.mkdir(parents=True, exist_ok=True)
        return SparkTrainer(master, self.settings.artifacts_dir).fit_factors

    def _serving(self) -> tuple[Model | None, int | None]:
        statement = select(FIT.c.version, FIT.c.data_until).join(
            SHOP, (SHOP.c.id == FIT.c.shop_id) & (SHOP.c.serving_version == FIT.c.version)
        )
        with self.database.read() as connection:
            row = connection.execute(statement.where(SHOP.c.id == self.shop_id)).first()
        if row is None:
            return None, None
        try:
            model, _ = artifacts.load(artifact_folder(self.settings, self.shop_id, row.version))
        except BadArtifact:
            # A model that no process can load serves nobody, so any new one is better.
            return None, None
        return model, None if row.data_until is None else to_micros(row.data_until)

    def _save(self, model: Model, seconds: Mapping[str, float]) -> None:
        folder = artifact_folder(self.settings, self.shop_id, self.version)
        folder.parent.mkdir(parents=True, exist_ok=True)
        artifacts.save(model, folder, self._manifest(seconds))

    def _manifest(self, seconds: Mapping[str, float]) -> dict[str, object]:
        details = self.details
        return {
            "version": self.version,
            "shop": self.shop_id,
            "orders": details.orders,
            "data_from": details.data_from,
            "data_until": details.data_until,
            "visits_until": self.visits_until,
            "parameters": dict(details.parameters),
            "backtest": dict(details.backtest),
            "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
        }

    def _publish(self, reason: str) -> None:
        with self.database.write() as connection:
            self._end_in(connection, FitStatus.PUBLISHED, reason)
            fits.serve_version(connection, self.shop_id, self.version)
            kept = fits.published_versions(connection, self.shop_id, KEPT_ARTIFACTS)
        prune_artifacts(self.settings.artifacts_dir / str(self.shop_id), kept)

    def _end(self, status: FitStatus, message: str) -> None:
        with self.database.write() as connection:
            self._end_in(connection, status, message)

    def _end_in(self, connection: Any, status: FitStatus, message: str) -> None:
        now = system_clock()
        fits.end_fit(connection, self.fit_id, status, message=message, now=now, details=self.details)


def prune_artifacts(folder: Path, kept: list[str]) -> None:
    """Delete what lies in a shop's folder beside the versions `kept`: older ones, and leavings of killed fits."""
    for path in folder.glob("*"):
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _details(data: TrainingData, parameters: Parameters, backtest: Mapping[str, Any]) -> Details:
    return Details(data.orders, data.data_from, data.data_until, parameters.as_dict(), backtest)
