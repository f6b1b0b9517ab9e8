"""Recorded deliveries in any order, doubled: once what they asked for is answered, the shop is as its REST API says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from connectors.records import Change, RecordKind, Refetch, Removed
from connectors.woocommerce import orders, products
from integration.services import refetches
from integration.services.apply import apply
from integration.services.drain import drain
from integration.settings import Settings
from integration.storage.catalogue_writes import PRODUCT, VARIANT
from integration.storage.database import Database
from integration.storage.order_writes import CUSTOMER, ORDER, ORDER_LINE
from integration.storage.shelf_rows import changed_since
from integration.storage.stock_writes import LEVEL
from tests.recorded import NAMES, body_of, capture, in_the_order_of_arrival, rest, woocommerce_shop

# When the answers were recorded, when the last delivery was, and the app's own time.
ANSWERED = datetime(2026, 11, 23, 11, 35, 27, tzinfo=UTC)
ENDED = datetime(2026, 11, 23, 11, 40, 24, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 11, 45, tzinfo=UTC)
# Of what was made after the answers were recorded, the last that the shop told.
LATER_PRODUCTS = {"55": "product.restored", "56": "product.updated.variable"}
LATER_ORDERS = {"43": "order.created.store-api", "59": "order.restored"}
# Of the answers, what the deliveries speak of, and what goes with it; 57 was deleted for good, which sends nothing.
SPOKEN_OF = frozenset({"12", "31", "32", "39", "41", "44", "55", "56", "57"})
# The variations of this one were recorded, it wasn't.
HOODIE = {"id": 12, "type": "variable", "status": "publish", "name": "Hoodie", "variations": [35, 30, 29, 28]}
_numbers = itertools.count(1)


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: NOW


def product(body: Mapping[str, Any], asked: datetime) -> list[Change]:
    read = msgspec.convert(body, products.ProductBody)
    return products.read(read, () if read.has_variations else None, asked)


def order(body: Mapping[str, Any], asked: datetime) -> list[Change]:
    return orders.read(msgspec.convert(body, orders.OrderBody), (), asked)


def variations() -> list[products.ProductBody]:
    return [msgspec.convert(body, products.ProductBody) for body in rest("products_variations")]


def every_product() -> dict[str, list[Change]]:
    """What the shop's REST API says of each product."""
    listed = [*rest("products_page1"), *rest("products_page2")]
    told = {str(body["id"]): product(body, ANSWERED) for body in listed}
    told["12"] = products.read(msgspec.convert(HOODIE, products.ProductBody), variations(), ANSWERED)
    return told | {external_id: product(body_of(name), ENDED) for external_id, name in LATER_PRODUCTS.items()}


def every_order() -> dict[str, list[Change]]:
    told = {str(body["id"]): order(body, ANSWERED) for body in rest("orders")}
    return told | {external_id: order(body_of(name), ENDED) for external_id, name in LATER_ORDERS.items()}


class Answers:
    """The shop's REST API, as far as it was recorded."""

    kinds = ("products", "orders")

    def __init__(self) -> None:
        self._told = {RecordKind.PRODUCT: every_product(), RecordKind.ORDER: every_order()}

    def read(self, kind: str, *, position: str, since: datetime | None) -> Any:
        raise NotImplementedError

    def fetch(self, wanted: Sequence[Refetch]) -> Sequence[Change]:
        return [
            change
            for each in wanted
            for change in self._told[each.kind].get(each.external_id)
            or (Removed(each.kind, each.external_id, ANSWERED),)
        ]


def settle(database: Database, shop_id: int) -> None:
    """Let the jobs do what is to be done."""
    while drain(database, shop_id, now=NOW):
        pass
    for _ in range(3):
        refetches.fetch(database, shop_id, Answers(), clock=lambda: NOW)


