"""Buying in the demo shop, with an intake that is there, away, or back again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from connectors.base import Delivery
from connectors.direct import CONNECTOR
from connectors.records import Current, InventoryLevel, Money, Order
from demo.catalogue import DemoShop, WindowProduct, WindowVariant
from demo.orders import CartLine, Counter, Postman
from demo.till import Till

SECRET = "the till's own secret"


class Intake(ThreadingHTTPServer):
    """Takes webhooks as Shelfwise does: verifies them with the direct connector. `status`: what it answers."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.tries: list[str] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), Answering)


class Answering(BaseHTTPRequestHandler):
    server: Intake

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert CONNECTOR.webhooks is not None
        delivery = CONNECTOR.webhooks.verify(dict(self.headers.items()), body, [SECRET])
        self.server.tries.append(delivery.key)
        if self.server.status == 200:
            self.server.taken.append(delivery)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def intake() -> Iterator[Intake]:
    server = Intake()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def shop(intake: Intake) -> DemoShop:
    address = f"http://127.0.0.1:{intake.server_port}/webhooks/direct/demo"
    return DemoShop("demo", "Demo", "GBP", "en", address, SECRET)


@pytest.fixture
def till(tmp_path: Path) -> Till:
    return Till(tmp_path / "till.sqlite3")


def line(pieces: int) -> CartLine:
    price = Money(Decimal("9.90"), "GBP")
    variant = WindowVariant("v1", "", price, None, {}, "i1", True, False, {"store": 2, "cellar": 1})
    return CartLine(WindowProduct("p1", "mug", "Mug", "", "", "", "", (), (variant,)), variant, pieces)


def records(intake: Intake) -> list[object]:
    assert CONNECTOR.webhooks is not None
    changes = [
        change
        for each in intake.taken
        for change in CONNECTOR.webhooks.changes(each.topic, each.body, datetime.now(UTC))
    ]
    return [change.record for change in changes if isinstance(change, Current)]


def test_a_sale_tells_the_stock_first_and_then_the_order(shop: DemoShop, till: Till, intake: Intake) -> None:
    order = Counter(till).buy(shop, [line(3)], visitor="visitor-token")
    *levels, sold = records(intake)
    assert levels == [InventoryLevel("i1", "store", 0), InventoryLevel("i1", "cellar", 0)]
    assert isinstance(sold, Order)
    assert (sold.external_id, sold.visitor, sold.lines[0].quantity) == (order, "visitor-token", 3)
    assert till.untold() == 0
    assert json.loads(till.sale("demo", order) or b"")["lines"][0]["title"] == "Mug"


def test_without_consent_the_order_names_no_visitor(shop: DemoShop, till: Till, intake: Intake) -> None:
    Counter(till).buy(shop, [line(1)], visitor="")
    assert b"visitor" not in intake.taken[-1].body


def test_a_purchase_succeeds_while_the_intake_is_down_and_is_told_later(
    shop: DemoShop, tmp_path: Path, intake: Intake, clock: Callable[[], datetime]
) -> None:
    till = Till(tmp_path / "till.sqlite3", clock)
    intake.status = 503
    order = Counter(till).buy(shop, [line(1)], visitor="")
    assert till.sale("demo", order) is not None
    assert intake.taken == []
    assert till.untold() == 2

    intake.status = 200
    later = Till(tmp_path / "till.sqlite3")
    Postman(later).deliver()
    assert later.untold() == 0
    assert len(intake.taken) == 2
    assert {each.key for each in intake.taken} == set(intake.tries)


def test_a_webhook_that_is_refused_is_not_sent_for_ever(shop: DemoShop, till: Till, intake: Intake) -> None:
    intake.status = 400
    Counter(till).buy(shop, [line(1)], visitor="")
    assert len(intake.tries) == 2
    assert till.untold() == 0
