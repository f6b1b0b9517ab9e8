"""`shelfwise up --platform woocommerce`: from nothing to slates that never show what is gone, and out again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from benchmarks.web_server import free_port
from integration.cli.rounds import PORTS_APART
from integration.cli.sessions import members
from integration.cli.watchdog import read_sessions
from integration.cli.woocommerce_round import FOLDER

START_SECONDS = 180
SHOWN_SECONDS = 10


class Round:
    """The running command, and what it said."""

    def __init__(self, folder: Path, port: int) -> None:
        self.shop = f"http://127.0.0.1:{port + PORTS_APART}"
        self.data, self._out = folder / "data", folder / "out"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")}
        command = [sys.executable, "-m", "integration.cli", "up", "--platform", "woocommerce", "--port", str(port)]
        with self._out.open("w") as output:
            self.process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**kept, "SHELFWISE_DATA_DIR": str(self.data)},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._out.read_text()

    def wait_for_the_box(self) -> None:
        end = time.monotonic() + START_SECONDS
        while "Ctrl-C stops everything" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.1)

    def page(self, path: str) -> str:
        return requests.get(self.shop + path, timeout=10).text

    def shown(self, path: str) -> list[str]:
        """The products that the slates of a page offer."""
        return re.findall(r'shelfwise-card" data-product="(\d+)"', self.page(path))


@pytest.fixture
def going_round(tmp_path: Path) -> Iterator[Round]:
    running = Round(tmp_path, free_port())
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(30)


def emptied(going: Round, product: str) -> bool:
    said = requests.post(f"{going.shop}/wp-admin/products/{product}", data={"deed": "empty"}, timeout=10)
    return "The shelf is empty" in said.text


def test_one_command_connects_reads_learns_and_shows(going_round: Round) -> None:
    going_round.wait_for_the_box()
    assert "webhooks are made, and the plugin is linked" in going_round.said
    pages = re.findall(r'href="(/product/[a-z0-9-]+/)"', going_round.page("/shop/"))
    # What is never counted, or sold beyond its stock, stays; there is something else beside it.
    page, gone = next(
        (each, product)
        for each in pages
        for product in going_round.shown(each)
        if "backorders allowed" not in going_round.page(f"/wp-admin/products/{product}")
        and emptied(going_round, product)
    )
    end = time.monotonic() + SHOWN_SECONDS
    while gone in going_round.shown(page):
        assert time.monotonic() < end
        time.sleep(0.02)
    left = requests.post(
        f"{going_round.shop}/wp-admin/admin.php?page=shelfwise", data={"deed": "disconnect"}, timeout=10
    )
    assert "Connect</button>" in left.text
    assert going_round.shown(page) == []
    going_round.process.send_signal(signal.SIGINT)
    assert going_round.process.wait(30) == 0
    assert members(read_sessions(going_round.data / FOLDER / "run")) == []
