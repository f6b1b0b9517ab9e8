"""What `shelfwise up` needs to know of this machine and of the shop that it is to show."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from cryptography.fernet import Fernet
from honcho.environ import parse_procfile

from integration.cli.redis_process import private_folder
from integration.settings import KEY_FILE, PREFIX

DEMO_KEY = "demo"


@dataclass(frozen=True, slots=True)
class LocalShop:
    """The shop to show. orders: the file that it is loaded from, None for the made-up demo shop."""

    key: str
    orders: Path | None

    @classmethod
    def of(cls, orders: Path | None) -> LocalShop:
        """The demo shop, or one whose key is made from its file's name: each file has a shop of its own."""
        if orders is None:
            return cls(DEMO_KEY, None)
        name = re.sub(r"[^a-z0-9]+", "-", orders.name.split(".")[0].lower()).strip("-") or "shop"
        return cls(f"{name}-file" if name == DEMO_KEY else name, orders)


def environment(data_dir: Path, shop: LocalShop, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """What all processes are started with: what the operator has set, completed for one machine."""
    own = {
        "DATA_DIR": str(data_dir),
        "SECRET_KEYS": secret_key(data_dir),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DEMO": "1",
    }
    values = {PREFIX + name: value for name, value in own.items()} | dict(inherited)
    values[PREFIX + "DEMO_SHOP"] = shop.key
    return values | {"PYTHONUNBUFFERED": "1"}


def secret_key(data_dir: Path) -> str:
    """The key that this installation's secrets are encrypted with; made on first use, readable by its owner alone."""
    file = data_dir / KEY_FILE
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as output:
        key = Fernet.generate_key().decode()
        output.write(key + "\n")
    return key


def commands(inherited: Mapping[str, str]) -> dict[str, str]:
    """The Procfile's processes; without its Redis where the operator has one elsewhere, without the release step."""
    processes: dict[str, str] = parse_procfile(_procfile().read_text()).processes
    left_out = {"release"} | ({"redis"} if inherited.get(PREFIX + "REDIS_URL") else set())
    return {name: command for name, command in processes.items() if name not in left_out}


def _procfile() -> Path:
    """In a checkout it stands at the project's root; in an installed copy it came with the package."""
    package = Path(__file__).parents[1]
    return next(each for each in (package.parent / "Procfile", package / "Procfile") if each.is_file())


def need_free_port(host: str, port: int) -> None:
    """Refuse a port that somebody else listens on, before anything is started."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
            raise click.ClickException(
                f"port {port} {reason}: choose another one, such as make run PORT={port + 1} "
                f"(or shelfwise up --port {port + 1})"
            ) from None


@contextmanager
def only_one(data_dir: Path) -> Iterator[Path]:
    """Hold the data folder, so that no second `shelfwise up` uses it at the same time."""
    private_folder(data_dir)
    with (data_dir / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise click.ClickException(
                f"Shelfwise already runs on the data in {data_dir} (process {lock.read().strip() or 'unknown'}): stop "
                "it first, or name another folder in SHELFWISE_DATA_DIR"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield data_dir
