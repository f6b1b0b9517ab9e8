"""What is due is enqueued, once, by whichever scheduler leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from redis import Redis

from integration.jobs.queues import connect, queue_states
from integration.jobs.schedule import FULL_SWEEP, Scheduler
from integration.jobs.sweep import Swept, sweep
from integration.services import upkeep
from integration.services.training import train
from integration.services.upkeep import Due, due_fits, last_nightly_hour
from integration.settings import Settings
from integration.storage import fits
from integration.storage.base import to_micros
from integration.storage.database import Database
from integration.storage.fits import FIT, SHOP, Details
from integration.storage.models import FitStatus
from tests.making import START, delivery, inventory, make_shop, order, write
from tests.trading import habits, open_for_business

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MORNING = NOON - timedelta(hours=4)


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    client = connect(settings)
    yield client
    client.close()


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    """A shop of some age with a few orders that a fit of this morning has seen."""
    number = make_shop(database, settings)
    with database.write() as connection:
        connection.execute(sa.update(SHOP).values(created_at=START))
    write(database, number, habits(range(20)))
    fitted(database, number, FitStatus.PUBLISHED, MORNING)
    return number


def fitted(database: Database, shop_id: int, status: FitStatus, at: datetime, trigger: str = "nightly") -> None:
    """A fit that ended so, without the work."""
    fit = fits.begin_fit(
        database, shop_id, version=at.isoformat(), trigger=trigger, now=at, lease=timedelta(seconds=30)
    )
    details = Details(data_until=to_micros(START)) if status is FitStatus.PUBLISHED else Details()
    with database.write() as connection:
        fits.end_fit(connection, fit, status, message="", now=at, details=details)


def due(database: Database, settings: Settings, now: datetime = NOON) -> list[str]:
    return [each.trigger for each in due_fits(database, settings, now)]


def test_nothing_is_due_after_a_fit_since_the_night(database: Database, settings: Settings, shop_id: int) -> None:
    assert due(database, settings) == []


def test_enough_new_orders_make_a_fit_due(database: Database, settings: Settings, shop_id: int) -> None:
    new = [order(100 + number, [1, 2], at=START + timedelta(hours=1 + number)) for number in range(10)]
    write(database, shop_id, new[:9])
    assert due(database, replace(settings, retrain_after_orders=10)) == []
    write(database, shop_id, new[9:])
    assert due(database, replace(settings, retrain_after_orders=10)) == ["new orders"]


def test_a_fit_is_due_every_night(database: Database, settings: Settings, shop_id: int) -> None:
    tonight = datetime(2026, 11, 24, settings.nightly_hour, tzinfo=UTC)
    assert due(database, settings, tonight - timedelta(seconds=1)) == []
    assert due(database, settings, tonight) == ["nightly"]


def test_a_fit_that_failed_tonight_is_not_repeated_before_the_next_night(
    database: Database, settings: Settings, shop_id: int
) -> None:
    tonight = datetime(2026, 11, 24, settings.nightly_hour, tzinfo=UTC)
    fitted(database, shop_id, FitStatus.FAILED, tonight)
    assert due(database, settings, tonight + timedelta(hours=20)) == []


def test_a_killed_fit_is_repeated_twice_and_no_more(database: Database, settings: Settings, shop_id: int) -> None:
    for minute, expected in enumerate((["repeat"], ["repeat"], [])):
        fitted(database, shop_id, FitStatus.KILLED, NOON - timedelta(minutes=30 - minute))
        assert due(database, settings) == expected


def test_a_fit_stopped_by_hand_is_not_repeated(database: Database, settings: Settings, shop_id: int) -> None:
    fitted(database, shop_id, FitStatus.KILLED, NOON, trigger=upkeep.BY_HAND)
    assert due(database, settings) == []


def test_a_new_shop_is_left_to_whoever_installs_it(database: Database, settings: Settings) -> None:
    write(database, make_shop(database, settings), habits(range(300)))
    now = datetime.now(UTC)
    assert due(database, settings, now) == []
    assert due(database, settings, now + upkeep.SETTLING) != []


def test_a_shop_without_orders_or_that_has_left_is_never_due(
    database: Database, settings: Settings, shop_id: int
) -> None:
    make_shop(database, settings, "empty")
    with database.write() as connection:
        connection.execute(sa.update(SHOP).where(SHOP.c.id == shop_id).values(uninstalled_at=NOON))
    assert due(database, settings, NOON + timedelta(days=9)) == []


def test_a_shop_whose_fit_runs_is_not_due(database: Database, settings: Settings, shop_id: int) -> None:
    later = NOON + timedelta(days=2)
    fits.begin_fit(database, shop_id, version="now", trigger="hand", now=later, lease=timedelta(minutes=1))
    assert due_fits(database, settings, later) == []


@pytest.mark.parametrize(("hour", "night"), [(2, 22), (3, 23), (4, 23)])
def test_the_last_nightly_hour_is_the_newest_one_that_has_begun(hour: int, night: int) -> None:
    now = datetime(2026, 11, 23, hour, 0, tzinfo=UTC)
    assert last_nightly_hour(Settings(nightly_hour=3), now) == datetime(2026, 11, night, 3, tzinfo=UTC)


def test_the_sweep_enqueues_what_the_queue_missed(
    database: Database, settings: Settings, shop_id: int, client: FlaskClient, redis: Redis
) -> None:
    body = {
        "id": "o900",
        "ordered_at": NOON.isoformat(),
        "updated_at": NOON.isoformat(),
        "currency": "GBP",
        "lines": [],
    }
    assert client.post("/webhooks/direct/demo", **delivery("order.created", body)).status_code == 200
    redis.flushall()
    night = NOON + timedelta(days=1)
    assert sweep(database, settings, redis, night) == Swept(drains=1, fits=1, lost=0, others=1)
    assert sweep(database, settings, redis, night) == Swept(drains=0, fits=0, lost=0)
    assert [(state.name, state.waiting) for state in queue_states(settings)] == [
        ("intake", 1),
        ("platform", 1),  # where it is listened to whether deliveries still come
        ("training", 1),
        ("graph", 0),
    ]


def test_stock_needs_no_drain(
    database: Database, settings: Settings, shop_id: int, client: FlaskClient, redis: Redis
) -> None:
    client.post("/webhooks/direct/demo", **delivery("inventory.updated", inventory(1, 0, NOON)))
    assert upkeep.shops_with_waiting_deliveries(database, NOON) == []


def test_the_sweep_buries_lost_fits(database: Database, settings: Settings, shop_id: int, redis: Redis) -> None:
    fits.begin_fit(database, shop_id, version="lost", trigger="nightly", now=NOON, lease=timedelta(seconds=30))
    swept = sweep(database, settings, redis, NOON + timedelta(minutes=1))
    assert swept.lost == 1
    with database.read() as connection:
        status = connection.execute(sa.select(FIT.c.status).where(FIT.c.version == "lost")).scalar_one()
    assert status == FitStatus.KILLED
    assert swept.fits == 1


def test_of_two_schedulers_one_works_until_it_steps_down(
    database: Database, settings: Settings, shop_id: int, redis: Redis
) -> None:
    one, other = Scheduler(database, settings, redis), Scheduler(database, settings, redis)
    assert one.tick(NOON)
    assert not other.tick(NOON)
    assert one.tick(NOON + FULL_SWEEP)
    one.step_down()
    assert other.tick(NOON + FULL_SWEEP)


def test_a_trained_shop_is_not_due_at_once(database: Database, settings: Settings) -> None:
    number = make_shop(database, settings)
    open_for_business(database, number, orders=60)
    train(database, replace(settings, iterations=2, factors=4), number, trigger=upkeep.BY_HAND)
    now = datetime.now(UTC) + upkeep.SETTLING
    night = last_nightly_hour(settings, now)
    assert Due(number, upkeep.NEW_ORDERS) not in due_fits(database, settings, max(now, night))
