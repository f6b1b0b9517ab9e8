"""An index of the deliveries that wait for another attempt, by what they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PUT_OFF = sa.text("status = 'waiting' AND next_attempt_at IS NOT NULL")


def upgrade() -> None:
    """Add it."""
    columns = ["shop_id", "aggregate", "id"]
    op.create_index("ix_delivery_put_off", "delivery", columns, sqlite_where=PUT_OFF, postgresql_where=PUT_OFF)


def downgrade() -> None:
    """Take it away."""
    op.drop_index("ix_delivery_put_off", "delivery")
