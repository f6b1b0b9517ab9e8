"""Duties to a customer that a platform passed on, and when each was done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Json, OfShop


class Duty(StrEnum):
    """What is owed."""

    TELL = "tell"
    ERASE = "erase"


class PrivacyRequest(OfShop, Base):
    """One request. answer: for the shop's owner, encrypted; a customer is named by the platform's number alone.

    customer: "" where only orders were named. orders: those that are theirs besides, by the platform's numbers.

    An erasure is done once no published model has learnt from the customer: `models_since` is when the last fit must
    have begun.
    """

    __tablename__ = "privacy_request"
    __table_args__ = (UniqueConstraint("shop_id", "duty", "request"),)

    duty: Mapped[Duty] = mapped_column(String(8))
    request: Mapped[str] = mapped_column(String(255))
    customer: Mapped[str] = mapped_column(String(255))
    orders: Mapped[list[str]] = mapped_column(Json, default=list)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    models_since: Mapped[datetime | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    finished_at: Mapped[datetime | None]
