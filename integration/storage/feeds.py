"""In which hours a shop's deliveries come, and since when none did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Json, OfShop


class Feed(OfShop, Base):
    """A shop's deliveries of the last weeks.

    hours: those in which at least one came, as whole hours since 1970, ascending. known_since: when counting began;
    counted_until: the newest moment that is counted. silent_since: the last delivery before a silence that the shop's
    rhythm does not explain; None where it explains it.
    """

    __tablename__ = "feed"
    __table_args__ = (UniqueConstraint("shop_id"),)

    hours: Mapped[list[int]] = mapped_column(Json, default=list)
    known_since: Mapped[datetime]
    counted_until: Mapped[datetime]
    last_at: Mapped[datetime | None]
    silent_since: Mapped[datetime | None]
