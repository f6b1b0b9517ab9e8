"""Every setting, read once from the environment into one frozen object that is passed down."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from urllib.parse import quote

PREFIX = "SHELFWISE_"
KEY_FILE = "secret.key"


class BadSettings(Exception):
    """Names every variable that is missing or can't be read."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set. Each field is the environment variable SHELFWISE_<NAME>; see docs/settings.md."""

    data_dir: Path = Path("var")
    database_url: str = ""
    migration_database_url: str = ""
    redis_url: str = ""
    artifacts_dir: Path = Path()
    secret_keys: str = ""
    public_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    web_processes: int = 2
    demo: bool = False
    demo_shop: str = "demo"
    max_body_bytes: int = 2_000_000
    retrain_after_orders: int = 200
    nightly_hour: int = 3
    session_minutes: int = 30
    fresh_visits_seconds: int = 60
    compare_hours: int = 24
    keep_behaviour_days: int = 400
    keep_deliveries_days: int = 90
    factors: int = 64
    iterations: int = 10
    spark_master: str = ""
    spark_from_lines: int = 20_000_000
    vectors: str = "auto"
    qdrant_url: str = ""
    allow_loopback: bool = False
    log_format: str = "text"
    log_level: str = "info"
    metrics_token: str = ""
    stop_delay_seconds: int = 0
    shopify_client_id: str = ""
    shopify_client_secret: str = ""
    shopify_old_client_secret: str = ""
    shopify_app_handle: str = "shelfwise"
    shopify_partner_id: str = ""
    shopify_partner_token: str = ""
    shopify_play_url: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the environment. Raises BadSettings, which names every variable that is wrong."""
        values: dict[str, object] = {}
        wrong: list[str] = []
        for each in fields(cls):
            name = PREFIX + each.name.upper()
            if name not in environ:
                continue
            try:
                values[each.name] = _allowed(each.name, _READERS[str(each.type)](environ[name]))
            except ValueError as error:
                wrong.append(f"{name}: {error}")
        known = {PREFIX + each.name.upper() for each in fields(cls)} | OUTSIDE
        wrong += [
            f"{name}: there is no such setting" for name in environ if name.startswith(PREFIX) and name not in known
        ]
        if wrong:
            raise BadSettings("; ".join(sorted(wrong)))
        return cls(**values).with_defaults()  # type: ignore[arg-type]

    def with_defaults(self) -> Settings:
        """The settings with what was left open filled in from the others."""
        return replace(
            self,
            secret_keys=self.secret_keys or _kept_key(self.data_dir),
            database_url=self.database_url or f"sqlite:///{self.data_dir.absolute() / 'shelfwise.sqlite3'}",
            redis_url=self.redis_url or f"unix://{quote(str(_redis_socket(self.data_dir.absolute())))}",
            artifacts_dir=self.data_dir / "artifacts" if self.artifacts_dir == Path() else self.artifacts_dir,
        )


def _kept_key(data_dir: Path) -> str:
    """The key that `shelfwise up` made, so that commands beside it open the same secrets; "" where there is none."""
    kept = data_dir / KEY_FILE
    return kept.read_text().strip() if kept.is_file() else ""


# Variables with our prefix that are not settings of the app: where tests and benchmarks find the data sets, and a real
# shop to try the app on.
OUTSIDE = frozenset(
    PREFIX + name
    for name in (
        "DATA",
        "SHARED",
        "TEST_DATABASE_URL",
        *(f"WOO_{name}" for name in ("URL", "KEY", "SECRET", "APP_PORT", "APP_URL", "ADMIN_USER", "ADMIN_PASSWORD")),
    )
)

# A unix socket's path has room for some 100 bytes, on macOS a few less.
LONGEST_SOCKET_PATH = 90


def _redis_socket(data_dir: Path) -> Path:
    """In the data folder; or, always the same, in a folder of its own among the temporary ones.

    The latter where the path is too long for a socket, or holds what redis-py can't read in a server's list of clients.
    """
    socket = data_dir / "redis.sock"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH and not re.search(r"[\s=]", str(socket)):
        return socket
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"shelfwise-{os.getuid()}-{mark}" / "redis.sock"


def _flag(text: str) -> bool:
    if text.lower() not in {"0", "1", "false", "true", "no", "yes", ""}:
        raise ValueError(f"{text!r} is neither yes nor no")
    return text.lower() in {"1", "true", "yes"}


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _allowed(name: str, value: object) -> object:
    low, high = BOUNDS.get(name, (0, sys.maxsize))
    if type(value) is int and not low <= value <= high:
        raise ValueError(f"{value} is not {f'from {low} to {high}' if high < sys.maxsize else f'{low} or more'}")
    if name in CHOICES and value not in CHOICES[name]:
        raise ValueError(f"{value!r} is none of {', '.join(CHOICES[name])}")
    return value


# What a number may be (else 0 or more), and a word.
BOUNDS: Mapping[str, tuple[int, int]] = {
    "port": (1, 65535),
    "web_processes": (1, 1000),
    "max_body_bytes": (1000, sys.maxsize),
    "retrain_after_orders": (1, sys.maxsize),
    "nightly_hour": (0, 23),
    "session_minutes": (1, 24 * 60),
    "compare_hours": (1, 24 * 365),
    "keep_behaviour_days": (1, 36_500),
    "keep_deliveries_days": (7, 36_500),
    "factors": (1, 2048),
    "iterations": (1, sys.maxsize),
    "stop_delay_seconds": (0, 600),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "log_format": ("text", "json"),
    "log_level": ("debug", "info", "warning", "error"),
    "vectors": ("auto", "exact", "hnsw", "pgvector", "qdrant"),
}

_READERS: Mapping[str, Callable[[str], object]] = {"int": _whole, "bool": _flag, "str": str, "Path": Path}
