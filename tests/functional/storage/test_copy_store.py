"""A store is copied into an empty one, whole or not at all, from SQLite to PostgreSQL and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from cryptography.fernet import Fernet

from integration import migrations
from integration.cli import main
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.storage import Base
from integration.storage.catalogue_writes import PRODUCT
from integration.storage.database import Database
from integration.storage.delivery_writes import DELIVERY
from tests.filling import fill

Maker = Callable[[], tuple[str, Callable[[], None]]]
OLD = datetime.now(UTC) - timedelta(days=100)


@pytest.fixture
def stores(_sqlite_copies: Maker, _postgres_copies: Maker) -> Iterator[tuple[str, str, str]]:
    """Addresses of a filled store on SQLite, an empty one on PostgreSQL and one on SQLite."""
    with ExitStack() as stack:
        urls = []
        for make in (_sqlite_copies, _postgres_copies, _sqlite_copies):
            url, remove = make()
            stack.callback(remove)
            urls.append(url)
        with opened(urls[0]) as store:
            _fill(store)
        yield urls[0], urls[1], urls[2]


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A store, across its shops."""
    with closing(Database(url)) as store:
        yield store.across_shops()


def _fill(store: Database) -> None:
    vault = Vault(Fernet.generate_key().decode())
    for key in ("aa", "bb"):
        made = create_shop(store, vault, key=key, name=key, platform="direct", external_id=key, webhook_secret=key)
        fill(store, made, key)
    with store.write() as connection:
        connection.execute(sa.update(DELIVERY).where(DELIVERY.c.id == 1).values(received_at=OLD))
        connection.execute(sa.update(PRODUCT).values(tags=["é", "日本", '"', None], title="Thé à la menthe 🍃"))


def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with opened(url) as store, store.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def run(source: str, target: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, ["copy-store", source, target])
    return answer.exit_code, answer.stdout + answer.stderr


def test_every_row_is_the_same_there_and_back(stores: tuple[str, str, str]) -> None:
    sqlite, postgresql, another = stores
    before = rows(sqlite)
    assert all(len(kept) == 2 for kept in before.values())
    code, said = run(sqlite, postgresql)
    assert code == 0, said
    assert f"Copied {2 * len(before)} rows of {len(before)} tables" in said
    assert rows(postgresql) == before
    assert run(postgresql, another)[0] == 0
    assert rows(another) == before


def test_new_rows_are_numbered_from_there_on(stores: tuple[str, str, str]) -> None:
    run(stores[0], stores[1])
    vault = Vault(Fernet.generate_key().decode())
    with opened(stores[1]) as store:
        named = {"name": "cc", "platform": "direct", "external_id": "cc"}
        assert create_shop(store, vault, key="cc", webhook_secret="cc", **named) == 3  # type: ignore[arg-type]
        fill(store, 3, "cc")


def test_old_rows_lie_in_parts_of_their_time(stores: tuple[str, str, str]) -> None:
    run(stores[0], stores[1])
    with opened(stores[1]) as store, store.read() as connection:
        parts = connection.exec_driver_sql("SELECT tableoid::regclass::text FROM delivery").scalars().all()
    assert len(parts) == 2
    assert "delivery_default" not in parts


def test_a_target_that_holds_rows_is_refused_and_left_as_it_is(stores: tuple[str, str, str]) -> None:
    run(stores[0], stores[1])
    before = rows(stores[1])
    code, said = run(stores[0], stores[1])
    assert (code, "the target is not empty" in said) == (1, True)
    assert rows(stores[1]) == before


def test_a_row_that_does_not_suit_the_target_is_named_and_nothing_is_copied(stores: tuple[str, str, str]) -> None:
    with opened(stores[0]) as store, store.write() as connection:
        connection.execute(sa.update(PRODUCT).where(PRODUCT.c.id == 2).values(title="nil\x00"))
    code, said = run(stores[0], stores[1])
    assert (code, "product: a row from (1,) on can't be kept" in said) == (1, True), said
    assert not any(rows(stores[1]).values())


def test_a_store_of_another_version_is_refused(stores: tuple[str, str, str]) -> None:
    with opened(stores[2]) as store:
        migrations.migrate(store, "0004")
    for pair in (stores[0], stores[2]), (stores[2], stores[1]):
        code, said = run(*pair)
        assert (code, "shelfwise migrate" in said) == (1, True), said


@pytest.mark.parametrize("target", ["not an address", "postgresql+psycopg://nobody@/x?host=/nowhere"])
def test_an_address_that_does_not_work_is_one_sentence(stores: tuple[str, str, str], target: str) -> None:
    code, said = run(stores[0], target)
    assert (code, said.count("Error:"), len(said.strip().splitlines()) <= 3) == (1, 1, True), said


def test_the_same_store_is_refused(stores: tuple[str, str, str]) -> None:
    assert run(stores[0], stores[0])[0] == 1
