"""Signs of life in Redis: each scheduler says every few seconds that it lives, and whether it leads."""

from __future__ import annotations

import os
import socket

from redis import Redis

PREFIX = "shelfwise:scheduler-beat:"
LEADS, STANDS_BY = "leads", "stands by"
BEAT_SECONDS = 15


def beat(redis: Redis, *, leads: bool) -> None:
    """This process lives. Raises RedisError."""
    redis.set(f"{PREFIX}{socket.gethostname()}:{os.getpid()}", LEADS if leads else STANDS_BY, ex=BEAT_SECONDS)


def leave(redis: Redis) -> None:
    """This process ends. Raises RedisError."""
    redis.delete(f"{PREFIX}{socket.gethostname()}:{os.getpid()}")


def beats(redis: Redis) -> dict[str, str]:
    """Every scheduler that lives, as "host:process" -> whether it leads or stands by. Raises RedisError."""
    keys = sorted(_text(key) for key in redis.scan_iter(f"{PREFIX}*"))
    states = redis.mget(keys) if keys else []
    return {key.removeprefix(PREFIX): _text(state) for key, state in zip(keys, states, strict=True) if state}


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
