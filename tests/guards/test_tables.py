"""Tables are a shop's, so that any number of shops can live in one store."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from integration.storage import Base

TABLES = [table for table in Base.metadata.sorted_tables if table.name != "shop"]
# What finds a shop, or an attempt to become one, before it is known which shop is meant.
FINDS_A_SHOP = {"uq_connection_platform_external_id", "uq_connect_attempt_token_hash", "ix_connect_attempt_site"}
# What the database itself asks by, as it deletes what refers to a deleted row.
CASCADES = {
    *("ix_session_visitor_id", "ix_behaviour_event_visitor_id", "ix_behaviour_event_session_id"),
    *("ix_behaviour_event_product_id", "ix_impression_product_id", "ix_refund_customer_id", "ix_visitor_customer_id"),
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_row_is_a_shops_and_goes_with_it(table: sa.Table) -> None:
    (key,) = table.c.shop_id.foreign_keys
    assert (key.column.table.name, key.ondelete) == ("shop", "CASCADE")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_index_begins_with_the_shop(table: sa.Table) -> None:
    unique = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    all_of_it: list[sa.Index | sa.UniqueConstraint] = [*table.indexes, *unique]
    first = {str(each.name): next(iter(each.columns)).name for each in all_of_it}
    assert {name for name, column in first.items() if column != "shop_id"} <= FINDS_A_SHOP | CASCADES


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_row_is_known_by_its_number_or_by_its_shop_first(table: sa.Table) -> None:
    assert next(iter(table.primary_key)).name in {"id", "shop_id"}
