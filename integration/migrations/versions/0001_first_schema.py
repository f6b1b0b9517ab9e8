"""The first schema: shops, catalogue, orders, behaviour, deliveries and models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Micros = sa.BigInteger()
Amount = sa.Numeric().with_variant(sa.String(24), "sqlite")
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

# In the order in which they may be made: a table comes after those that it refers to.
TABLES = """
    shop connection inventory_level product variant customer order refund order_line refund_line slate impression
    visitor session behaviour_event delivery model_version
"""


def upgrade() -> None:
    """Make all tables."""
    _make_shop()
    _make_connection()
    _make_inventory_level()
    _make_product()
    _make_variant()
    _make_customer()
    _make_order()
    _make_refund()
    _make_order_line()
    _make_refund_line()
    _make_slate()
    _make_impression()
    _make_visitor()
    _make_session()
    _make_behaviour_event()
    _make_delivery()
    _make_model_version()


def downgrade() -> None:
    """Drop all tables."""
    for table in reversed(TABLES.split()):
        op.drop_table(table)


def _of_shop(table: str) -> tuple[SchemaItem, ...]:
    """What every row of a shop has: its own number, and its shop."""
    return (
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=f"fk_{table}_shop_id_shop", ondelete="CASCADE"),
    )


def _make_shop() -> None:
    op.create_table(
        "shop",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("storefront_url", sa.String(2000), nullable=False),
        sa.Column("stock_policy", sa.String(8), nullable=False),
        sa.Column("low_stock_threshold", sa.Integer(), nullable=False),
        sa.Column("shelf_version", Id, nullable=False),
        sa.Column("serving_version", sa.String(64)),
        sa.Column("created_at", Micros, nullable=False),
        sa.Column("uninstalled_at", Micros),
        sa.PrimaryKeyConstraint("id", name="pk_shop"),
        sa.UniqueConstraint("key", name="uq_shop_key"),
    )


def _make_connection() -> None:
    op.create_table(
        "connection",
        *_of_shop("connection"),
        sa.Column("platform", sa.String(64), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("webhook_secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_webhook_secret", sa.LargeBinary()),
        sa.Column("created_at", Micros, nullable=False),
        sa.UniqueConstraint("platform", "external_id", name="uq_connection_platform_external_id"),
        sa.UniqueConstraint("shop_id", "platform", name="uq_connection_shop_id_platform"),
    )


def _make_inventory_level() -> None:
    op.create_table(
        "inventory_level",
        *_of_shop("inventory_level"),
        sa.Column("inventory_item", sa.String(255), nullable=False),
        sa.Column("location", sa.String(255), nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("sells_online", sa.Boolean(), nullable=False),
        sa.Column("source_version", Micros, nullable=False),
        sa.Column("removed_at", Micros),
        sa.UniqueConstraint(
            "shop_id", "inventory_item", "location", name="uq_inventory_level_shop_id_inventory_item_location"
        ),
    )


def _make_product() -> None:
    op.create_table(
        "product",
        *_of_shop("product"),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(1000), nullable=False),
        sa.Column("handle", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("vendor", sa.String(255), nullable=False),
        sa.Column("product_type", sa.String(255), nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("image_url", sa.String(2000), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("published_at", Micros),
        sa.Column("markets", Json),
        sa.Column("source_version", Micros, nullable=False),
        sa.Column("removed_at", Micros),
        sa.Column("shelf_version", Id, nullable=False),
        sa.UniqueConstraint("shop_id", "external_id", name="uq_product_shop_id_external_id"),
    )
    op.create_index("ix_product_shelf", "product", ["shop_id", "shelf_version"])


def _make_variant() -> None:
    op.create_table(
        "variant",
        *_of_shop("variant"),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("title", sa.String(1000), nullable=False),
        sa.Column("sku", sa.String(255), nullable=False),
        sa.Column("price", Amount),
        sa.Column("compare_at_price", Amount),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("prices", Json, nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("inventory_item", sa.String(255), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.String(8), nullable=False),
        sa.Column("unit_cost", Amount),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_version", Micros, nullable=False),
        sa.Column("removed_at", Micros),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="fk_variant_product_id_product", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("shop_id", "external_id", name="uq_variant_shop_id_external_id"),
    )
    op.create_index("ix_variant_inventory_item", "variant", ["shop_id", "inventory_item"])
    op.create_index("ix_variant_product", "variant", ["shop_id", "product_id"])


def _make_customer() -> None:
    op.create_table(
        "customer",
        *_of_shop("customer"),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("country", sa.String(64), nullable=False),
        sa.Column("created_at", Micros),
        sa.Column("source_version", Micros, nullable=False),
        sa.Column("erased_at", Micros),
        sa.UniqueConstraint("shop_id", "external_id", name="uq_customer_shop_id_external_id"),
    )


def _make_order() -> None:
    op.create_table(
        "order",
        *_of_shop("order"),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("customer_id", Id),
        sa.Column("ordered_at", Micros, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("country", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("cancelled_at", Micros),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("source_version", Micros, nullable=False),
        sa.Column("removed_at", Micros),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_order_customer_id_customer", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("shop_id", "external_id", name="uq_order_shop_id_external_id"),
    )
    op.create_index("ix_order_customer", "order", ["shop_id", "customer_id"])
    op.create_index("ix_order_ordered_at", "order", ["shop_id", "ordered_at"])


def _make_refund() -> None:
    op.create_table(
        "refund",
        *_of_shop("refund"),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("order", sa.String(255), nullable=False),
        sa.Column("customer_id", Id),
        sa.Column("refunded_at", Micros, nullable=False),
        sa.Column("source_version", Micros, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_refund_customer_id_customer", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("shop_id", "external_id", name="uq_refund_shop_id_external_id"),
    )
    op.create_index("ix_refund_refunded_at", "refund", ["shop_id", "refunded_at"])


def _make_order_line() -> None:
    op.create_table(
        "order_line",
        *_of_shop("order_line"),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("variant", sa.String(255), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", Amount, nullable=False),
        sa.Column("properties", Json),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name="fk_order_line_order_id_order", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="fk_order_line_product_id_product", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_order_line_order", "order_line", ["shop_id", "order_id"])
    op.create_index("ix_order_line_product", "order_line", ["shop_id", "product_id"])


def _make_refund_line() -> None:
    op.create_table(
        "refund_line",
        *_of_shop("refund_line"),
        sa.Column("refund_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("variant", sa.String(255), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", Amount),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="fk_refund_line_product_id_product", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refund.id"], name="fk_refund_line_refund_id_refund", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_refund_line_product", "refund_line", ["shop_id", "product_id"])
    op.create_index("ix_refund_line_refund", "refund_line", ["shop_id", "refund_id"])


def _make_slate() -> None:
    op.create_table(
        "slate",
        *_of_shop("slate"),
        sa.Column("slate", sa.String(32), nullable=False),
        sa.Column("placement", sa.String(32), nullable=False),
        sa.Column("strategy", sa.String(32), nullable=False),
        sa.Column("model_version", sa.String(64)),
        sa.Column("arm", sa.String(64), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("created_at", Micros, nullable=False),
        sa.UniqueConstraint("shop_id", "slate", name="uq_slate_shop_id_slate"),
    )


def _make_impression() -> None:
    op.create_table(
        "impression",
        *_of_shop("impression"),
        sa.Column("slate", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("seen_at", Micros, nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="fk_impression_product_id_product", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("shop_id", "slate", "position", name="uq_impression_shop_id_slate_position"),
    )
    op.create_index("ix_impression_seen_at", "impression", ["shop_id", "seen_at"])


def _make_visitor() -> None:
    op.create_table(
        "visitor",
        *_of_shop("visitor"),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("customer_id", Id),
        sa.Column("first_seen_at", Micros, nullable=False),
        sa.Column("last_seen_at", Micros, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_visitor_customer_id_customer", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("shop_id", "token", name="uq_visitor_shop_id_token"),
    )


def _make_session() -> None:
    op.create_table(
        "session",
        *_of_shop("session"),
        sa.Column("visitor_id", Id, nullable=False),
        sa.Column("started_at", Micros, nullable=False),
        sa.Column("last_event_at", Micros, nullable=False),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitor.id"], name="fk_session_visitor_id_visitor", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_session_visitor", "session", ["shop_id", "visitor_id", "last_event_at"])


def _make_behaviour_event() -> None:
    op.create_table(
        "behaviour_event",
        *_of_shop("behaviour_event"),
        sa.Column("event_key", sa.String(64), nullable=False),
        sa.Column("visitor_id", Id, nullable=False),
        sa.Column("session_id", Id, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("product_id", Id),
        sa.Column("slate", sa.String(32)),
        sa.Column("position", sa.Integer()),
        sa.Column("quantity", sa.Integer()),
        sa.Column("query", sa.String(200)),
        sa.Column("occurred_at", Micros, nullable=False),
        sa.Column("received_at", Micros, nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="fk_behaviour_event_product_id_product", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_behaviour_event_session_id_session", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitor.id"], name="fk_behaviour_event_visitor_id_visitor", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("shop_id", "event_key", name="uq_behaviour_event_shop_id_event_key"),
    )
    op.create_index("ix_behaviour_event_occurred_at", "behaviour_event", ["shop_id", "occurred_at"])
    op.create_index("ix_behaviour_event_visitor", "behaviour_event", ["shop_id", "visitor_id", "occurred_at"])


def _make_delivery() -> None:
    op.create_table(
        "delivery",
        *_of_shop("delivery"),
        sa.Column("platform", sa.String(64), nullable=False),
        sa.Column("delivery_key", sa.String(255), nullable=False),
        sa.Column("topic", sa.String(128), nullable=False),
        sa.Column("aggregate", sa.String(255), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("triggered_at", Micros),
        sa.Column("received_at", Micros, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Micros),
        sa.Column("applied_at", Micros),
        sa.Column("error", sa.Text(), nullable=False),
        sa.UniqueConstraint("shop_id", "platform", "delivery_key", name="uq_delivery_shop_id_platform_delivery_key"),
    )
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["shop_id", "id"],
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )


def _make_model_version() -> None:
    op.create_table(
        "model_version",
        *_of_shop("model_version"),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(64), nullable=False),
        sa.Column("trigger", sa.String(32), nullable=False),
        sa.Column("lease_until", Micros, nullable=False),
        sa.Column("started_at", Micros, nullable=False),
        sa.Column("finished_at", Micros),
        sa.Column("data_from", Micros),
        sa.Column("data_until", Micros),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("parameters", Json, nullable=False),
        sa.Column("backtest", Json, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.UniqueConstraint("shop_id", "version", name="uq_model_version_shop_id_version"),
    )
    op.create_index(
        "uq_model_version_running",
        "model_version",
        ["shop_id"],
        unique=True,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
