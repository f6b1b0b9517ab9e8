"""Duties to a customer that a platform passed on, and when each was done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, OfShop


class Duty(StrEnum):
    """What is owed."""

    TELL = "tell"
    ERASE = "erase"


class PrivacyRequest(OfShop, Base):
    """One request. answer: for the shop's owner, encrypted; a customer is named by the platform's number alone.

    An erasure is done once no published model has learnt from the customer: `models_since` is when the last fit must
    have begun.
    """

    __tablename__ = "privacy_request"
    __table_args__ = (UniqueConstraint("shop_id", "duty", "request"),)

    duty: Mapped[Duty] = mapped_column(String(8))
    request: Mapped[str] = mapped_column(String(255))
    customer: Mapped[str] = mapped_column(String(255))
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    models_since: Mapped[datetime | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    finished_at: Mapped[datetime | None]
