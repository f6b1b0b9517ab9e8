"""Lists of products that were put into the shop itself, so that its pages show them without asking us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Id, Json, OfShop


class PublishedList(OfShop, Base):
    """One product's list as the platform has it. digest: the platform's own mark of that state, for compare-and-set."""

    __tablename__ = "published_list"
    __table_args__ = (UniqueConstraint("shop_id", "product_id", "list_key"),)

    product_id: Mapped[int] = mapped_column(Id, ForeignKey("product.id", ondelete="CASCADE"))
    list_key: Mapped[str] = mapped_column(String(64))
    products: Mapped[list[str]] = mapped_column(Json)
    digest: Mapped[str] = mapped_column(String(128), default="")
    published_at: Mapped[datetime]


class Publication(OfShop, Base):
    """What of ours stands in a shop, beside the lists themselves.

    wanted: False once the merchant switched the lists off. installation: the platform's mark of the app's stay in the
    shop: nothing outlives it. model_version, shelf_version: what the lists were last made by. marks: what our blocks
    are told. pixel: its number and settings. trending: the list of what sells (products, selling, digest).
    finished_at: None while there is something left to do.
    """

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("shop_id"),)

    wanted: Mapped[bool] = mapped_column(default=True)
    installation: Mapped[str] = mapped_column(String(255), default="")
    model_version: Mapped[str | None] = mapped_column(String(64))
    shelf_version: Mapped[int] = mapped_column(Id, default=-1)
    lists: Mapped[int] = mapped_column(default=0)
    marks: Mapped[dict[str, Any] | None] = mapped_column(Json)
    pixel: Mapped[dict[str, Any] | None] = mapped_column(Json)
    trending: Mapped[dict[str, Any] | None] = mapped_column(Json)
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