def state(database: Database, shop_id: int) -> dict[str, Any]:
    """What the store says of the things that both the deliveries and the answers speak of, without when it was told."""
    told = {"id", "shop_id", "source_version", "shelf_version", "removed_at", "sold_out_at", "product_id"}
    found: dict[str, Any] = {}
    with database.read() as connection:
        there = sa.select(PRODUCT.c.id, PRODUCT.c.external_id).where(PRODUCT.c.removed_at.is_(None))
        owners: dict[int, str] = dict(map(tuple, connection.execute(there)))
        for table in (PRODUCT, VARIANT):
            here = sa.select(table).where(table.c.shop_id == shop_id, table.c.removed_at.is_(None))
            for row in connection.execute(here).mappings():
                if owners.get(row["product_id" if table is VARIANT else "id"]) in SPOKEN_OF:
                    found[f"{table.name} {row['external_id']}"] = {k: v for k, v in row.items() if k not in told}
        live = {name.removeprefix("variant ") for name in found if name.startswith("variant ")}
        levels = sa.select(LEVEL.c.inventory_item, LEVEL.c.available).where(LEVEL.c.shop_id == shop_id)
        found["levels"] = {item: left for item, left in connection.execute(levels) if item in live}
        for row in connection.execute(sa.select(ORDER).where(ORDER.c.shop_id == shop_id)).mappings():
            if row["removed_at"] is None:
                lines = connection.execute(
                    sa.select(
                        ORDER_LINE.c.product_id, ORDER_LINE.c.variant, ORDER_LINE.c.quantity, ORDER_LINE.c.unit_price
                    )
                    .where(ORDER_LINE.c.order_id == row["id"])
                    .order_by(ORDER_LINE.c.id)
                )
                sold = [(owners[line.product_id], line.variant, line.quantity, line.unit_price) for line in lines]
                found[f"order {row['external_id']}"] = ({k: v for k, v in row.items() if k not in told}, sold)
        kept = sa.select(CUSTOMER.c.external_id).where(CUSTOMER.c.shop_id == shop_id, CUSTOMER.c.erased_at.is_(None))
        found["customers"] = set(connection.scalars(kept))
        shelf = changed_since(connection, shop_id, -1)
        found["shelf"] = {
            each.external_id: [(form.external_id, form.price, form.stock) for form in each.variants]
            for each in shelf
            if each.external_id in SPOKEN_OF and each.offered
        }
    return found


@pytest.fixture
def as_the_shop_says(database: Database, settings: Settings) -> dict[str, Any]:
    shop_id = woocommerce_shop(database, settings, "truth")
    told = itertools.chain(*every_product().values(), *every_order().values())
    with database.write() as connection:
        apply(connection, shop_id, list(told), now=NOW)
    return state(database, shop_id)


@trials(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_order_and_however_often_they_come_the_shop_is_as_its_own_answers_say(
    client: FlaskClient,
    database: Database,
    settings: Settings,
    as_the_shop_says: dict[str, Any],
    data: st.DataObject,
) -> None:
    key = f"rig-{next(_numbers)}"
    shop_id = woocommerce_shop(database, settings, key)
    doubled = data.draw(st.lists(st.sampled_from(NAMES), max_size=10))
    for name in data.draw(st.permutations([*NAMES, *doubled])):
        assert client.post(f"/webhooks/woocommerce/{key}", **capture(name)).status_code == 200
        if data.draw(st.integers(0, 9)) == 0:
            drain(database, shop_id, now=NOW)
    settle(database, shop_id)
    assert state(database, shop_id) == as_the_shop_says


def test_in_the_order_of_arrival_the_shelf_is_right_before_anything_is_asked(
    client: FlaskClient, database: Database, settings: Settings, as_the_shop_says: dict[str, Any]
) -> None:
    shop_id = woocommerce_shop(database, settings)
    for name in in_the_order_of_arrival():
        client.post("/webhooks/woocommerce/rig", **capture(name))
    while drain(database, shop_id, now=NOW):
        pass
    told = state(database, shop_id)
    # Of 12 only a variation was told.
    assert told["shelf"] == {name: there for name, there in as_the_shop_says["shelf"].items() if name != "12"}
    assert told["customers"] == as_the_shop_says["customers"]
    assert {name for name in told if name.startswith("order ")} == {"order 36", "order 43", "order 59"}
