"""`shelfwise deliveries`, as it is typed: what was given up is found, looked at, and tried again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result

from connectors.base import Delivery
from integration.services.drain import drain
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.delivery_writes import DELIVERY, keep
from integration.storage.order_writes import ORDER
from tests.making import START, make_shop

Command = Callable[..., Result]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LINE = {"id": "1", "product": "p1", "variant": "v1", "quantity": 1, "unit_price": "9.90"}
BODY = {"ordered_at": START.isoformat(), "updated_at": START.isoformat(), "currency": "GBP", "lines": [LINE]}


def arrive(database: Database, shop_id: int, number: int, *, topic: str = "order.updated", **values: Any) -> int:
    """A delivery that was given up an hour ago, or as `values` say."""
    body = json.dumps(BODY | {"id": f"o{number}"}).encode()
    then = datetime.now(UTC) - timedelta(hours=1)
    parked = {"status": DeliveryStatus.PARKED, "attempts": 6, "error": "DataError: value out of range"}
    with database.write() as connection:
        arrival = Delivery("direct", topic, f"d{shop_id}-{number}", body, f"order/o{number}", START)
        kept = keep(connection, shop_id, arrival, received_at=then, status=DeliveryStatus.WAITING)
        assert kept is not None
        connection.execute(sa.update(DELIVERY).where(DELIVERY.c.id == kept).values(**parked | values))
    return kept


def statuses(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(sa.select(DELIVERY.c.status).order_by(DELIVERY.c.id)))


def orders(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(sa.select(ORDER.c.external_id)))


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    return make_shop(database, settings)


def test_parked_ones_are_listed_with_their_error(shelfwise: Command, database: Database, shop_id: int) -> None:
    arrive(database, shop_id, 1)
    arrive(database, shop_id, 2, status=DeliveryStatus.WAITING)
    said = shelfwise("deliveries", "list", "--status", "parked").stdout
    assert "order/o1" in said
    assert "value out of range" in said
    assert "order/o2" not in said


def test_a_script_reads_a_line_for_each_without_bodies(shelfwise: Command, database: Database, shop_id: int) -> None:
    for number in range(3):
        arrive(database, shop_id, number)
    lines = shelfwise("deliveries", "list", "--json", "--limit", "2").stdout.splitlines()
    told = [json.loads(line) for line in lines]
    assert [each["aggregate"] for each in told] == ["order/o2", "order/o1"], "the newest first"
    assert told[0]["shop"] == "demo"
    assert told[0]["bytes"] > 0
    assert "body" not in told[0]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--shop", "demo"], {"o1", "o2"}),
        (["--topic", "order.created"], {"o2"}),
        (["--since", "2h"], {"o1", "o2", "o3"}),
        (["--since", "30m"], set()),
        (["--since", "2026-01-01"], {"o1", "o2", "o3"}),
        (["--shop", "other", "--topic", "order.updated", "--since", "1d"], {"o3"}),
    ],
)
def test_one_filter_serves_to_look_and_to_try_again(
    shelfwise: Command, database: Database, settings: Settings, shop_id: int, options: list[str], found: set[str]
) -> None:
    other = make_shop(database, settings, "other")
    arrive(database, shop_id, 1)
    arrive(database, shop_id, 2, topic="order.created")
    arrive(database, other, 3)
    listed = [json.loads(each) for each in shelfwise("deliveries", "list", "--json", *options).stdout.splitlines()]
    assert {each["aggregate"].partition("/")[2] for each in listed} == found
    assert shelfwise("deliveries", "replay", "--yes", *options).exit_code == 0
    for shop in (shop_id, other):
        drain(database, shop, now=datetime.now(UTC))
    assert orders(database) == found


def test_replaying_twice_is_replaying_once(shelfwise: Command, database: Database, shop_id: int) -> None:
    number = arrive(database, shop_id, 1)
    assert shelfwise("deliveries", "replay", str(number)).exit_code == 0
    assert statuses(database) == ["waiting"]
    again = shelfwise("deliveries", "replay", str(number))
    assert again.exit_code == 1
    assert "waits already" in again.output
    drain(database, shop_id, now=datetime.now(UTC))
    assert statuses(database) == ["applied"]
    assert "was applied" in shelfwise("deliveries", "replay", str(number)).output
    assert "nothing to try again" in shelfwise("deliveries", "replay", "--shop", "demo").output
    assert statuses(database) == ["applied"]


def test_one_that_fails_again_is_parked_again_at_once(shelfwise: Command, database: Database, shop_id: int) -> None:
    number = arrive(database, shop_id, 1, body=b"{}")
    shelfwise("deliveries", "replay", str(number))
    drain(database, shop_id, now=datetime.now(UTC))
    assert statuses(database) == ["parked"]


def test_many_are_counted_and_asked_about_first(shelfwise: Command, database: Database, shop_id: int) -> None:
    for number in range(3):
        arrive(database, shop_id, number)
    asked = shelfwise("deliveries", "replay", "--shop", "demo")
    assert "Try 3 deliveries again?" in asked.output
    assert statuses(database) == ["parked"] * 3, "nobody said yes"
    assert "3 deliveries" in shelfwise("deliveries", "replay", "--shop", "demo", "--yes").output
    assert statuses(database) == ["waiting"] * 3


def test_what_is_kept_of_one_is_shown_and_its_body_when_asked(
    shelfwise: Command, database: Database, shop_id: int
) -> None:
    number = str(arrive(database, shop_id, 1))
    assert "GBP" not in shelfwise("deliveries", "show", number).output
    told = json.loads(shelfwise("deliveries", "show", number, "--json", "--body").stdout)
    assert json.loads(told["body"])["id"] == "o1"
    assert told["attempts"] == 6
    assert told["error"] == "DataError: value out of range"


def test_what_strangers_wrote_gives_the_terminal_no_orders(
    shelfwise: Command, database: Database, shop_id: int
) -> None:
    hostile = "\x1b]0;owned\x07[bold]\x1b[2J"
    number = arrive(database, shop_id, 1, error=hostile, topic=f"order{hostile}"[:100])
    for arguments in (["list"], ["show", str(number)], ["show", str(number), "--json"]):
        said = shelfwise("deliveries", *arguments)
        assert said.exit_code == 0
        assert not {"\x1b", "\x07"} & set(said.output)
        assert "[bold]" in said.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["replay"], "name one delivery by its number"),
        (["replay", "1", "--shop", "demo"], "not both"),
        (["replay", "4711"], "there is no delivery 4711"),
        (["show", "4711"], "there is no delivery 4711"),
        (["list", "--shop", "nobody"], "there is no shop 'nobody'"),
        (["list", "--since", "yesterday"], "neither a span"),
        (["list", "--since", "999999w"], "neither a span"),
        (["show", "99999999999999999999"], "not in the range"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(shelfwise: Command, shop_id: int, arguments: list[str], says: str) -> None:
    said = shelfwise("deliveries", *arguments)
    assert said.exit_code != 0
    assert says in said.output


def test_one_whose_body_was_erased_is_not_tried_again(shelfwise: Command, database: Database, shop_id: int) -> None:
    number = str(arrive(database, shop_id, 1, body=b"", error="its customer was erased"))
    assert "its customer was erased" in shelfwise("deliveries", "replay", number).output
    assert "nothing to try again" in shelfwise("deliveries", "replay", "--shop", "demo").output
    assert statuses(database) == ["parked"]
