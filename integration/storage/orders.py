"""Customers, orders with their lines, and refunds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import EPOCH, Base, Id, Json, OfShop, cascade_index


class Customer(OfShop, Base):
    """A buyer, by the platform's id alone. An erased one keeps its row, so that a late delivery can't bring it back."""

    __tablename__ = "customer"
    __table_args__ = (UniqueConstraint("shop_id", "external_id"),)

    external_id: Mapped[str] = mapped_column(String(255))
    country: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime | None]
    source_version: Mapped[datetime] = mapped_column(default=EPOCH)
    erased_at: Mapped[datetime | None]


class Order(OfShop, Base):
    """An order. Its lines are replaced whole by a newer version of it."""

    __tablename__ = "order"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        Index("ix_order_ordered_at", "shop_id", "ordered_at"),
        Index("ix_order_customer", "shop_id", "customer_id"),
    )

    external_id: Mapped[str] = mapped_column(String(255))
    customer_id: Mapped[int | None] = mapped_column(Id, ForeignKey("customer.id", ondelete="SET NULL"))
    ordered_at: Mapped[datetime]
    currency: Mapped[str] = mapped_column(String(3))
    country: Mapped[str] = mapped_column(String(64), default="")
    channel: Mapped[str] = mapped_column(String(32), default="online")
    visitor: Mapped[str] = mapped_column(String(64), default="")
    cancelled_at: Mapped[datetime | None]
    is_test: Mapped[bool] = mapped_column(default=False)
    source_version: Mapped[datetime] = mapped_column(default=EPOCH)
    removed_at: Mapped[datetime | None]


class OrderLine(OfShop, Base):
    """One line of an order. `unit_price` is in the order's currency, after discounts."""

    __tablename__ = "order_line"
    __table_args__ = (
        Index("ix_order_line_order", "shop_id", "order_id"),
        Index("ix_order_line_product", "shop_id", "product_id"),
    )

    order_id: Mapped[int] = mapped_column(Id, ForeignKey("order.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(Id, ForeignKey("product.id", ondelete="CASCADE"))
    variant: Mapped[str] = mapped_column(String(255), default="")
    quantity: Mapped[int]
    unit_price: Mapped[Decimal]
    properties: Mapped[dict[str, str] | None] = mapped_column(Json)


class Refund(OfShop, Base):
    """Goods or money given back."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        Index("ix_refund_refunded_at", "shop_id", "refunded_at"),
        cascade_index("refund", "customer_id"),
    )

    external_id: Mapped[str] = mapped_column(String(255))
    order: Mapped[str] = mapped_column(String(255), default="")
    customer_id: Mapped[int | None] = mapped_column(Id, ForeignKey("customer.id", ondelete="SET NULL"))
    refunded_at: Mapped[datetime]
    source_version: Mapped[datetime] = mapped_column(default=EPOCH)


class RefundLine(OfShop, Base):
    """Pieces of one product given back."""

    __tablename__ = "refund_line"
    __table_args__ = (
        Index("ix_refund_line_refund", "shop_id", "refund_id"),
        Index("ix_refund_line_product", "shop_id", "product_id"),
    )

    refund_id: Mapped[int] = mapped_column(Id, ForeignKey("refund.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(Id, ForeignKey("product.id", ondelete="CASCADE"))
    variant: Mapped[str] = mapped_column(String(255), default="")
    quantity: Mapped[int]
    amount: Mapped[Decimal | None]
    currency: Mapped[str] = mapped_column(String(3), default="")
