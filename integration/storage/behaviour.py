"""Visitors, their sessions and what they did; and the slates that they were shown. Only with consent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Id, Json, OfShop, cascade_index


class Visitor(OfShop, Base):
    """A browser that agreed to be recognised. `token` is random and first-party."""

    __tablename__ = "visitor"
    __table_args__ = (
        UniqueConstraint("shop_id", "token"),
        Index("ix_visitor_last_seen_at", "shop_id", "last_seen_at"),
        cascade_index("visitor", "customer_id"),
    )

    token: Mapped[str] = mapped_column(String(64))
    customer_id: Mapped[int | None] = mapped_column(Id, ForeignKey("customer.id", ondelete="SET NULL"))
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class Session(OfShop, Base):
    """One visitor's behaviour without a long pause."""

    __tablename__ = "session"
    __table_args__ = (
        Index("ix_session_visitor", "shop_id", "visitor_id", "last_event_at"),
        Index("ix_session_last_event_at", "shop_id", "last_event_at"),
        # A visitor who is deleted takes them along, asking by the number alone.
        Index("ix_session_visitor_id", "visitor_id"),
    )

    visitor_id: Mapped[int] = mapped_column(Id, ForeignKey("visitor.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    last_event_at: Mapped[datetime]


class BehaviourEvent(OfShop, Base):
    """Something a visitor did. `event_key` is the sender's own id of it: a repeat changes nothing.

    Partitioned by months of `occurred_at` on PostgreSQL, where what is single has to hold the time.
    """

    __tablename__ = "behaviour_event"
    __table_args__ = (
        UniqueConstraint("shop_id", "event_key", "occurred_at"),
        Index("ix_behaviour_event_visitor", "shop_id", "visitor_id", "occurred_at"),
        Index("ix_behaviour_event_occurred_at", "shop_id", "occurred_at"),
        Index("ix_behaviour_event_visitor_id", "visitor_id"),
        Index("ix_behaviour_event_session_id", "session_id"),
        cascade_index("behaviour_event", "product_id"),
    )

    event_key: Mapped[str] = mapped_column(String(64))
    visitor_id: Mapped[int] = mapped_column(Id, ForeignKey("visitor.id", ondelete="CASCADE"))
    session_id: Mapped[int] = mapped_column(Id, ForeignKey("session.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    product_id: Mapped[int | None] = mapped_column(Id, ForeignKey("product.id", ondelete="CASCADE"))
    slate: Mapped[str | None] = mapped_column(String(32))
    position: Mapped[int | None]
    quantity: Mapped[int | None]
    query: Mapped[str | None] = mapped_column(String(200))
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]


class Slate(OfShop, Base):
    """A slate as it was computed. Its id begins with the time in milliseconds, so the index on it is one of time too.

    Partitioned by months of that id on PostgreSQL.

    items: in order, of each [product id, strategy, score, reason kind, reason's product id, reason's count].
    propensity: the probability with which the arm's policy shows this very slate; 1 for a deterministic one.
    """

    __tablename__ = "slate"
    __table_args__ = (UniqueConstraint("shop_id", "slate"),)

    slate: Mapped[str] = mapped_column(String(32))
    placement: Mapped[str] = mapped_column(String(32))
    strategy: Mapped[str] = mapped_column(String(32))
    model_version: Mapped[str | None] = mapped_column(String(64))
    arm: Mapped[str] = mapped_column(String(64), default="")
    propensity: Mapped[float] = mapped_column(default=1.0)
    visitor: Mapped[str] = mapped_column(String(64), default="")
    items: Mapped[list[list[Any]]] = mapped_column(Json)
    created_at: Mapped[datetime]


class Impression(OfShop, Base):
    """An item of a slate that was on screen. The slate may be logged a moment after the impression arrives.

    Partitioned as slates are.
    """

    __tablename__ = "impression"
    __table_args__ = (
        UniqueConstraint("shop_id", "slate", "position"),
        Index("ix_impression_seen_at", "shop_id", "seen_at"),
        cascade_index("impression", "product_id"),
    )

    slate: Mapped[str] = mapped_column(String(32))
    position: Mapped[int]
    product_id: Mapped[int] = mapped_column(Id, ForeignKey("product.id", ondelete="CASCADE"))
    seen_at: Mapped[datetime]
