"""What a merchant wants beside clicks, a shop's own weights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Give shops their weights; none has any."""
    op.add_column("shop", sa.Column("weights", Json, nullable=True))


def downgrade() -> None:
    """Take the weights away."""
    op.drop_column("shop", "weights")
