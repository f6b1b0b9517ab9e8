"""The app as processes of its own beside a shop: what `shelfwise up` starts, without a demo shop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from tests.e2e.woocommerce.rest import Failed

PARTS = ("redis", "web", "worker", "scheduler")
START_SECONDS = 90
COMMAND_SECONDS = 3600


@dataclass(frozen=True)
class RunningApp:
    """url: where it answers; environ: of its processes; folder: its data."""

    url: str
    environ: Mapping[str, str]
    folder: Path

    def command(self, *words: str, given: str = "") -> str:
        """What `shelfwise ...` says. Raises Failed where it ends with an error. given: to its standard input."""
        ran = subprocess.run(
            [sys.executable, "-m", "integration.cli", *words],
            env=dict(self.environ),
            check=False,
            capture_output=True,
            text=True,
            input=given,
            timeout=COMMAND_SECONDS,
        )
        if ran.returncode:
            said = (ran.stderr or ran.stdout).strip()
            raise Failed(f"shelfwise {' '.join(words)}: {said[-1000:]}", f"The app's own words: {self.folder}/*.log")
        return ran.stdout

    def shop(self) -> dict[str, Any]:
        """The connected shop, as `shelfwise status` tells it. Raises Failed where there is none."""
        shops = json.loads(self.command("status", "--json"))["shops"]
        if not shops:
            raise Failed("the app knows no shop")
        told: dict[str, Any] = shops[-1]
        return told

    def found(self, key: str, word: str) -> list[str]:
        """Products of the slate for a search of this word, by the shop's own ids."""
        query = {"shop": key, "placement": "search", "q": word, "count": "48"}
        answer = requests.get(f"{self.url}/v1/slates", query, timeout=10)
        if not answer.ok:
            raise Failed(f"the app answers {answer.status_code} when asked for a slate: {answer.text[:200]}")
        return [str(each["product"]) for each in answer.json()["items"]]


@contextmanager
def running_app(folder: Path, port: int, public_url: str) -> Iterator[RunningApp]:
    """Start all parts on a data folder of their own, and end them again."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")}
    environ = kept | {
        "SHELFWISE_DATA_DIR": str(folder),
        "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
        "SHELFWISE_PORT": str(port),
        "SHELFWISE_PUBLIC_URL": public_url,
        "SHELFWISE_ALLOW_LOOPBACK": "yes",
        "PYTHONUNBUFFERED": "1",
    }
    app = RunningApp(f"http://127.0.0.1:{port}", environ, folder)
    folder.mkdir(parents=True, exist_ok=True)
    app.command("migrate")
    parts: list[subprocess.Popen[bytes]] = []
    try:
        parts.extend(_started(part, app) for part in PARTS)
        _wait_until_ready(app)
        yield app
    finally:
        for process in reversed(parts):
            process.send_signal(signal.SIGTERM)
        for process in parts:
            _ended(process)


def _started(part: str, app: RunningApp) -> subprocess.Popen[bytes]:
    with (app.folder / f"{part}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "integration.cli", part],
            env=dict(app.environ),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _wait_until_ready(app: RunningApp) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if requests.get(f"{app.url}/ready", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise Failed(f"the app did not start within {START_SECONDS} s", f"Its own words: {app.folder}/*.log")


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
