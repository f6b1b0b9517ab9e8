"""What every test may ask for: a real database, a real Redis, settings, data sets, a browser, a fixed clock."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
import redis
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from integration.migrations import migrate
from integration.settings import Settings
from integration.storage.database import Database
from tests.browsers import CHROMIUM_FLAGS, find_chromium
from tests.servers import find_postgres, postgres_server, redis_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def missing(what: str) -> NoReturn:
    """Skip a test for want of something that this machine could have; in CI that is a failure."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{what} (with CI=true nothing may be missing)")
    pytest.skip(what)


@pytest.fixture(scope="session")
def _redis() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture
def redis_url(_redis: str) -> str:
    """A real Redis, empty."""
    with redis.Redis.from_url(_redis) as client:
        client.flushall()
    return _redis


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL: an operator's own (with a superuser, who makes databases and roles), or one from the wheel."""
    if own := os.environ.get("SHELFWISE_TEST_DATABASE_URL"):
        yield own
        return
    if find_postgres() is None:
        missing("no PostgreSQL for this machine: set SHELFWISE_TEST_DATABASE_URL to one, as a superuser")
    with postgres_server() as url:
        yield url


Maker = Callable[[], tuple[str, Callable[[], None]]]
# Who owns the tables on PostgreSQL, and whom the app works as; row-level security holds for both.
OWNER_ROLE = f"shelfwise_test_{os.getpid()}_owner"
APP_ROLE = f"shelfwise_test_{os.getpid()}_app"


@pytest.fixture(scope="session")
def _sqlite_copies(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    folder = tmp_path_factory.mktemp("sqlite")
    template = folder / "template.sqlite3"
    _migrated(f"sqlite:///{template}")
    numbers = itertools.count()

    def make() -> tuple[str, Callable[[], None]]:
        copy = folder / f"{next(numbers)}.sqlite3"
        shutil.copyfile(template, copy)
        return f"sqlite:///{copy}", copy.unlink

    return make


@pytest.fixture(scope="session")
def _postgres_copies(postgres_url: str) -> Iterator[Maker]:
    server = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    prefix = f"shelfwise_test_{os.getpid()}"
    numbers = itertools.count()

    def run(statement: str) -> None:
        with server.connect() as connection:
            connection.exec_driver_sql(statement)

    def url_of(name: str, role: str | None = None) -> str:
        url = make_url(postgres_url).set(database=name, username=role, password=role)
        return url.render_as_string(hide_password=False)

    def make() -> tuple[str, Callable[[], None]]:
        name = f"{prefix}_{next(numbers)}"
        run(f"CREATE DATABASE {name} TEMPLATE {prefix} OWNER {OWNER_ROLE} STRATEGY FILE_COPY")
        # What pgvector's store needs besides.
        run(f"GRANT CREATE ON DATABASE {name} TO {APP_ROLE}")
        url = url_of(name, APP_ROLE)
        return url, lambda: run(f"DROP DATABASE {name} WITH (FORCE)")

    for role in (OWNER_ROLE, APP_ROLE):
        run(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'")
    run(f"CREATE DATABASE {prefix} OWNER {OWNER_ROLE}")
    _with_vectors(url_of(prefix))
    _migrated(url_of(prefix, OWNER_ROLE), role=APP_ROLE)
    yield make
    run(f"DROP DATABASE {prefix} WITH (FORCE)")
    for role in (OWNER_ROLE, APP_ROLE):
        run(f"DROP ROLE {role}")
    server.dispose()


def _migrated(url: str, *, role: str = "") -> None:
    db = Database(url)
    migrate(db, role=role)
    db.close()


def _with_vectors(url: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if connection.exec_driver_sql("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").first():
            connection.exec_driver_sql("CREATE EXTENSION vector")
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty, migrated database of the test's own, once on each kind of server."""
    maker: Maker = request.getfixturevalue("_sqlite_copies" if request.param == "sqlite" else "_postgres_copies")
    url, remove = maker()
    yield url
    remove()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened across shops: a test looks at the rows of all."""
    db = Database(database_url)
    yield db.across_shops()
    db.close()


@pytest.fixture
def owned_database(database_url: str) -> Iterator[Database]:
    """The same as its owner has it, who may change its tables."""
    url = make_url(database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(username=OWNER_ROLE, password=OWNER_ROLE)
    db = Database(url.render_as_string(hide_password=False))
    yield db
    db.close()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of an app on that database and that Redis, with its files under the test's own folder."""
    environ = {
        "SHELFWISE_DATA_DIR": str(tmp_path / "var"),
        "SHELFWISE_DATABASE_URL": database_url,
        "SHELFWISE_REDIS_URL": redis_url,
        "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
    }
    return Settings.from_environ(environ)


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: NOW


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the project."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The data sets, which are not part of the project."""
    folder = Path(os.environ.get("SHELFWISE_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        missing("the data sets are not here: put them in ../shared/data, or set SHELFWISE_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Path:
    """An installed Chromium or Chrome."""
    found = find_chromium()
    if found is None:
        missing("no Chromium is installed: `make browser` installs one, or says how")
    return found


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    """A running Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        yield running
        running.close()
