"""Connected shops: tokens, readings, lists put into the shop, privacy duties, plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Micros = sa.BigInteger()
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

TABLES = "access_token location plan privacy_request reading refetch usage_event published_list publication"


def upgrade() -> None:
    """Make the tables, and the columns that a platform fills."""
    _make_access_token()
    _make_location()
    _make_plan()
    _make_privacy_request()
    _make_reading()
    _make_refetch()
    _make_usage_event()
    _make_published_list()
    _make_publication()
    op.create_index("ix_reading_shop", "reading", ["shop_id", "platform", "kind", "started_at"])
    unsent = sa.text("sent_at IS NULL AND parked_at IS NULL")
    op.create_index(
        "ix_usage_event_unsent", "usage_event", ["shop_id", "id"], sqlite_where=unsent, postgresql_where=unsent
    )
    with op.batch_alter_table("connection") as connection:
        connection.add_column(sa.Column("details", Json, nullable=True))
        connection.add_column(sa.Column("set_up_at", Micros, nullable=True))
        connection.alter_column("webhook_secret", existing_type=sa.LargeBinary(), nullable=True)
    op.add_column("product", sa.Column("category", sa.String(1000), nullable=False, server_default=""))
    op.add_column("product", sa.Column("collections", Json, nullable=False, server_default="[]"))
    op.add_column("variant", sa.Column("sold_out_at", Micros, nullable=True))


def downgrade() -> None:
    """Take them away; a connection without a secret of its own can't be kept."""
    op.drop_column("variant", "sold_out_at")
    op.drop_column("product", "collections")
    op.drop_column("product", "category")
    op.execute("DELETE FROM connection WHERE webhook_secret IS NULL")
    with op.batch_alter_table("connection") as connection:
        connection.alter_column("webhook_secret", existing_type=sa.LargeBinary(), nullable=False)
        connection.drop_column("set_up_at")
        connection.drop_column("details")
    for table in reversed(TABLES.split()):
        op.drop_table(table)


def _of_shop(table: str) -> list[SchemaItem]:
    """What every table has: a number of its own, and a shop with which its rows go."""
    return [
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f(f"fk_{table}_shop_id_shop"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _make_access_token() -> None:
    op.create_table(
        "access_token",
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Micros, nullable=True),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_expires_at", Micros, nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("scopes_at", Micros, nullable=False),
        sa.Column("granted_at", Micros, nullable=False),
        sa.Column("renew_at", Micros, nullable=True),
        sa.Column("refreshing_until", Micros, nullable=True),
        sa.Column("lost_at", Micros, nullable=True),
        sa.Column("updated_at", Micros, nullable=False),
        *_of_shop("access_token"),
        sa.UniqueConstraint("shop_id", "platform", name=op.f("uq_access_token_shop_id_platform")),
    )


def _make_location() -> None:
    op.create_table(
        "location",
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("sells_online", sa.Boolean(), nullable=False),
        sa.Column("source_version", Micros, nullable=False),
        sa.Column("removed_at", Micros, nullable=True),
        *_of_shop("location"),
        sa.UniqueConstraint("shop_id", "external_id", name=op.f("uq_location_shop_id_external_id")),
    )


def _make_plan() -> None:
    op.create_table(
        "plan",
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("handle", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("meters", Json, nullable=False),
        sa.Column("metered_from", Micros, nullable=True),
        sa.Column("period_ends_at", Micros, nullable=True),
        sa.Column("checked_at", Micros, nullable=True),
        sa.Column("next_check_at", Micros, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        *_of_shop("plan"),
        sa.UniqueConstraint("shop_id", "platform", name=op.f("uq_plan_shop_id_platform")),
    )


def _make_privacy_request() -> None:
    op.create_table(
        "privacy_request",
        sa.Column("duty", sa.String(length=8), nullable=False),
        sa.Column("request", sa.String(length=255), nullable=False),
        sa.Column("customer", sa.String(length=255), nullable=False),
        sa.Column("orders", Json, nullable=False),
        sa.Column("received_at", Micros, nullable=False),
        sa.Column("due_at", Micros, nullable=False),
        sa.Column("models_since", Micros, nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("finished_at", Micros, nullable=True),
        *_of_shop("privacy_request"),
        sa.UniqueConstraint("shop_id", "duty", "request", name=op.f("uq_privacy_request_shop_id_duty_request")),
    )


def _make_reading() -> None:
    op.create_table(
        "reading",
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("since", Micros, nullable=True),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("repaired", sa.Integer(), nullable=False),
        sa.Column("shelf_version", Id, nullable=False),
        sa.Column("started_at", Micros, nullable=False),
        sa.Column("progressed_at", Micros, nullable=False),
        sa.Column("lease_until", Micros, nullable=True),
        sa.Column("finished_at", Micros, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Micros, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        *_of_shop("reading"),
    )


def _make_refetch() -> None:
    op.create_table(
        "refetch",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("asked_at", Micros, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Micros, nullable=True),
        *_of_shop("refetch"),
        sa.UniqueConstraint("shop_id", "kind", "external_id", name=op.f("uq_refetch_shop_id_kind_external_id")),
    )


def _make_usage_event() -> None:
    op.create_table(
        "usage_event",
        sa.Column("meter", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("happened_at", Micros, nullable=False),
        sa.Column("sent_at", Micros, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Micros, nullable=True),
        sa.Column("parked_at", Micros, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        *_of_shop("usage_event"),
        sa.UniqueConstraint("shop_id", "key", name=op.f("uq_usage_event_shop_id_key")),
    )


def _make_published_list() -> None:
    op.create_table(
        "published_list",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("list_key", sa.String(length=64), nullable=False),
        sa.Column("products", Json, nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("published_at", Micros, nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_published_list_product_id_product"), ondelete="CASCADE"
        ),
        *_of_shop("published_list"),
        sa.UniqueConstraint(
            "shop_id", "product_id", "list_key", name=op.f("uq_published_list_shop_id_product_id_list_key")
        ),
    )


def _make_publication() -> None:
    op.create_table(
        "publication",
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("installation", sa.String(length=255), nullable=False),
        sa.Column("model_version", sa.String(length=64), nullable=True),
        sa.Column("shelf_version", Id, nullable=False),
        sa.Column("lists", sa.Integer(), nullable=False),
        sa.Column("marks", Json, nullable=True),
        sa.Column("pixel", Json, nullable=True),
        sa.Column("trending", Json, nullable=True),
        sa.Column("finished_at", Micros, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Micros, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        *_of_shop("publication"),
        sa.UniqueConstraint("shop_id", name=op.f("uq_publication_shop_id")),
    )
