"""Visits that ended since the fit count without another one, and no shopper waits for it."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient

from benchmarks.web_server import served
from benchmarks.wire import Client, get_bytes
from integration.clock import Clock
from integration.services.behaviour import EVENT, SESSION, VISITOR
from integration.services.shelves import SHOP, Shelves
from integration.services.todays_visits import TodaysVisits
from integration.services.training import artifact_folder, train
from integration.settings import Settings
from integration.storage.base import to_micros
from integration.storage.catalogue import Product
from integration.storage.clicks import FRESH_CLICKS, LONGEST_VISIT, read_fresh_visits
from integration.storage.database import Database
from integration.storage.order_writes import erase_customer
from integration.storage.point_reads import PointReads
from integration.storage.upsert import table_of
from integration.web.services import KEY, Services
from recommender import artifacts
from tests.conftest import NOW, Maker
from tests.making import make_shop, order, write
from tests.trading import PRODUCTS, open_for_business, wait_until

PRODUCT = table_of(Product)
# Of the visits that the fit knew, most went from each product to the one after it.
FROM, USUAL, TODAY = 3, 4, 29
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
MANY = 150
VERSION = "v1"
PAGE = f"/v1/slates?placement=product&product=p{FROM}&shop="
_numbers = itertools.count(1)


def product_rows(database: Database, shop_id: int) -> dict[int, int]:
    """The store's id of each product number of a shop."""
    named = sa.select(PRODUCT.c.external_id, PRODUCT.c.id).where(PRODUCT.c.shop_id == shop_id)
    with database.read() as connection:
        return {int(name.removeprefix("p")): number for name, number in connection.execute(named)}


def walk(
    database: Database,
    shop_id: int,
    paths: Sequence[Sequence[int]],
    end: datetime,
    step: timedelta = timedelta(seconds=1),
) -> None:
    """Write one visitor's visits along these paths, each a minute after the one before it, the last ended at `end`."""
    ids, events = product_rows(database, shop_id), []
    with database.write() as connection:
        visitor = {"shop_id": shop_id, "token": f"walker-{next(_numbers)}", "first_seen_at": end, "last_seen_at": end}
        who = connection.execute(VISITOR.insert().values(**visitor).returning(VISITOR.c.id)).scalar_one()
        of = {"shop_id": shop_id, "visitor_id": who}
        for number, path in enumerate(paths):
            last = end - timedelta(minutes=len(paths) - 1 - number)
            times = [last - step * (len(path) - 1 - place) for place in range(len(path))]
            visit = SESSION.insert().values(**of, started_at=times[0], last_event_at=last).returning(SESSION.c.id)
            told = of | {"session_id": connection.execute(visit).scalar_one(), "kind": "view", "received_at": end}
            events += [
                told | {"event_key": f"e{next(_numbers)}", "product_id": ids[seen], "occurred_at": at}
                for seen, at in zip(path, times, strict=True)
            ]
        connection.execute(EVENT.insert(), events)


