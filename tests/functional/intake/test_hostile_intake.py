"""What is late, early, cut off or ill-meant, sent to the real web server and to the app itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from benchmarks.web_server import served
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.delivery_writes import DELIVERY
from tests.conftest import NOW
from tests.functional.conftest import Command
from tests.making import START, delivery, inventory, make_shop, stock

HOOK = "/webhooks/direct/demo"
TURNED = 300


def kept(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(DELIVERY)).scalar_one())


def shown(client: FlaskClient) -> set[str]:
    answer = client.get("/v1/slates?shop=demo&placement=home&count=48")
    return {item["product"] for item in answer.get_json()["items"]}


@pytest.fixture
def port(settings: Settings) -> Iterator[int]:
    with served(settings) as listening:
        yield listening


def raw(port: int, sent: bytes, *, then_close: bool = False) -> int:
    """The status that the server answers to these very bytes; 0 where it just closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        if then_close:
            connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(65_536)
        except ConnectionError:
            return 0
    return int(answer[9:12]) if answer else 0


def head(sent: dict[str, Any], *more: str) -> bytes:
    lines = [f"POST {HOOK} HTTP/1.1", "Host: here", *(f"{name}: {value}" for name, value in sent["headers"].items())]
    return "\r\n".join([*lines, *more, "", ""]).encode()


def test_a_new_secret_and_the_one_before_are_both_valid_for_a_while(
    client: FlaskClient, database: Database, settings: Settings, shelfwise: Command
) -> None:
    make_shop(database, settings)
    told = shelfwise("shops", "rotate-secret", "demo", "--overlap-hours", "720")
    assert told.exit_code == 0, told.output
    new = told.output.split()[1]
    assert client.post(HOOK, **delivery("weather.changed", {})).status_code == 200
    assert client.post(HOOK, **delivery("weather.changed", {}, secret=new)).status_code == 200
    assert kept(database) == 2


def test_the_secret_before_is_refused_once_its_time_is_over(
    client: FlaskClient, database: Database, settings: Settings, shelfwise: Command
) -> None:
    make_shop(database, settings)
    new = shelfwise("shops", "rotate-secret", "demo", "--overlap-hours", "0").output.split()[1]
    with database.write() as connection:
        connection.execute(sa.text("UPDATE connection SET previous_until = 1"))
    assert client.post(HOOK, **delivery("weather.changed", {})).status_code == 401
    assert client.post(HOOK, **delivery("weather.changed", {}, secret=new)).status_code == 200


def test_a_secret_is_not_rotated_for_a_shop_that_is_not_there(shelfwise: Command) -> None:
    told = shelfwise("shops", "rotate-secret", "nobody")
    assert told.exit_code == 1
    assert "there is no shop 'nobody'" in told.output


def test_a_time_far_ahead_does_not_win_for_ever(client: FlaskClient, database: Database, settings: Settings) -> None:
    stock(database, make_shop(database, settings), [1, 2])
    client.post(HOOK, **delivery("inventory.updated", inventory(1, 9, START + timedelta(days=40_000))))
    client.post(HOOK, **delivery("inventory.updated", inventory(1, 0, NOW + timedelta(minutes=1))))
    assert shown(client) == {"p2"}


def test_bodies_of_all_framings_are_read_by_the_server_as_they_were_signed(
    port: int, database: Database, settings: Settings
) -> None:
    make_shop(database, settings)
    sent = delivery("weather.changed", {"rain": True})
    body: bytes = sent["data"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
    whole = head(sent, f"Content-Length: {len(body)}") + body
    assert raw(port, whole) == 200
    assert raw(port, head(sent, "Transfer-Encoding: chunked") + chunks) == 200
    assert kept(database) == 1
    for refused in (
        head(sent, f"Content-Length: {len(body) - 1}") + body,
        head(sent, "Content-Length: 99999999999") + body,
        head(sent, "Content-Length: nonsense") + body,
        head(sent, f"Content-Length: {len(body)}", "Content-Length: 3") + body,
        head(sent, "Transfer-Encoding: chunked") + b"zz\r\n" + body,
    ):
        assert raw(port, refused, then_close=True) in {0, 400, 401, 413}
    raw(port, head(sent, f"Content-Length: {len(body) + 9}") + body, then_close=True)
    assert raw(port, whole) == 200
    assert kept(database) == 1


def test_deliveries_changed_at_random_are_refused_and_not_kept(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    make_shop(database, settings)
    draw = Random(20_261_124)
    for _ in range(TURNED):
        sent = delivery("order.created", {"id": "o1"})
        body, at = bytearray(sent["data"]), draw.randrange(len(sent["data"]))
        body[at] = (body[at] + draw.randint(1, 255)) % 256
        sent["data"] = draw.choice((bytes(body), sent["data"][:at], sent["data"] + b" ", b""))
        assert client.post(HOOK, **sent).status_code == 401
    assert kept(database) == 0
