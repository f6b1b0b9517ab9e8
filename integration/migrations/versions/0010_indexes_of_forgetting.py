"""Indexes by which what refers to a product or a customer is found, as a shop is forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = (
    ("behaviour_event", "product_id"),
    ("impression", "product_id"),
    ("refund", "customer_id"),
    ("visitor", "customer_id"),
)


def upgrade() -> None:
    """Add them, without the rows that refer to nothing."""
    for table, column in COLUMNS:
        some = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    """Take them away."""
    for table, column in COLUMNS:
        op.drop_index(f"ix_{table}_{column}", table)
