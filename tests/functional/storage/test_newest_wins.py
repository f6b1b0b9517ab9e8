"""Whatever the order in which a platform's news arrive, and however often, the store ends up the same."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.records import Change, Current, EraseCustomer, InventoryLevel, Product, RecordKind, Removed
from integration.settings import Settings
from integration.storage import catalogue, orders
from integration.storage.base import from_micros
from integration.storage.catalogue_writes import PRODUCT, VARIANT
from integration.storage.database import Database
from integration.storage.order_writes import CUSTOMER, ORDER, ORDER_LINE
from integration.storage.stock_writes import LEVEL
from integration.storage.upsert import table_of
from tests.making import START, make_shop, order, product, write

SHOPS = itertools.count()
TITLES = st.sampled_from(["Mug", "Cup", "Beaker"])


def at(minute: int) -> Any:
    return START + timedelta(minutes=minute)


@st.composite
def histories(draw: st.DrawFn) -> list[Current | Removed]:
    """Distinct states of a few records; no two states of one record have the same time."""
    changes: list[Current | Removed] = []
    for number in (1, 2):
        for minute in draw(st.sets(st.integers(1, 30), max_size=4)):
            if draw(st.booleans()):
                record = product(number, title=draw(TITLES))[0].record  # type: ignore[union-attr]
                changes.append(Current(record, at(minute)))
            else:
                changes.append(Removed(RecordKind.PRODUCT, f"p{number}", at(minute)))
        changes.extend(
            Current(InventoryLevel(f"v{number}", "shop", draw(st.integers(-1, 5))), at(minute))
            for minute in draw(st.sets(st.integers(1, 30), max_size=4))
        )
    for minute in draw(st.sets(st.integers(1, 30), max_size=3)):
        bought = order(7, draw(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True)), customer="c1")
        changes.append(Current(bought.record, at(minute)))  # type: ignore[union-attr]
    return changes


def state(database: Database, shop_id: int) -> list[Any]:
    """All that is kept of a shop's catalogue and orders, without row numbers."""
    queries = [
        sa.select(PRODUCT.c.external_id, PRODUCT.c.removed_at, PRODUCT.c.source_version)
        .where(PRODUCT.c.shop_id == shop_id)
        .where((PRODUCT.c.source_version > from_micros(0)) | PRODUCT.c.known),
        sa.select(PRODUCT.c.external_id, PRODUCT.c.title).where(
            PRODUCT.c.shop_id == shop_id, PRODUCT.c.known, PRODUCT.c.removed_at.is_(None)
        ),
        sa.select(LEVEL.c.inventory_item, LEVEL.c.available, LEVEL.c.source_version).where(LEVEL.c.shop_id == shop_id),
        sa.select(ORDER.c.external_id, ORDER.c.source_version).where(ORDER.c.shop_id == shop_id),
        sa.select(PRODUCT.c.external_id, ORDER_LINE.c.quantity)
        .join(PRODUCT, PRODUCT.c.id == ORDER_LINE.c.product_id)
        .where(ORDER_LINE.c.shop_id == shop_id),
    ]
    with database.read() as connection:
        return [sorted(map(tuple, connection.execute(query)), key=repr) for query in queries]


def told(database: Database, settings: Settings, batches: Sequence[Sequence[Change]]) -> list[Any]:
    shop_id = make_shop(database, settings, f"shop-{next(SHOPS)}")
    for batch in batches:
        write(database, shop_id, batch)
    return state(database, shop_id)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), data=st.data())
def test_order_and_repetition_of_arrival_change_nothing(
    database: Database, settings: Settings, history: list[Current | Removed], data: st.DataObject
) -> None:
    in_order = told(database, settings, [[change] for change in sorted(history, key=lambda each: each.version)])
    shuffled = data.draw(st.permutations(history + history[: len(history) // 2]))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert told(database, settings, [[change] for change in shuffled]) == in_order
    assert told(database, settings, [shuffled[:cut], shuffled[cut:]]) == in_order


def test_of_two_counts_at_the_same_moment_the_lower_one_counts(database: Database, settings: Settings) -> None:
    low, high = (Current(InventoryLevel("v1", "shop", pieces), at(1)) for pieces in (0, 5))
    for arrival in ([low, high], [high, low]):
        shop_id = make_shop(database, settings, f"shop-{next(SHOPS)}")
        for change in arrival:
            write(database, shop_id, [change])
        with database.read() as connection:
            kept = connection.execute(sa.select(LEVEL.c.available).where(LEVEL.c.shop_id == shop_id)).scalar_one()
        assert kept == 0


def test_a_variant_that_a_newer_product_no_longer_names_is_gone(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    write(database, shop_id, product(1))
    record = product(1)[0].record  # type: ignore[union-attr]
    assert isinstance(record, Product)
    bare = Product(record.external_id, record.title)
    write(database, shop_id, [Current(bare, at(5))])
    with database.read() as connection:
        removed = connection.execute(sa.select(VARIANT.c.removed_at)).scalar_one()
    assert removed == at(5)


def test_an_erased_customer_does_not_come_back_with_a_late_order(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    write(database, shop_id, [order(1, [1], customer="c1")])
    write(database, shop_id, [EraseCustomer("c1", at(100))])
    write(database, shop_id, [order(2, [1], customer="c1")])
    with database.read() as connection:
        assert connection.execute(sa.select(ORDER.c.customer_id)).scalars().all() == [None, None]
        assert connection.execute(sa.select(CUSTOMER.c.erased_at)).scalar_one() == at(100)


def test_products_of_two_shops_with_the_same_ids_are_strangers(database: Database, settings: Settings) -> None:
    one, two = make_shop(database, settings, "one"), make_shop(database, settings, "two")
    write(database, one, product(1, title="Mine"))
    write(database, two, product(1, title="Theirs"))
    write(database, two, [Removed(RecordKind.PRODUCT, "p1", at(9))])
    with database.read() as connection:
        rows = connection.execute(
            sa.select(PRODUCT.c.shop_id, PRODUCT.c.title, PRODUCT.c.removed_at).order_by(PRODUCT.c.shop_id)
        ).all()
    assert [tuple(row) for row in rows] == [(one, "Mine", None), (two, "Theirs", at(9))]


def test_every_table_but_the_shop_itself_names_its_shop() -> None:
    for table in catalogue.Product.metadata.sorted_tables:
        assert table.name in {"shop", "alembic_version"} or "shop_id" in table.c, table.name
    assert table_of(orders.OrderLine).c.shop_id.foreign_keys
