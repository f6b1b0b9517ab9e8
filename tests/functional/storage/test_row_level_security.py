"""On PostgreSQL a shop's transaction sees and changes its own rows alone, in every table there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from integration.services.readiness import Readiness, State
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.storage import Base, partitions
from integration.storage.catalogue_writes import PRODUCT
from integration.storage.database import Database, enter
from integration.storage.point_reads import PointReads
from integration.storage.security import concern
from tests.filling import fill, values_of

TABLES = Base.metadata.sorted_tables
SHOP_COLUMN = {"shop": "id"}
SECURED = sa.text(
    "SELECT relname FROM pg_class JOIN pg_policies ON tablename = relname AND policyname = 'of_shop'"
    " WHERE relrowsecurity AND relforcerowsecurity AND cmd = 'ALL' AND relnamespace = to_regnamespace(current_schema())"
)

Maker = Callable[[], tuple[str, Callable[[], None]]]


@pytest.fixture
def app_url(_postgres_copies: Maker) -> Iterator[str]:
    url, remove = _postgres_copies()
    yield url
    remove()


@pytest.fixture
def database(app_url: str) -> Iterator[Database]:
    with closing(Database(app_url)) as opened:
        yield opened


@pytest.fixture
def shops(database: Database) -> tuple[int, int]:
    """Two shops with a row in every table each."""
    vault = Vault(Fernet.generate_key().decode())
    numbers = []
    for key in ("aa", "bb"):
        made = create_shop(database, vault, key=key, name=key, platform="direct", external_id=key, webhook_secret=key)
        numbers.append(made)
        fill(database.across_shops(), made, key)
    return numbers[0], numbers[1]


def shop_column(table: sa.Table) -> sa.Column[int]:
    return table.c[SHOP_COLUMN.get(table.name, "shop_id")]


def seen(database: Database, table: sa.Table) -> list[int]:
    """Whose rows are seen."""
    with database.read() as connection:
        return sorted(connection.execute(sa.select(shop_column(table)).distinct()).scalars())


def refused(database: Database, statement: sa.Executable) -> bool:
    """Whether a write is refused by row-level security, or finds no row."""
    try:
        with database.write() as connection:
            return connection.execute(statement).rowcount == 0
    except ProgrammingError as error:
        return "row-level security" in str(error)


def test_every_table_and_every_part_is_secured_also_from_its_owner(database: Database) -> None:
    with database.read() as connection:
        secured = set(connection.execute(SECURED).scalars())
        parts = partitions.names(connection)
    assert len(parts) > len(partitions.PARTED)
    open_ones = ({table.name for table in TABLES} | parts) - secured
    assert open_ones == set(), "secure a new table with shelfwise_secure() in its migration"


def test_what_is_no_shops_sees_nothing(database: Database, shops: tuple[int, int]) -> None:
    assert {table.name: rows for table in TABLES if (rows := seen(database, table))} == {}


def test_across_shops_all_is_seen(database: Database, shops: tuple[int, int]) -> None:
    assert all(seen(database.across_shops(), table) == sorted(shops) for table in TABLES)


def test_a_shop_sees_its_own_rows_alone(database: Database, shops: tuple[int, int]) -> None:
    for shop in shops:
        assert {table.name: seen(database.of(shop), table) for table in TABLES} == {t.name: [shop] for t in TABLES}


@pytest.mark.parametrize("whose", ["another shop's", "no shop's"])
def test_rows_of_others_can_be_neither_changed_nor_taken_over_nor_deleted(
    database: Database, shops: tuple[int, int], whose: str
) -> None:
    other = shops[1]
    scoped = database.of(shops[0]) if whose == "another shop's" else database
    for table in reversed(TABLES):
        theirs = shop_column(table) == other
        assert refused(scoped, sa.update(table).where(theirs).values({shop_column(table): other})), table
        assert refused(scoped, sa.delete(table).where(theirs)), table
    assert all(other in seen(database.across_shops(), table) for table in TABLES)


@pytest.mark.parametrize("whose", ["another shop's", "no shop's"])
def test_nothing_can_be_put_into_another_shop(database: Database, shops: tuple[int, int], whose: str) -> None:
    scoped = database.of(shops[0]) if whose == "another shop's" else database
    numbers = dict.fromkeys((table.name for table in TABLES), 1) | {"shop": shops[1]}
    for table in TABLES:
        row = values_of(table, numbers, "cc")
        assert refused(scoped, sa.insert(table).values(row)), table
        if table.name != "shop" and scoped is not database:
            assert refused(scoped, sa.update(table).values(shop_id=shops[1])), table


def test_the_parts_can_be_reached_through_their_table_alone(database: Database, shops: tuple[int, int]) -> None:
    with database.read() as connection:
        parts = partitions.names(connection)
    for part in parts:
        with pytest.raises(ProgrammingError, match="permission denied"), database.of(shops[0]).read() as connection:
            connection.exec_driver_sql(f"SELECT 1 FROM {part}")


@pytest.mark.parametrize("change", ["DROP TABLE shop", "ALTER TABLE shop DISABLE ROW LEVEL SECURITY", "TRUNCATE shop"])
def test_the_apps_role_can_change_no_table(database: Database, change: str) -> None:
    with pytest.raises(DBAPIError), database.across_shops().write() as connection:
        connection.exec_driver_sql(change)


def test_a_transaction_can_go_on_in_one_shop_and_the_next_one_is_in_none(
    database: Database, shops: tuple[int, int]
) -> None:
    names = sa.select(sa.table("shop", sa.column("key")))
    with database.across_shops().write() as connection:
        assert sorted(connection.execute(names).scalars()) == ["aa", "bb"]
        enter(connection, shops[1])
        assert connection.execute(names).scalars().all() == ["bb"]
    with database.read() as connection:
        assert connection.execute(names).scalars().all() == []


def test_reads_of_shoppers_go_from_shop_to_shop_on_one_connection(database: Database, shops: tuple[int, int]) -> None:
    reads = PointReads(database)
    asked = sa.bindparam("shop_id", type_=sa.Integer) > 0
    of_a_shop = reads.prepare(sa.select(PRODUCT.c.shop_id).where(asked))
    find = reads.prepare(sa.select(PRODUCT.c.shop_id).where(sa.bindparam("any", type_=sa.Integer) > 0))
    # Often enough for the driver to have the server keep the plan.
    for _ in range(8):
        for shop in (*shops, max(shops) + 1):
            assert of_a_shop.all(shop_id=shop) == ([(shop,)] if shop in shops else [])
        assert sorted(find.all(any=1)) == [(shop,) for shop in sorted(shops)]
    reads.forget()
    assert of_a_shop.all(shop_id=shops[1]) == [(shops[1],)]


def test_a_role_that_bypasses_it_is_told_of(database: Database, postgres_url: str) -> None:
    assert concern(database) == ""
    owner = make_url(postgres_url)
    url = database.url.set(username=owner.username, password=owner.password)
    with closing(Database(url.render_as_string(hide_password=False))) as owned:
        assert "bypasses row-level security" in concern(owned)
        report = Readiness(owned, artifacts=lambda: None, reach_redis=lambda: None).report()
    assert report.state is State.DEGRADED
    assert "bypasses row-level security" in report.parts["isolation"]
