"""`shelfwise redis`: the local Redis or Valkey of a one-machine installation."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from integration.redis_server import NoRedisServer, find_redis_server
from integration.settings import BadSettings, Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
def redis() -> None:
    """Become the Redis that the settings name: on a unix socket or on this machine's own address, kept on disk."""
    try:
        settings = Settings.from_environ(os.environ)
        arguments = _arguments(settings)
        program = find_redis_server()
    except (BadSettings, NoRedisServer) as error:
        raise click.ClickException(str(error)) from None
    os.execv(program, [str(program), *arguments])  # noqa: S606 -- the server takes this process over


def _arguments(settings: Settings) -> list[str]:
    folder = private_folder(settings.data_dir.absolute() / "redis")
    kept = ["--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    return [*_address(settings.redis_url), *kept, "--loglevel", "warning", "--daemonize", "no"]


def _address(url: str) -> list[str]:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        socket = Path(unquote(parts.path))
        private_folder(socket.parent)
        return ["--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
    if parts.scheme == "redis" and parts.hostname in LOOPBACK:
        return ["--port", str(parts.port or 6379), "--bind", "127.0.0.1"]
    raise click.ClickException(f"SHELFWISE_REDIS_URL names a Redis elsewhere ({parts.hostname}): none is started")


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner may enter. Refuses one that belongs to somebody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise click.ClickException(f"{folder} belongs to another user: name a folder of yours in SHELFWISE_DATA_DIR")
    folder.chmod(0o700)
    return folder