@pytest.fixture(scope="module")
def fitted(_sqlite_copies: Maker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact of a fit on visits."""
    url, remove = _sqlite_copies()
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("fitted"), database_url=url, secret_keys=Fernet.generate_key().decode()
    )
    settings, database = settings.with_defaults(), Database(url)
    shop_id = make_shop(database, settings)
    open_for_business(database, shop_id, orders=6)
    chance = np.random.default_rng(5)
    steps = np.where(chance.random((700, 3)) < 0.15, chance.integers(0, PRODUCTS, (700, 3)), 1)
    first = chance.integers(0, PRODUCTS, (700, 1))
    walk(database, shop_id, ((first + np.cumsum(steps, axis=1)) % PRODUCTS + 1).tolist(), LONG_AGO)
    version = train(database, settings, shop_id, trigger="test").version
    database.close()
    remove()
    return artifact_folder(settings, shop_id, version)


def open_shop(database: Database, settings: Settings, fitted: Path, key: str = "demo") -> int:
    """A shop that is served by the artifact, as if it had been fitted for it."""
    shop_id = make_shop(database, settings, key)
    open_for_business(database, shop_id, orders=6)
    model, about = artifacts.load(fitted)
    ids = np.array(sorted(product_rows(database, shop_id).values()), np.int64)
    artifacts.save(replace(model, product_ids=ids), artifact_folder(settings, shop_id, VERSION), about)
    with database.write() as connection:
        connection.execute(SHOP.update().where(SHOP.c.id == shop_id).values(serving_version=VERSION))
    return shop_id


def post(client: FlaskClient, paths: Sequence[Sequence[int]], end: datetime) -> None:
    """Have a visitor along each path tell of it, as a browser does."""
    for path in paths:
        number = next(_numbers)
        events = [
            {
                "id": f"{number}-{place}",
                "kind": "view",
                "product": f"p{seen}",
                "at": (end + timedelta(seconds=place)).isoformat(),
            }
            for place, seen in enumerate(path)
        ]
        batch = {"shop": "demo", "consent": True, "visitor": f"visitor-{number}", "events": events}
        assert client.post("/v1/events", json=batch).get_json()["kept"] == len(path)


def leader(client: FlaskClient, shop: str = "demo") -> str:
    """What a slate begins with, on the page of the product that all paths begin with."""
    return str(client.get(PAGE + shop).get_json()["items"][0]["product"])


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        """What it shows."""
        return self.at


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def a_round(app: Flask) -> Callable[[], None]:
    services: Services = app.extensions[KEY]
    return services.todays_visits.round


def test_what_visitors_go_on_to_today_counts_in_their_shop_without_another_fit(
    database: Database, settings: Settings, fitted: Path, client: FlaskClient, a_round: Callable[[], None]
) -> None:
    open_shop(database, settings, fitted)
    open_shop(database, settings, fitted, "other")
    assert (leader(client), leader(client, "other")) == (f"p{USUAL}", f"p{USUAL}")
    others = client.get(PAGE + "other").get_json()["items"]
    post(client, [(FROM, TODAY)] * MANY, NOW - timedelta(hours=1))
    a_round()
    slate = client.get(PAGE + "demo").get_json()
    assert (slate["items"][0]["product"], slate["model_version"]) == (f"p{TODAY}", VERSION)
    assert client.get(PAGE + "other").get_json()["items"] == others


def test_a_visit_counts_once_it_has_ended(
    database: Database, settings: Settings, fitted: Path, client: FlaskClient, a_round: Callable[[], None], clock: Watch
) -> None:
    shop_id = open_shop(database, settings, fitted)
    leader(client)
    clock.at = NOW + timedelta(minutes=30)
    walk(database, shop_id, [(FROM, TODAY)] * MANY, NOW + timedelta(minutes=MANY))
    a_round()
    assert leader(client) == f"p{USUAL}"
    clock.at = NOW + timedelta(minutes=MANY + 30, seconds=1)
    a_round()
    assert leader(client) == f"p{TODAY}"


def test_what_an_erased_visitor_did_is_forgotten_by_the_next_round(
    database: Database, settings: Settings, fitted: Path, client: FlaskClient, a_round: Callable[[], None]
) -> None:
    shop_id = open_shop(database, settings, fitted)
    leader(client)
    walk(database, shop_id, [(FROM, TODAY)] * MANY, NOW - timedelta(hours=1))
    a_round()
    assert leader(client) == f"p{TODAY}"
    write(database, shop_id, [order(1000, [1], customer="c-erased")])
    with database.write() as connection:
        known = sa.text("UPDATE visitor SET customer_id = (SELECT id FROM customer WHERE external_id = 'c-erased')")
        connection.execute(known)
        erase_customer(connection, shop_id, "c-erased", NOW)
    a_round()
    assert leader(client) == f"p{USUAL}"


def test_a_new_model_and_a_delivery_find_todays_visits_in_their_place(
    database: Database, settings: Settings, fitted: Path, client: FlaskClient, a_round: Callable[[], None]
) -> None:
    shop_id = open_shop(database, settings, fitted)
    leader(client)
    walk(database, shop_id, [(FROM, TODAY)] * MANY, NOW - timedelta(hours=1))
    a_round()
    write(database, shop_id, [order(1001, [1])])
    open_for_business(database, shop_id, orders=0)
    assert leader(client) == f"p{TODAY}"
    with database.write() as connection:
        connection.execute(SHOP.update().values(serving_version=None))
    assert leader(client) != f"p{TODAY}"
    a_round()
    with database.write() as connection:
        connection.execute(SHOP.update().values(serving_version=VERSION))
    leader(client)
    a_round()
    assert leader(client) == f"p{TODAY}"


def test_a_model_that_has_ceased_to_serve_meanwhile_does_not_come_back_with_todays_visits(
    database: Database, settings: Settings, fitted: Path
) -> None:
    open_shop(database, settings, fitted)
    shelves = Shelves(database, PointReads(database), settings.artifacts_dir)
    shelves.view("demo", None, None)
    (shop,) = shelves.admitted()
    learnt = shop.learnt
    assert learnt is not None
    with database.write() as connection:
        connection.execute(SHOP.update().values(serving_version=None))
    shelves.view("demo", None, None)
    shop.hear(learnt, learnt.next_item)
    assert shop.model is None


def test_a_store_that_is_away_leaves_what_was_heard_as_it_was_and_is_logged_once(
    database: Database, settings: Settings, fitted: Path, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop_id = open_shop(database, settings, fitted)
    walk(database, shop_id, [(FROM, TODAY)] * MANY, NOW - timedelta(hours=1))
    shelves = Shelves(database, PointReads(database), settings.artifacts_dir)
    shelves.view("demo", None, None)
    (shop,) = shelves.admitted()
    TodaysVisits(database, shelves, clock, session_minutes=30, seconds=0).round()
    heard = shop.model
    assert heard is not None
    assert heard.next_item is not None
    assert len(heard.next_item.index.today.bounds) - 1 == MANY
    away = Database(f"sqlite:///{tmp_path / 'without_tables.sqlite3'}")
    visits = TodaysVisits(away, shelves, clock, session_minutes=30, seconds=0)
    with caplog.at_level(logging.ERROR):
        visits.round()
        visits.round()
    assert len(caplog.records) == 1
    assert shop.model is heard
    away.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_web_process_does_it_by_itself(database: Database, settings: Settings, fitted: Path) -> None:
    shop_id = open_shop(database, settings, fitted)
    with served(replace(settings, web_processes=1, fresh_visits_seconds=1)) as port:
        shopper = Client(port)

        def leads() -> str:
            return str(json.loads(shopper.send(get_bytes(f"{PAGE}demo"))[1])["items"][0]["product"])

        assert leads() == f"p{USUAL}"
        walk(database, shop_id, [(FROM, TODAY)] * MANY, datetime.now(UTC) - timedelta(hours=1))
        wait_until(lambda: leads() == f"p{TODAY}")
        shopper.close()


def test_visits_are_read_from_the_end_of_the_models_data_on_those_under_way_then_whole(
    database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    open_for_business(database, shop_id, orders=0)
    other = make_shop(database, settings, "other")
    open_for_business(database, other, orders=0)
    ids = np.array(sorted(number for shop in (shop_id, other) for number in product_rows(database, shop).values()))
    walk(database, other, [(9, 10)], NOW - timedelta(hours=6))
    hour = timedelta(hours=1)
    for path, hours in [((1, 2), 9.0), ((3, 4, 5), 7.5), ((6, 7), 6.0), ((7, 8), 5.0)]:
        walk(database, shop_id, [path], NOW - hours * hour, step=hour)

    def read(at_most: int) -> list[list[int]]:
        since, quiet = to_micros(NOW - 8 * hour), to_micros(NOW - 5 * hour)
        found = read_fresh_visits(database, shop_id, ids, since=since, quiet_since=quiet, at_most=at_most)
        return [(found.items[a:b] + 1).tolist() for a, b in itertools.pairwise(found.bounds)]

    assert read(10) == [[3, 4, 5], [6, 7]]
    assert read(1) == [[6, 7]]
    assert timedelta(microseconds=LONGEST_VISIT) > 2 * hour


def test_a_round_reads_no_more_than_the_time_since_the_fit(_sqlite_copies: Maker) -> None:
    url, remove = _sqlite_copies()
    database = Database(url)
    source = FRESH_CLICKS.source.format(shop=1)
    with database.read() as connection:
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN SELECT 1 {source} AND {FRESH_CLICKS.key} >= 5 ORDER BY {FRESH_CLICKS.order}"
        ).all()
    assert "ix_behaviour_event_occurred_at (shop_id=? AND occurred_at>?)" in plan[0][3]
    assert "INTEGER PRIMARY KEY" in plan[1][3]
    database.close()
    remove()
