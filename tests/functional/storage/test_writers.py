"""Writers of one store, in threads and in processes of their own: each in its turn, and some in one commit."""

from __future__ import annotations

import fcntl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, event

from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.shop_writes import SHOP
from tests.making import make_shop


def grow(connection: Connection) -> int:
    """Read and write in a transaction: two that overlapped would lose one of the two."""
    before = connection.execute(sa.select(SHOP.c.shelf_version).with_for_update()).scalar_one()
    connection.execute(sa.update(SHOP).values(shelf_version=before + 1))
    return int(before) + 1


def version(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(SHOP.c.shelf_version)).scalar_one())


def test_no_write_of_any_thread_or_process_is_lost(database: Database, settings: Settings) -> None:
    make_shop(database, settings)
    with closing(Database(settings.database_url)) as opened, ThreadPoolExecutor(8) as pool:
        other = opened.across_shops()

        def alone(each: Database) -> int:
            with each.write() as connection:
                return grow(connection)

        done = [pool.submit(alone, each) for each in [database, other] * 20]
        done += [pool.submit(each.write_together, grow) for each in [database, other] * 20]
        assert sorted(each.result() for each in done) == list(range(1, 81))
    assert version(database) == 80


def test_a_part_that_fails_is_undone_alone_and_says_why(database: Database, settings: Settings) -> None:
    make_shop(database, settings)

    def failing(connection: Connection) -> None:
        grow(connection)
        raise ValueError("this one")

    with ThreadPoolExecutor(8) as pool:
        good = [pool.submit(database.write_together, grow) for _ in range(10)]
        bad = [pool.submit(database.write_together, failing) for _ in range(10)]
        for each in bad:
            with pytest.raises(ValueError, match="this one"):
                each.result()
        assert sorted(each.result() for each in good) == list(range(1, 11))
    assert version(database) == 10


def test_on_sqlite_what_comes_during_a_commit_shares_the_next_one(database: Database, settings: Settings) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL groups its commits itself")
    make_shop(database, settings)
    begun: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def _count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("BEGIN"):
            begun.append(statement)

    entered, held = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        entered.set()
        held.wait(10)
        grow(connection)

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(database.write_together, slow)
        entered.wait(10)
        rest = [pool.submit(database.write_together, grow) for _ in range(5)]
        while len(database._together._waiting) < 5:
            threading.Event().wait(0.001)
        held.set()
        first.result()
        assert sorted(each.result() for each in rest) == [2, 3, 4, 5, 6]
    assert len(begun) == 2


def test_a_writer_that_never_gives_its_turn_back_does_not_stop_the_others_for_ever(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_shop(database, settings)
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's writers don't take turns")
    monkeypatch.setattr("integration.storage.database.BUSY_SECONDS", 0.01)
    with Path(f"{database.url.database}-writer").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert database.write_together(grow) == 1
