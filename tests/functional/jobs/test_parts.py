"""Deliveries are forgotten in time, on PostgreSQL a week at a time; one that waits is never forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connectors.base import Delivery as Arrival
from integration.services import retention
from integration.services.retention import DELIVERY
from integration.settings import Settings
from integration.storage import delivery_writes, partitions
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from tests.making import make_shop

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=60)


@pytest.fixture
def month(settings: Settings) -> Settings:
    return replace(settings, keep_deliveries_days=30)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return make_shop(database, settings)


def keep(database: Database, shop_id: int, key: str, at: datetime, status: str = "applied") -> None:
    arrival = Arrival("direct", "orders", key, b"{}", triggered_at=at)
    with database.of(shop_id).write() as connection:
        delivery_writes.keep(connection, shop_id, arrival, received_at=at, status=DeliveryStatus(status))


def kept(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(sa.select(DELIVERY.c.delivery_key)).scalars())


def parts(database: Database, table: str) -> list[datetime]:
    with database.read() as connection:
        return partitions.starts(connection)[table]


def in_part(database: Database, key: str) -> str:
    """The part that holds a delivery."""
    with database.read() as connection:
        part: sa.ColumnElement[str] = sa.literal_column("tableoid::regclass::text", sa.Text)
        found = sa.select(part).select_from(DELIVERY).where(DELIVERY.c.delivery_key == key)
        return str(connection.execute(found).scalar_one())


def forget(database: Database, settings: Settings, shop_id: int) -> None:
    """What the scheduler does in a day."""
    retention.keep_parts(database, settings, NOW)
    if shop_id in retention.due(database, settings, NOW):
        retention.tidy(database, settings, shop_id, NOW)


def test_what_is_old_is_forgotten_with_its_key(database: Database, month: Settings, shop_id: int) -> None:
    partitions.make_ahead(database, OLD)
    keep(database, shop_id, "old", OLD)
    keep(database, shop_id, "parked", OLD, "parked")
    keep(database, shop_id, "new", NOW - timedelta(days=5))
    forget(database, month, shop_id)
    assert kept(database) == ["new"]
    keep(database, shop_id, "old", NOW)
    keep(database, shop_id, "new", NOW)
    assert kept(database) == ["new", "old"]


def test_what_waits_is_kept_however_old(database: Database, month: Settings, shop_id: int) -> None:
    partitions.make_ahead(database, OLD)
    keep(database, shop_id, "waiting", OLD, "waiting")
    forget(database, month, shop_id)
    assert kept(database) == ["waiting"]


def test_no_part_is_needed_to_keep_a_delivery(database: Database, shop_id: int) -> None:
    for year in (2001, 2026, 2199):
        keep(database, shop_id, str(year), datetime(year, 1, 1, tzinfo=UTC))
    assert kept(database) == ["2001", "2026", "2199"]


def test_sqlite_has_no_parts(database: Database, settings: Settings, shop_id: int) -> None:
    if database.is_sqlite:
        assert retention.keep_parts(database, settings, NOW) == 0


class TestOnPostgresql:
    @pytest.fixture
    def database_url(self, _postgres_copies: Callable[[], tuple[str, Callable[[], None]]]) -> Iterator[str]:
        url, remove = _postgres_copies()
        yield url
        remove()

    def test_the_weeks_to_come_have_their_parts_and_making_them_again_makes_none(self, database: Database) -> None:
        later = NOW + timedelta(days=400)
        assert partitions.make_ahead(database, later) > 0
        assert partitions.make_ahead(database, later) == 0
        assert partitions.PARTED["delivery"].start(later) in parts(database, "delivery")
        assert partitions.PARTED["slate"].start(later) in parts(database, "impression")

    def test_what_came_before_its_part_was_made_moves_into_it(self, database: Database, shop_id: int) -> None:
        later = datetime(2031, 1, 7, tzinfo=UTC)
        keep(database, shop_id, "early", later)
        assert in_part(database, "early") == "delivery_default"
        partitions.make_ahead(database, later)
        assert in_part(database, "early") == "delivery_p20310106"

    def test_what_is_old_and_lies_in_no_part_of_its_own_is_forgotten_too(
        self, database: Database, month: Settings, shop_id: int
    ) -> None:
        keep(database, shop_id, "ancient", datetime(2021, 3, 4, tzinfo=UTC))
        keep(database, shop_id, "waiting", datetime(2021, 3, 4, tzinfo=UTC), "waiting")
        forget(database, month, shop_id)
        assert kept(database) == ["waiting"]

    def test_old_behaviour_goes_a_month_at_a_time(self, database: Database, settings: Settings) -> None:
        partitions.make_ahead(database, OLD)
        september = datetime(2026, 9, 1, tzinfo=UTC)
        assert september in parts(database, "behaviour_event")
        retention.keep_parts(database, replace(settings, keep_behaviour_days=10), NOW)
        assert september not in parts(database, "behaviour_event")
        assert datetime(2026, 11, 1, tzinfo=UTC) in parts(database, "behaviour_event")

    def test_a_table_that_somebody_holds_is_left_for_the_next_time(
        self, database: Database, month: Settings, shop_id: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = parts(database, "delivery")
        monkeypatch.setattr(partitions, "AHEAD", timedelta(days=120))
        with database.of(shop_id).write() as connection:
            connection.execute(sa.select(DELIVERY.c.id)).all()
            assert retention.keep_parts(database, month, NOW) == 0
        assert parts(database, "delivery") == before
        assert retention.keep_parts(database, month, NOW) > 0

    @pytest.mark.parametrize("wrong", ["shop", "delivery; DROP TABLE shop", "pg_class"])
    def test_only_our_own_tables_have_parts(self, database: Database, wrong: str) -> None:
        for question in ("SELECT shelfwise_drop_part(:of, '20260101')", "SELECT shelfwise_make_part(:of, '1', '', '')"):
            with pytest.raises(sa.exc.DBAPIError, match="has no part"), database.write() as connection:
                connection.execute(sa.text(question), {"of": wrong})
