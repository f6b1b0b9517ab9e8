"""Deliveries and behaviour in partitions of time on PostgreSQL; what keeps a delivery single in a table of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Micros = sa.BigInteger()

# Of each table: the column that it is partitioned by, and whether a part is a week of it (else a month).
PARTED = {"delivery": ("received_at", True), "behaviour_event": ("occurred_at", False)}
PARTED |= {"slate": ("slate", False), "impression": ("slate", False)}
AHEAD = timedelta(days=35)
# Rows from before that, which no sound clock wrote, go where those without a part of their own do.
FURTHEST_BACK = timedelta(days=1100)
A_MONTH_AT_MOST = timedelta(days=31)
WAITING, PARKED = sa.text("status = 'waiting'"), sa.text("status = 'parked'")


def upgrade() -> None:
    """Keep the keys, and part the tables. A unique key has to hold the time that its table is parted by."""
    _make_delivery_key()
    if op.get_bind().dialect.name == "postgresql":
        for table, (column, weekly) in PARTED.items():
            _part(table, column, weekly=weekly)
        _make_constraints()
        op.create_index("ix_delivery_waiting", "delivery", ["shop_id", "id"], postgresql_where=WAITING)
    else:
        with op.batch_alter_table("delivery") as delivery:
            delivery.drop_constraint("uq_delivery_shop_id_platform_delivery_key", type_="unique")
        with op.batch_alter_table("behaviour_event") as event:
            event.drop_constraint("uq_behaviour_event_shop_id_event_key", type_="unique")
            event.create_unique_constraint(
                "uq_behaviour_event_shop_id_event_key_occurred_at", ["shop_id", "event_key", "occurred_at"]
            )
    op.create_index("ix_delivery_parked", "delivery", ["shop_id", "id"], sqlite_where=PARKED, postgresql_where=PARKED)
    op.create_index("ix_delivery_received_at", "delivery", ["shop_id", "received_at"])


def downgrade() -> None:
    """Put the parts together again. Of events with the same key the one that was kept first stays."""
    op.execute(
        "DELETE FROM behaviour_event WHERE id NOT IN (SELECT min(id) FROM behaviour_event GROUP BY shop_id, event_key)"
    )
    op.drop_index("ix_delivery_received_at", "delivery")
    op.drop_index("ix_delivery_parked", "delivery")
    if op.get_bind().dialect.name == "postgresql":
        for table in PARTED:
            _unpart(table)
        _remake_constraints()
        op.create_index("ix_delivery_waiting", "delivery", ["shop_id", "id"], postgresql_where=WAITING)
    else:
        with op.batch_alter_table("behaviour_event") as event:
            event.drop_constraint("uq_behaviour_event_shop_id_event_key_occurred_at", type_="unique")
            event.create_unique_constraint("uq_behaviour_event_shop_id_event_key", ["shop_id", "event_key"])
        with op.batch_alter_table("delivery") as delivery:
            delivery.create_unique_constraint(
                "uq_delivery_shop_id_platform_delivery_key", ["shop_id", "platform", "delivery_key"]
            )
    op.drop_table("delivery_key")


def _make_delivery_key() -> None:
    op.create_table(
        "delivery_key",
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("platform", sa.String(64), nullable=False),
        sa.Column("delivery_key", sa.String(255), nullable=False),
        sa.Column("received_at", Micros, nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "platform", "delivery_key", name="pk_delivery_key"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_delivery_key_shop_id_shop", ondelete="CASCADE"),
    )
    op.create_index("ix_delivery_key_received_at", "delivery_key", ["shop_id", "received_at"])
    op.execute("INSERT INTO delivery_key SELECT shop_id, platform, delivery_key, received_at FROM delivery")


def _part(table: str, column: str, *, weekly: bool) -> None:
    op.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    op.execute(f"CREATE TABLE {table} (LIKE {table}_before INCLUDING DEFAULTS) PARTITION BY RANGE ({column})")
    op.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {table}.id")
    op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    for low, high in _spans(table, column, weekly=weekly):
        bounds = f"FROM ('{_bound(column, low)}') TO ('{_bound(column, high)}')"
        op.execute(f"CREATE TABLE {table}_p{low:%Y%m%d} PARTITION OF {table} FOR VALUES {bounds}")
    op.execute(f"INSERT INTO {table} SELECT * FROM {table}_before")  # noqa: S608 - names of ours
    op.execute(f"DROP TABLE {table}_before")


def _unpart(table: str) -> None:
    op.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    op.execute(f"CREATE TABLE {table} (LIKE {table}_before INCLUDING DEFAULTS)")
    op.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {table}.id")
    op.execute(f"INSERT INTO {table} SELECT * FROM {table}_before")  # noqa: S608 - names of ours
    op.execute(f"DROP TABLE {table}_before")


def _spans(table: str, column: str, *, weekly: bool) -> Iterator[tuple[datetime, datetime]]:
    """The parts that hold the rows there are, up to those of the next weeks."""
    now = datetime.now(UTC)
    oldest = op.get_bind().execute(sa.text(f"SELECT min({column}) FROM {table}_before")).scalar()  # noqa: S608
    first = now if oldest is None else max(min(now, _moment(column, oldest)), now - FURTHEST_BACK)
    low = _start(first, weekly=weekly)
    while low < now + AHEAD:
        high = low + timedelta(days=7) if weekly else _start(low + A_MONTH_AT_MOST, weekly=False)
        yield low, high
        low = high


def _start(moment: datetime, *, weekly: bool) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday()) if weekly else day.replace(day=1)


def _moment(column: str, value: int | str) -> datetime:
    """A slate's id begins with its time in milliseconds; times are microseconds."""
    if column != "slate":
        return datetime.fromtimestamp(int(value) / 1_000_000, UTC)
    try:
        return datetime.fromtimestamp((int(str(value), 16) >> 80) / 1000, UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def _bound(column: str, moment: datetime) -> str:
    milliseconds = int(moment.timestamp()) * 1000
    return f"{milliseconds << 80:032x}" if column == "slate" else str(milliseconds * 1000)


def _make_constraints() -> None:
    for table, (column, _) in PARTED.items():
        op.create_primary_key(f"pk_{table}", table, ["id", column])
    _make_foreign_keys()
    unique = ["shop_id", "event_key", "occurred_at"]
    op.create_unique_constraint("uq_behaviour_event_shop_id_event_key_occurred_at", "behaviour_event", unique)


def _remake_constraints() -> None:
    for table in PARTED:
        op.create_primary_key(f"pk_{table}", table, ["id"])
    _make_foreign_keys()
    op.create_unique_constraint("uq_behaviour_event_shop_id_event_key", "behaviour_event", ["shop_id", "event_key"])
    op.create_unique_constraint(
        "uq_delivery_shop_id_platform_delivery_key", "delivery", ["shop_id", "platform", "delivery_key"]
    )


def _make_foreign_keys() -> None:
    """What the tables had besides their number."""
    for table in PARTED:
        op.create_foreign_key(f"fk_{table}_shop_id_shop", table, "shop", ["shop_id"], ["id"], ondelete="CASCADE")
    references = [("behaviour_event", each) for each in ("product", "session", "visitor")] + [("impression", "product")]
    for table, other in references:
        name = f"fk_{table}_{other}_id_{other}"
        op.create_foreign_key(name, table, other, [f"{other}_id"], ["id"], ondelete="CASCADE")
    op.create_unique_constraint("uq_slate_shop_id_slate", "slate", ["shop_id", "slate"])
    op.create_unique_constraint("uq_impression_shop_id_slate_position", "impression", ["shop_id", "slate", "position"])
    op.create_index("ix_impression_seen_at", "impression", ["shop_id", "seen_at"])
    op.create_index("ix_behaviour_event_occurred_at", "behaviour_event", ["shop_id", "occurred_at"])
    op.create_index("ix_behaviour_event_visitor", "behaviour_event", ["shop_id", "visitor_id", "occurred_at"])
