"""The plan that a shop is on, and the usage that is reported for it. Who hosts the app alone has neither."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Json, OfShop


class Plan(OfShop, Base):
    """A shop's plan as the platform last told it, and when it is asked again. error: why it could not be read.

    handle: "" for the free one. meters: what of its use the merchant agreed to be charged for; metered_from: since
    when, as far as we know. checked_at: None until the platform has told it.
    """

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("shop_id", "platform"),)

    platform: Mapped[str] = mapped_column(String(64))
    handle: Mapped[str] = mapped_column(String(255), default="")
    status: Mapped[str] = mapped_column(String(32), default="")
    meters: Mapped[list[str]] = mapped_column(Json)
    metered_from: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    next_check_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(Text, default="")


class UsageEvent(OfShop, Base):
    """Usage to report. key: the same one is counted once, however often it is sent.

    parked_at: it is not sent any more, and `error` says why.
    """

    __tablename__ = "usage_event"
    __table_args__ = (
        UniqueConstraint("shop_id", "key"),
        Index(
            "ix_usage_event_unsent",
            "shop_id",
            "id",
            sqlite_where=text("sent_at IS NULL AND parked_at IS NULL"),
            postgresql_where=text("sent_at IS NULL AND parked_at IS NULL"),
        ),
    )

    meter: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    quantity: Mapped[int]
    happened_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
