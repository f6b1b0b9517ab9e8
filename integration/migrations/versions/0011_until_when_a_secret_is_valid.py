"""Until when a connection's secret of before is valid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.storage.base import UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; a secret of before without a time stays valid, as it was."""
    op.add_column("connection", sa.Column("previous_until", UtcTime(), nullable=True))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("connection", "previous_until")
