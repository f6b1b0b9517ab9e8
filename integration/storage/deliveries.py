"""Webhook arrivals, kept before they are answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Id, OfShop


class DeliveryStatus(StrEnum):
    """Where a delivery stands: waiting to be applied, applied, or parked after its last failed attempt."""

    WAITING = "waiting"
    APPLIED = "applied"
    PARKED = "parked"


# Waiting for another attempt.
PUT_OFF = text("status = 'waiting' AND next_attempt_at IS NOT NULL")


def _of_status(status: str) -> Index:
    """The deliveries that somebody has yet to look at, of which there are few."""
    where = text(f"status = '{status}'")
    return Index(f"ix_delivery_{status}", "shop_id", "id", sqlite_where=where, postgresql_where=where)


class DeliveryKey(Base):
    """What a delivery is known again by, in its shop and platform: a repeat changes nothing.

    A table of its own, as `delivery` is partitioned by time on PostgreSQL, where it can't say what is single. The keys
    of a delivery are inserted in its transaction, before it.
    """

    __tablename__ = "delivery_key"
    __table_args__ = (Index("ix_delivery_key_received_at", "shop_id", "received_at"),)

    shop_id: Mapped[int] = mapped_column(Id, ForeignKey("shop.id", ondelete="CASCADE"), primary_key=True)
    platform: Mapped[str] = mapped_column(String(64), primary_key=True)
    delivery_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    received_at: Mapped[datetime]


class Delivery(OfShop, Base):
    """One webhook arrival, single by its `DeliveryKey`. Partitioned by weeks of `received_at` on PostgreSQL."""

    __tablename__ = "delivery"
    __table_args__ = (
        _of_status("waiting"),
        _of_status("parked"),
        Index("ix_delivery_received_at", "shop_id", "received_at"),
        Index("ix_delivery_put_off", "shop_id", "aggregate", "id", sqlite_where=PUT_OFF, postgresql_where=PUT_OFF),
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
