"""How far the reading of a connected shop is, and what has to be asked again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connectors.records import RecordKind
from integration.storage.base import Base, Id, Json, OfShop


class Reading(OfShop, Base):
    """One reading of all things of a kind, or of those that changed since a time (a reconcile).

    position: the connector's own word for how far it is. lease_until: the process that reads has until then.
    repaired: how many things were not as the store had them; drift: how many of each sort, as "product missing".
    shelf_version: the shop's when it began, so that what it never spoke of can be told.
    """

    __tablename__ = "reading"
    __table_args__ = (Index("ix_reading_shop", "shop_id", "platform", "kind", "started_at"),)

    platform: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    since: Mapped[datetime | None]
    position: Mapped[str] = mapped_column(Text, default="")
    read: Mapped[int] = mapped_column(default=0)
    expected: Mapped[int | None]
    repaired: Mapped[int] = mapped_column(default=0)
    drift: Mapped[dict[str, Any] | None] = mapped_column(Json)
    shelf_version: Mapped[int] = mapped_column(Id, default=0)
    started_at: Mapped[datetime]
    progressed_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")


class ReadingPage(OfShop, Base):
    """The products that a page of a whole reading spoke of; kept until the reading ends. told: their external ids."""

    __tablename__ = "reading_page"
    __table_args__ = (Index("ix_reading_page_reading", "shop_id", "reading_id"),)

    reading_id: Mapped[int] = mapped_column(Id)
    told: Mapped[list[str]] = mapped_column(Json, default=list)


class Refetch(OfShop, Base):
    """Something of which the platform has to be asked how it is now."""

    __tablename__ = "refetch"
    __table_args__ = (UniqueConstraint("shop_id", "kind", "external_id"),)

    kind: Mapped[RecordKind] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(255))
    asked_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
