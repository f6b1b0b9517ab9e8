"""What readings found to differ, what they spoke of, and the rhythm of each shop's deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.storage.base import Id, Json, UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; who reads by the version before needs none of it."""
    op.add_column("reading", sa.Column("drift", Json, nullable=True))
    op.create_table(
        "reading_page",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("shop_id", Id, sa.ForeignKey("shop.id", ondelete="CASCADE"), nullable=False),
        sa.Column("reading_id", Id, nullable=False),
        sa.Column("told", Json, nullable=False),
    )
    op.create_index("ix_reading_page_reading", "reading_page", ["shop_id", "reading_id"])
    op.create_table(
        "feed",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("shop_id", Id, sa.ForeignKey("shop.id", ondelete="CASCADE"), nullable=False),
        sa.Column("hours", Json, nullable=False),
        sa.Column("known_since", UtcTime(), nullable=False),
        sa.Column("counted_until", UtcTime(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=True),
        sa.Column("silent_since", UtcTime(), nullable=True),
        sa.UniqueConstraint("shop_id", name="uq_feed_shop_id"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in ("reading_page", "feed"):
            op.execute(f"SELECT shelfwise_secure('{table}', 'shop_id')")


def downgrade() -> None:
    """Take them away."""
    op.drop_table("feed")
    op.drop_table("reading_page")
    op.drop_column("reading", "drift")
