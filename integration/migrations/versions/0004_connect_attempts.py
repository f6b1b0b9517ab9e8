"""Attempts to connect a shop: what is known of one between its first page and its tested keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Micros = sa.BigInteger()
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Make the table, and the time when a variant was said to be out of stock though nobody counts it."""
    op.add_column("variant", sa.Column("out_of_stock_at", Micros, nullable=True))
    op.create_table(
        "connect_attempt",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=255), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("asker", sa.String(length=64), nullable=False),
        sa.Column("api_keys", sa.LargeBinary(), nullable=True),
        sa.Column("keys_hash", sa.String(length=64), nullable=False),
        sa.Column("keys_at", Micros, nullable=True),
        sa.Column("checking_until", Micros, nullable=True),
        sa.Column("done", Json, nullable=False),
        sa.Column("failure", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shop_id", Id, nullable=True),
        sa.Column("started_at", Micros, nullable=False),
        sa.Column("expires_at", Micros, nullable=False),
        sa.Column("finished_at", Micros, nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shop.id"], name=op.f("fk_connect_attempt_shop_id_shop"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_attempt")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_connect_attempt_token_hash")),
    )
    op.create_index(op.f("ix_connect_attempt_site"), "connect_attempt", ["site"])


def downgrade() -> None:
    """Take both away."""
    op.drop_table("connect_attempt")
    with op.batch_alter_table("variant") as variant:
        variant.drop_column("out_of_stock_at")
