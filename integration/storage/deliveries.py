"""Webhook arrivals, kept before they are answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, OfShop


class DeliveryStatus(StrEnum):
    """Where a delivery stands: waiting to be applied, applied, or parked after its last failed attempt."""

    WAITING = "waiting"
    APPLIED = "applied"
    PARKED = "parked"


class Delivery(OfShop, Base):
    """One webhook arrival. `delivery_key` is unique in its shop and platform: a repeat changes nothing."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("shop_id", "platform", "delivery_key"),
        Index(
            "ix_delivery_waiting",
            "shop_id",
            "id",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    platform: Mapped[str] = mapped_column(String(64))
    delivery_key: Mapped[str] = mapped_column(String(255))
    topic: Mapped[str] = mapped_column(String(128))
    aggregate: Mapped[str] = mapped_column(String(255), default="")
    body: Mapped[bytes] = mapped_column(LargeBinary)
    triggered_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    status: Mapped[DeliveryStatus] = mapped_column(String(16), default=DeliveryStatus.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
