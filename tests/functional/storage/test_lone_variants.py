"""Platforms that tell of one variant alone, with a time of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from sqlalchemy import select

from connectors.records import Change, Current, Product, RecordKind, Refetch, SoldOut, Variant, VariantOf
from integration.services.apply import apply
from integration.settings import Settings
from integration.storage.catalogue_writes import PRODUCT, VARIANT
from integration.storage.database import Database
from integration.storage.refetch_writes import REFETCH
from integration.storage.shelf_rows import changed_since
from tests.making import START, make_shop, pounds

HOUR = timedelta(hours=1)
HOODIE = Product("12", "Hoodie", variants=(Variant("34"), Variant("35")))
ONLY_NAMED = frozenset({"variants.details"})


def blue(price: str, hour: int) -> Change:
    """A variation, as it was at an hour."""
    return Current(VariantOf("12", Variant("35", title="Blue", price=pounds(price))), START + hour * HOUR)


def told(database: Database, shop_id: int, *changes: Change) -> None:
    with database.write() as connection:
        apply(connection, shop_id, changes, now=START)


def variants(database: Database, shop_id: int) -> dict[str, str]:
    """Titles by external id, of those that are there."""
    here = (VARIANT.c.shop_id == shop_id, VARIANT.c.removed_at.is_(None))
    with database.read() as connection:
        return {row.external_id: row.title for row in connection.execute(select(VARIANT).where(*here))}


def asked_for(database: Database, shop_id: int) -> set[Refetch]:
    with database.read() as connection:
        rows = connection.execute(select(REFETCH).where(REFETCH.c.shop_id == shop_id))
        return {Refetch(RecordKind(row.kind), row.external_id) for row in rows}


def test_one_variant_leaves_the_others_of_its_product_alone(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    told(database, shop_id, Current(HOODIE, START), blue("45", 1))
    assert variants(database, shop_id) == {"34": "", "35": "Blue"}
    assert asked_for(database, shop_id) == set()


def test_of_a_product_that_nobody_told_of_yet_the_rest_is_asked_for(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    told(database, shop_id, blue("45", 1))
    assert asked_for(database, shop_id) == {Refetch(RecordKind.PRODUCT, "12")}
    with database.read() as connection:
        assert not connection.execute(select(PRODUCT.c.known).where(PRODUCT.c.shop_id == shop_id)).scalar_one()


def test_a_product_that_only_names_its_variants_takes_away_the_others(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    named = replace(HOODIE, variants=(Variant("35"), Variant("36")))
    told(database, shop_id, Current(HOODIE, START), blue("45", 1))
    told(database, shop_id, Current(named, START + HOUR, ONLY_NAMED))
    assert variants(database, shop_id) == {"35": "Blue"}


def test_a_variant_newer_than_its_products_word_stays(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    before = replace(HOODIE, variants=(Variant("34"),))
    told(database, shop_id, blue("45", 2), Current(before, START + HOUR))
    assert variants(database, shop_id) == {"34": "", "35": "Blue"}


@trials(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations(range(4)))
def test_whatever_the_order_the_newest_word_on_each_variant_counts(
    database: Database, settings: Settings, order: Sequence[int]
) -> None:
    shop_id = make_shop(database, settings, key=f"demo-{'-'.join(map(str, order))}-{id(order)}")
    whole = replace(HOODIE, variants=(Variant("34"), Variant("35", title="Red", version=START)))
    words = [Current(whole, START + 3 * HOUR), blue("45", 1), blue("40", 2), Current(HOODIE, START)]
    for each in order:
        told(database, shop_id, words[each])
    assert variants(database, shop_id) == {"34": "", "35": "Blue"}
    with database.read() as connection:
        price = select(VARIANT.c.price).where(VARIANT.c.shop_id == shop_id, VARIANT.c.external_id == "35")
        assert connection.execute(price).scalar_one() == 40


@pytest.mark.parametrize(("hours", "is_tracked"), [(-1, False), (1, True)])
def test_out_of_stock_counts_for_an_untracked_variant_until_something_newer_is_told(
    database: Database, settings: Settings, hours: int, *, is_tracked: bool
) -> None:
    shop_id = make_shop(database, settings)
    told(database, shop_id, Current(HOODIE, START), SoldOut("34", START + hours * HOUR, even_untracked=True))
    with database.read() as connection:
        (product,) = changed_since(connection, shop_id, -1)
    assert [each.stock.tracked for each in product.variants if each.external_id == "34"] == [is_tracked]
