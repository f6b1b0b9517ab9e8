"""What /ready says when the real parts are away, and how soon."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from integration.migrations import migrate
from integration.services import readiness
from integration.services.readiness import stopping_file
from integration.settings import Settings
from integration.storage.database import Database
from tests.conftest import missing
from tests.functional.conftest import AppMaker
from tests.servers import find_postgres, postgres_server, redis_server

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is kept for the next question."""
    monkeypatch.setattr(readiness, "FRESH_SECONDS", 0.0)


def ready(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    answer = client.get("/ready")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.get_json()


def test_with_all_its_parts_a_process_is_ready(client: FlaskClient) -> None:
    parts = dict.fromkeys(("store", "schema", "artifacts", "redis"), "ok")
    assert ready(client) == (200, {"status": "ok", **parts})
    assert client.get("/health").get_json() == {"status": "ok"}


@SQLITE
def test_without_redis_it_is_degraded_and_serves_until_it_is_back(settings: Settings, make_app: AppMaker) -> None:
    with redis_server() as url:
        client = make_app(replace(settings, redis_url=url)).test_client()
        assert ready(client)[1]["status"] == "ok"
    status, told = ready(client)
    assert (status, told["status"], told["store"]) == (200, "degraded", "ok")
    assert told["redis"].startswith("does not answer")


@SQLITE
def test_with_artifacts_that_cannot_be_read_it_is_degraded(settings: Settings, make_app: AppMaker) -> None:
    settings.artifacts_dir.parent.mkdir(parents=True, exist_ok=True)
    settings.artifacts_dir.write_text("a file, where the folder should be")
    status, told = ready(make_app(settings).test_client())
    assert (status, told["status"]) == (200, "degraded")
    assert told["artifacts"].startswith("can't be read")


def test_an_older_schema_is_not_served_and_a_newer_one_is(client: FlaskClient, owned_database: Database) -> None:
    with owned_database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    status, told = ready(client)
    assert (status, told["status"]) == (503, "unavailable")
    assert "shelfwise migrate" in told["schema"]
    with owned_database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert ready(client)[0] == 200


@SQLITE
def test_a_store_that_was_never_made_says_what_to_do(settings: Settings, tmp_path: Path, make_app: AppMaker) -> None:
    none_yet = replace(settings, database_url=f"sqlite:///{tmp_path / 'new.sqlite3'}")
    status, told = ready(make_app(none_yet).test_client())
    assert (status, told["store"]) == (503, "has no schema: run `shelfwise migrate`")


@contextmanager
def read_only_copy(url: str, folder: Path) -> Iterator[str]:
    """The same SQLite store on a disk that can't be written: a real one for root, else a folder without the right."""
    folder.mkdir()
    is_root = os.geteuid() == 0
    mounted = is_root and subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=False).returncode == 0
    if is_root and not mounted:
        missing("root may write anywhere, and can't mount a disk here")
    try:
        shutil.copy(url.removeprefix("sqlite:///"), folder / "store.sqlite3")
        if mounted:
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        else:
            folder.chmod(0o500)
        yield f"sqlite:///{folder / 'store.sqlite3'}"
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        else:
            folder.chmod(0o700)


@SQLITE
def test_a_disk_that_cannot_be_written_is_no_place_for_deliveries(
    settings: Settings, tmp_path: Path, make_app: AppMaker
) -> None:
    with read_only_copy(settings.database_url, tmp_path / "disk") as url:
        status, told = ready(make_app(replace(settings, database_url=url)).test_client())
    assert (status, told["store"]) == (503, "can't be written: its disk or folder is read-only")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_standby_is_no_place_for_deliveries(client: FlaskClient, owned_database: Database) -> None:
    name = owned_database.url.database
    with owned_database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    client.application.extensions["shelfwise"].database.engine.dispose()
    status, told = ready(client)
    assert (status, told["store"]) == (503, "can't be written: it is a standby, or set to read-only")


@SQLITE
def test_a_process_that_was_told_to_stop_says_so(client: FlaskClient, settings: Settings) -> None:
    file = stopping_file(settings.data_dir, os.getppid())
    file.parent.mkdir(parents=True)
    file.touch()
    assert ready(client) == (503, {"status": "stopping"})


@SQLITE
def test_a_frozen_and_a_stopped_postgresql_are_noticed_in_time(settings: Settings, make_app: AppMaker) -> None:
    if find_postgres() is None:
        missing("no PostgreSQL for this machine")
    with postgres_server() as url:
        migrate(database := Database(url))
        database.close()
        client = make_app(replace(settings, database_url=url)).test_client()
        assert ready(client)[0] == 200
        server = server_of(url)
        with frozen(server):
            # Unbounded, each would wait until the server is let go on.
            for longest in (20.0, 10.0, 10.0):
                began = time.monotonic()
                status, told = ready(client)
                assert (status, told["status"]) == (503, "unavailable")
                assert told["store"].startswith("has not answered for")
                assert time.monotonic() - began < longest
        wait_until_ready(client)
    status, told = ready(client)
    assert (status, told["store"]) == (503, "does not answer")
    assert "password" not in str(told)


def server_of(url: str) -> psutil.Process:
    """The main process of the PostgreSQL at this address."""
    folder = url.partition("host=")[2].replace("%2F", "/")
    return next(
        each
        for each in psutil.process_iter(["cmdline"])
        if folder in (each.info["cmdline"] or []) and "-k" in each.info["cmdline"]
    )


@contextmanager
def frozen(server: psutil.Process) -> Iterator[None]:
    everybody = [server, *server.children(recursive=True)]
    for process in everybody:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in everybody:
            process.send_signal(signal.SIGCONT)


def wait_until_ready(client: FlaskClient) -> None:
    until = time.monotonic() + 60
    while ready(client)[0] != 200:
        assert time.monotonic() < until
        time.sleep(0.05)
