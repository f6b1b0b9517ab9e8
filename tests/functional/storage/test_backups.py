"""A backup that is taken while others write is restored as it was, in the ways of docs/operating/backups.md."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from integration import migrations
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.storage.database import Database
from integration.storage.shop_writes import SHOP
from tests.conftest import missing
from tests.filling import fill
from tests.servers import INSTALLED, find_postgres


@pytest.fixture
def shop_id(database: Database) -> int:
    vault = Vault(Fernet.generate_key().decode())
    made = create_shop(
        database, vault, key="aa", name="aa", platform="direct", external_id="aa", webhook_secret="secret of the test"
    )
    fill(database, made, "aa")
    return made


@contextmanager
def writing(database: Database, shop_id: int) -> Iterator[None]:
    """Somebody writes all the while."""
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.001):
            with database.of(shop_id).write() as connection:
                connection.execute(sa.update(SHOP).values(shelf_version=SHOP.c.shelf_version + 1))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def check_restored(url: str, before: int) -> None:
    with closing(Database(url)) as restored:
        assert migrations.current(restored) == migrations.newest()
        with restored.across_shops().read() as connection:
            assert int(connection.execute(sa.select(SHOP.c.shelf_version)).scalar_one()) >= before
        with restored.across_shops().write() as connection:
            connection.execute(SHOP.insert().values(key="bb", name="bb", created_at=sa.text("0")))
        with restored.of(1).read() as connection:
            assert connection.execute(sa.select(SHOP.c.key)).scalars().all() == ["aa"] or restored.is_sqlite


def version(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(SHOP.c.shelf_version)).scalar_one())


def test_sqlite_is_backed_up_while_it_runs(database: Database, shop_id: int, tmp_path: Path) -> None:
    if not database.is_sqlite:
        return
    copy = tmp_path / "copy.sqlite3"
    with writing(database, shop_id):
        before = version(database)
        with closing(sqlite3.connect(str(database.url.database))) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    check_restored(f"sqlite:///{copy}", before)


def program(name: str, server: int) -> str:
    """PostgreSQL's own program, of the server's version or a newer one."""
    wheel = find_postgres()
    found = str(wheel / INSTALLED / "bin" / name) if wheel is not None else shutil.which(name)
    if found is None:
        missing(f"no {name} is installed")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(said.split()[2].split(".")[0]) < server:
        missing(f"{name} is older than the server")
    return found


@pytest.fixture
def fresh(postgres_url: str) -> Iterator[sa.URL]:
    """A database without anything in it, as who may do anything there."""
    name = f"shelfwise_restored_{os.getpid()}"
    server = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield make_url(postgres_url).set(database=name)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


def test_postgresql_is_dumped_while_it_runs_and_restored_with_its_rights(
    database: Database, owned_database: Database, shop_id: int, tmp_path: Path, fresh: sa.URL
) -> None:
    if database.is_sqlite:
        return
    with owned_database.read() as connection:
        server = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    dump, everything = str(tmp_path / "shelfwise.dump"), {"PGOPTIONS": "-c shelfwise.shop=every"}
    whole = ["--format=custom", "--enable-row-security", f"--file={dump}", _as_libpq(owned_database.url)]
    with writing(database, shop_id):
        before = version(database)
        _run([program("pg_dump", server), *whole], everything)
    _run([program("pg_restore", server), "--exit-on-error", "--dbname", _as_libpq(fresh), dump])
    app = fresh.set(username=database.url.username, password=database.url.password)
    check_restored(app.render_as_string(hide_password=False), before)


def _as_libpq(url: sa.URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _run(command: list[str], more: Mapping[str, str] | None = None) -> None:
    environ = {**os.environ, **(more or {})}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr
