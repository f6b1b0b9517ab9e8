"""The app as real processes on a real store and a real Redis, each started again when it dies, as systemd would."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from benchmarks.web_server import environment, free_port
from benchmarks.wire import Client, get_bytes
from integration.migrations import migrate
from integration.redis_server import find_redis_server
from integration.settings import Settings
from integration.storage.database import Database
from tests.servers import _postgres_programs, _unprivileged

ROOT = Path(__file__).resolve().parents[2]
OWNER, APP = "shelfwise_owner", "shelfwise_app"
# A killed process loses nothing of what it has handed to the kernel: only a power cut would need fsync.
TUNED = ("fsync=off", "max_connections=60", "shared_buffers=32MB")
LOOK_SECONDS, PAUSE_SECONDS, START_SECONDS = 0.05, 0.3, 60.0


@dataclass
class Kept:
    """A process that is started again whenever it ends."""

    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    user: int | None = None
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def keep(self) -> None:
        """Start it if it does not run."""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            time.sleep(PAUSE_SECONDS)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environ),
                cwd=self.log.parent if self.user is not None else ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self.user,
                start_new_session=True,
            )
        self.starts += 1

    def tree(self) -> list[psutil.Process]:
        """It and all that it has started, itself first."""
        if self.process is None or self.process.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def signal(self, number: int, *, child: bool = False) -> None:
        """Send a signal to all of it, or to one of what it has started."""
        tree = self.tree()
        for each in tree[1:2] if child else tree:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)


@dataclass
class House:
    """All processes of one run. folder: where data and logs are; short enough for a unix socket."""

    folder: Path
    on_postgres: bool
    kept: dict[str, Kept] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def start(self) -> None:
        """Start the servers, make the schema, then start the app."""
        self.folder.chmod(0o755)
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")}
        redis_dir = self.folder / "redis"
        redis_dir.mkdir()
        socket = self.folder / "redis.sock"
        redis = [str(find_redis_server()), "--port", "0", "--unixsocket", str(socket), "--dir", str(redis_dir)]
        self._add("redis", [*redis, "--appendonly", "yes", "--save", ""])
        url = self._start_postgres() if self.on_postgres else f"sqlite:///{self.folder / 'store.sqlite3'}"
        self.settings = Settings.from_environ(
            {
                "SHELFWISE_DATA_DIR": str(self.folder / "data"),
                "SHELFWISE_DATABASE_URL": url,
                "SHELFWISE_REDIS_URL": f"unix://{socket}",
                "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
                "SHELFWISE_SHOPIFY_CLIENT_ID": "made-up",
                "SHELFWISE_SHOPIFY_CLIENT_SECRET": "shpss_made_up",
            }
        )
        if not self.on_postgres:
            self._migrate(url)

    def start_app(self) -> None:
        """Start web, worker and scheduler, and what starts each of them again."""
        self._environ = environment(self.settings, self.port)
        for name in ("web", "worker", "scheduler"):
            self._add(name, [sys.executable, "-m", "integration.cli", name])
        self._stop = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()
        wait_until(self.is_ready, "the app")

    def is_ready(self) -> bool:
        """Whether the web server reaches its store."""
        client = Client(self.port)
        try:
            return client.send(get_bytes("/ready"))[0] == 200
        except (OSError, ValueError):
            return False
        finally:
            client.close()

    def stop(self) -> None:
        """End everything."""
        if hasattr(self, "_stop"):
            self._stop.set()
            self._keeper.join()
        for name in reversed(list(self.kept)):
            each = self.kept[name]
            each.signal(signal.SIGCONT)
            each.signal(signal.SIGKILL)
            if each.process is not None:
                each.process.wait()

    def _keep(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            for each in self.kept.values():
                each.keep()

    def _add(self, name: str, command: Sequence[str], user: int | None = None) -> None:
        self.kept[name] = Kept(command, self._environ, self.folder / f"{name}.log", user)
        self.kept[name].keep()

    def _start_postgres(self) -> str:
        home = self.folder / "pg"
        home.mkdir()
        programs, owner = _postgres_programs(home), _unprivileged()
        if owner is not None:
            os.chown(home, owner, -1)
        data = home / "data"
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=utf8"]
        subprocess.run([*initdb, "--no-sync"], check=True, capture_output=True, user=owner, cwd=home)
        tuned = [part for each in TUNED for part in ("-c", each)]
        command = [str(programs / "postgres"), "-D", str(data), "-h", "", "-k", str(home), *tuned]
        self.kept["postgresql"] = Kept(command, self._environ, home / "postgresql.log", owner)
        self.kept["postgresql"].keep()
        wait_until(lambda: _connects(home), "PostgreSQL")
        with psycopg.connect(host=str(home), user="postgres", dbname="postgres", autocommit=True) as connection:
            for statement in (
                f"CREATE ROLE {OWNER} LOGIN",
                f"CREATE ROLE {APP} LOGIN",
                f"CREATE DATABASE chaos OWNER {OWNER}",
            ):
                connection.execute(statement.encode())
        where = f"/chaos?host={quote(str(home))}"
        self._migrate(f"postgresql+psycopg://{OWNER}@{where}", role=APP)
        return f"postgresql+psycopg://{APP}@{where}"

    def _migrate(self, url: str, *, role: str = "") -> None:
        database = Database(make_url(url).render_as_string(hide_password=False))
        migrate(database, role=role)
        database.close()


def wait_until(ready: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> float:
    """Wait for something, and return how many seconds it took. Raises TimeoutError."""
    began = time.monotonic()
    while not ready():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


def keep_logs(folder: Path, kept_in: Path) -> None:
    """Copy what the processes said to a folder that stays."""
    kept_in.mkdir(parents=True, exist_ok=True)
    for log in folder.rglob("*.log"):
        shutil.copy(log, kept_in / log.name)


def _connects(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True
