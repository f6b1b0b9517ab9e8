"""Indexes by which old visits are found, and by which what goes with a visit is."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_visitor_last_seen_at", "visitor", ["shop_id", "last_seen_at"]),
    ("ix_session_last_event_at", "session", ["shop_id", "last_event_at"]),
    # A row that is deleted takes along what refers to it, and asks by its number alone.
    ("ix_session_visitor_id", "session", ["visitor_id"]),
    ("ix_behaviour_event_visitor_id", "behaviour_event", ["visitor_id"]),
    ("ix_behaviour_event_session_id", "behaviour_event", ["session_id"]),
)


def upgrade() -> None:
    """Add them."""
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take them away."""
    for name, table, _ in INDEXES:
        op.drop_index(name, table)
