"""Shops (tenants) and how each is connected to its platform."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Id, Json, OfShop


class StockPolicy(StrEnum):
    """What a shop does with a product that is out of stock: hide it, or move it last with a "back soon" mark."""

    HIDE = "hide"
    LAST = "last"


class Shop(Base):
    """A tenant.

    key: public, names the shop in storefront calls. shelf_version: grows with every change of anything that a
    slate shows or hides; a web process compares it before each slate. serving_version: the published model.
    low_stock_threshold: at or under this many pieces a product is marked as low; 0 marks none.
    weights: what the merchant wants beside clicks, `recommender.blend.business.BusinessWeights` as plain data.
    """

    __tablename__ = "shop"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    locale: Mapped[str] = mapped_column(String(35), default="en")
    storefront_url: Mapped[str] = mapped_column(String(2000), default="")
    stock_policy: Mapped[StockPolicy] = mapped_column(String(8), default=StockPolicy.HIDE)
    low_stock_threshold: Mapped[int] = mapped_column(default=3)
    shelf_version: Mapped[int] = mapped_column(Id, default=0)
    serving_version: Mapped[str | None] = mapped_column(String(64))
    weights: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime]
    uninstalled_at: Mapped[datetime | None]


class Connection(OfShop, Base):
    """A shop's link to one platform. Secrets are encrypted; the previous one stays valid while it is kept.

    webhook_secret: None where the platform signs with the app's own secret. details: what else the platform needs to
    be told of again, such as its own number of the shop. previous_until: when the previous secret stops to be valid,
    None where it is as long as it is kept. set_up_at: when what the app needs in the shop is next put
    there; None where it needs nothing.
    """

    __tablename__ = "connection"
    __table_args__ = (UniqueConstraint("platform", "external_id"), UniqueConstraint("shop_id", "platform"))

    platform: Mapped[str] = mapped_column(String(64))
    external_id: Mapped[str] = mapped_column(String(255))
    webhook_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_webhook_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(Json)
    set_up_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
