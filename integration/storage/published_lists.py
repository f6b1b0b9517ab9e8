"""Lists of products that were put into the shop itself, so that its pages show them without asking us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
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
