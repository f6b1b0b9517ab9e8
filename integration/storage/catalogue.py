"""Products, variants and inventory by location, as the platform last told them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connectors.records import InventoryPolicy, ProductStatus
from integration.storage.base import EPOCH, Base, Id, Json, OfShop


class Product(OfShop, Base):
    """A product. One that is known only from an order line has `known` false and is never shown.

    shelf_version: the shop's shelf version at which something that a slate shows of it last changed.
    source_version: the platform's own time of this state; removed_at: set when the platform removed it.
    """

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        Index("ix_product_shelf", "shop_id", "shelf_version"),
    )

    external_id: Mapped[str] = mapped_column(String(255))
    known: Mapped[bool] = mapped_column(default=True)
    title: Mapped[str] = mapped_column(String(1000), default="")
    handle: Mapped[str] = mapped_column(String(255), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    vendor: Mapped[str] = mapped_column(String(255), default="")
    product_type: Mapped[str] = mapped_column(String(255), default="")
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    category: Mapped[str] = mapped_column(String(1000), default="")
    collections: Mapped[list[str]] = mapped_column(Json, default=list)
    url: Mapped[str] = mapped_column(String(2000), default="")
    image_url: Mapped[str] = mapped_column(String(2000), default="")
    status: Mapped[ProductStatus] = mapped_column(String(16), default=ProductStatus.ACTIVE)
    published: Mapped[bool] = mapped_column(default=True)
    published_at: Mapped[datetime | None]
    markets: Mapped[list[str] | None] = mapped_column(Json)
    source_version: Mapped[datetime] = mapped_column(default=EPOCH)
    removed_at: Mapped[datetime | None]
    shelf_version: Mapped[int] = mapped_column(Id, default=0)


class Variant(OfShop, Base):
    """One buyable form of a product. `prices`: market -> {"amount": text, "currency": code}.

    sold_out_at: the platform's time when it last said that nothing is left: inventory levels of before count for none.
    out_of_stock_at: when it last said so of one that can't be bought even if nobody counts its pieces.
    """

    __tablename__ = "variant"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        Index("ix_variant_product", "shop_id", "product_id"),
        Index("ix_variant_inventory_item", "shop_id", "inventory_item"),
    )

    product_id: Mapped[int] = mapped_column(Id, ForeignKey("product.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(1000), default="")
    sku: Mapped[str] = mapped_column(String(255), default="")
    price: Mapped[Decimal | None]
    compare_at_price: Mapped[Decimal | None]
    currency: Mapped[str] = mapped_column(String(3), default="")
    prices: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    options: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    inventory_item: Mapped[str] = mapped_column(String(255))
    tracked: Mapped[bool] = mapped_column(default=False)
    policy: Mapped[InventoryPolicy] = mapped_column(String(8), default=InventoryPolicy.DENY)
    unit_cost: Mapped[Decimal | None]
    position: Mapped[int] = mapped_column(default=0)
    sold_out_at: Mapped[datetime | None]
    out_of_stock_at: Mapped[datetime | None]
    source_version: Mapped[datetime] = mapped_column(default=EPOCH)
    removed_at: Mapped[datetime | None]


class InventoryLevel(OfShop, Base):
    """Pieces of an inventory item at one location. It may be known before the variant that it belongs to."""

    __tablename__ = "inventory_level"
    __table_args__ = (UniqueConstraint("shop_id", "inventory_item", "location"),)

    inventory_item: Mapped[str] = mapped_column(String(255))
    location: Mapped[str] = mapped_column(String(255))
    available: Mapped[int] = mapped_column(default=0)
    sells_online: Mapped[bool] = mapped_column(default=True)
    source_version: Mapped[datetime] = mapped_column(default=EPOCH)
    removed_at: Mapped[datetime | None]


class Location(OfShop, Base):
    """A place that holds stock; a level says for itself whether it sells online, and learns it from here."""

    __tablename__ = "location"
    __table_args__ = (UniqueConstraint("shop_id", "external_id"),)

    external_id: Mapped[str] = mapped_column(String(255))
    sells_online: Mapped[bool] = mapped_column(default=True)
    source_version: Mapped[datetime] = mapped_column(default=EPOCH)
    removed_at: Mapped[datetime | None]
