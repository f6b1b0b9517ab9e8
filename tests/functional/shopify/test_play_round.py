"""`shelfwise up --platform shopify`: from nothing to recommendations on a theme, with one command."""

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
from demo.shopify.fill import Size, fill
from demo.shopify.state import PlayedShop
from integration.cli.play_shopify import DOMAIN
from integration.cli.rounds import PORTS_APART
from integration.cli.sessions import members
from integration.cli.shopify_round import FOLDER
from integration.cli.watchdog import read_sessions

START_SECONDS = 180


class Round:
    """The running command, and what it said."""

    def __init__(self, folder: Path, port: int) -> None:
        self.shop = f"http://127.0.0.1:{port + PORTS_APART}/{DOMAIN}"
        self.data, self._out = folder / "data", folder / "out"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")}
        command = [sys.executable, "-m", "integration.cli", "up", "--platform", "shopify", "--port", str(port)]
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

    def shown_beside(self, handle: str) -> list[str]:
        """What the lists on a product's page offer, without the product itself."""
        found = re.findall(r'shelfwise-link" href="[^"?]*/products/([a-z0-9-]+)', self.page(f"/products/{handle}"))
        return [each for each in found if each != handle]


@pytest.fixture
def going_round(tmp_path: Path) -> Iterator[Round]:
    running = Round(tmp_path, free_port())
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(30)


def test_one_command_installs_reads_learns_and_shows(going_round: Round) -> None:
    going_round.wait_for_the_box()
    assert "the app has its token" in going_round.said
    assert re.search(r"Lists for the theme: [1-9]\d* written", going_round.said)
    # The same seed makes the same shop: its goods are known here too.
    goods = fill(PlayedShop(DOMAIN), Size())
    counted = {
        each.handle: each
        for each in goods.products.values()
        if all(variant.tracked and variant.policy == "DENY" for variant in each.variants)
    }
    listed = [each for each in counted.values() if each.status == "ACTIVE" and goods.product_available(each)]
    handle, gone = next(
        (each.handle, beside)
        for each in listed
        for beside in going_round.shown_beside(each.handle)
        if beside in counted
    )
    emptied = requests.post(f"{going_round.shop}/admin/products/{counted[gone].id}", data={"deed": "empty"}, timeout=10)
    assert "The shelf is empty" in emptied.text
    assert gone not in going_round.shown_beside(handle)
    assert "variants/out_of_stock" in going_round.page("/admin/webhooks")
    going_round.process.send_signal(signal.SIGINT)
    assert going_round.process.wait(30) == 0
    assert members(read_sessions(going_round.data / FOLDER / "run")) == []
