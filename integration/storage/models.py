"""Fits of a shop's model: running, published, refused, failed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Json, OfShop


class FitStatus(StrEnum):
    """How a fit ended, or that it runs. `REFUSED`: worse than what serves. `KILLED`: its process vanished."""

    RUNNING = "running"
    PUBLISHED = "published"
    REFUSED = "refused"
    FAILED = "failed"
    KILLED = "killed"


class ModelVersion(OfShop, Base):
    """One fit. The unique index on running fits is what keeps it to one fit a shop at a time.

    lease_until: a running fit that stops to renew it is taken for killed.
    """

    __tablename__ = "model_version"
    __table_args__ = (
        UniqueConstraint("shop_id", "version"),
        Index(
            "uq_model_version_running",
            "shop_id",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
    )

    version: Mapped[str] = mapped_column(String(64))
    status: Mapped[FitStatus] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(64), default="")
    trigger: Mapped[str] = mapped_column(String(32), default="")
    lease_until: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    data_from: Mapped[datetime | None]
    data_until: Mapped[datetime | None]
    orders: Mapped[int] = mapped_column(default=0)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    backtest: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    message: Mapped[str] = mapped_column(Text, default="")
