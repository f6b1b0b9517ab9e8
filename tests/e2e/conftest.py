"""A running shop: the real commands load a small demo shop, train it and serve it, as `make run` does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography.fernet import Fernet

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SIZE = "seed=20&products=250&customers=400"
START_SECONDS = 90.0
WARMING_SLATES = 24


@dataclass(frozen=True)
class LiveShop:
    """A shop that is being served. environ: what its processes were started with."""

    url: str
    data_dir: Path
    environ: dict[str, str]

    def slate(self, placement: str, **query: str) -> list[dict[str, object]]:
        """Items of a slate, straight from the API."""
        answer = requests.get(
            f"{self.url}/v1/slates", {"shop": "demo", "placement": placement, "count": "48", **query}, timeout=10
        )
        items: list[dict[str, object]] = answer.json()["items"]
        return items


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    """The demo shop, loaded, trained and served by real processes."""
    data_dir = tmp_path_factory.mktemp("live")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")} | {
        "SHELFWISE_DATA_DIR": str(data_dir),
        "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
        "SHELFWISE_PORT": str(port),
        "SHELFWISE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SHELFWISE_WEB_PROCESSES": "2",
        "SHELFWISE_DEMO": "1",
    }
    for command in (["migrate"], ["demo", "load", "--size", SIZE], ["train", "--shop", "demo"]):
        _shelfwise(environ, *command)
    server = subprocess.Popen([sys.executable, "-m", "integration.cli", "web"], env=environ, start_new_session=True)
    try:
        _wait_until_served(f"http://127.0.0.1:{port}/demo/", server)
        shop = LiveShop(f"http://127.0.0.1:{port}", data_dir, environ)
        # A process's first slate reads the model and the shelf, for longer than a widget waits: let both have had one.
        for _ in range(WARMING_SLATES):
            shop.slate("home")
        yield shop
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


@pytest.fixture
def new_context(browser: Browser, live: LiveShop) -> Iterator[Callable[..., BrowserContext]]:
    """Opens browser contexts in the shop, each a visitor of its own."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        settings = {"base_url": live.url, "viewport": {"width": 1280, "height": 900}, **options}
        context = browser.new_context(**settings)  # type: ignore[arg-type]
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A page on a desktop; a test fails if anything was written to its console as an error."""
    opened = new_context().new_page()
    errors = errors_of(opened)
    yield opened
    assert errors == []


def errors_of(page: Page) -> list[str]:
    """Errors of a page's console and scripts, as they come."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    return errors


def _shelfwise(environ: dict[str, str], *command: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "integration.cli", *command],
        env=environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ran.returncode == 0, f"shelfwise {' '.join(command)} failed:\n{ran.stdout}\n{ran.stderr}"


def _wait_until_served(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, "the web processes ended at their start"
        try:
            if requests.get(address, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    pytest.fail(f"{address} was not served within {START_SECONDS:.0f} s")
